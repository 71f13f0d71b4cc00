"""Names by which titles are compared: what two spellings of one title have in common, in any script.

Names follow Unicode's rules, so every script keeps its letters: case, accents, width and punctuation go. Numbers are
written one way, since they tell a title from its sequel: `Part II`, `2`, `²` and `Two` are all `2`.
"""

from __future__ import annotations

import re
import unicodedata

from dualrec.data.catalogue import LONGEST

_FRACTION = re.compile(r"[¼-¾⅐-⅞]")
_INITIAL = re.compile(r"(?<=\b[^\W\d_])\. ?(?=[^\W\d_]\b)")  # of `G. I. Jane` and `E.T.`
_APOSTROPHE = re.compile(r"['’‘`´ʼ]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
# Accents of Latin, Greek and Cyrillic, vowel points of Hebrew and Arabic. In other scripts a mark is a letter.
_ACCENT = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0670]+")
_OWN_LETTERS = {"и\u0306": "й", "у\u0306": "ў", "і\u0308": "ї"}  # no accents to those who write them
_UNDIVIDED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "&": " and ", "+": " and "}
)
_WORD = re.compile(r"\d+|[^\d\s]+")
_ROMAN = re.compile(r"(x{0,3})(ix|iv|v?i{0,3})")
_ROMAN_ONES = {"": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
_VALUES = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7"}
_VALUES |= {"eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12"}
_PARTS = {"part", "pt", "vol", "volume", "episode", "chapter", "teil", "partie", "часть"}  # say nothing beside a number
_SHORT_FORMS = {"doctor": "dr", "mister": "mr", "versus": "vs"}
_ARTICLES = {"the", "a", "an"}
_JOINT = re.compile(r"(?<!\d) (?!\d)")
_BRACKET = re.compile(r"\s*\(([^()]*)\)")
_SEQUEL = re.compile(rf"(?:{'|'.join(_PARTS)})\b|[\W\divx]*$", re.IGNORECASE)  # what is in a bracket is a number
_ALSO_KNOWN_AS = re.compile(r"(?:^|[,/])\s*a\.?k\.?a\.?\s+|/")
_OR = re.compile(r",? or: .*")  # `Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb`
_SUBTITLE = re.compile(r"\s*:\s+|\s+[-–—]\s+")


class _Letters(dict):
    """For `str.translate`: letters and their marks stay, digits of any script become ASCII, all else parts words."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter.isdecimal():
            self[code] = str(unicodedata.decimal(letter))
        else:
            self[code] = letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "
        return self[code]


_LETTERS = _Letters()


def normalise(title: str) -> str:
    """The name by which a title is compared: words and numbers, one space apart; empty where it has neither.

    `&` and `+` read as `and`. What is beyond LONGEST characters is left out. A title of symbols alone keeps them.
    """
    text = title[:LONGEST]  # putting a flood of accents in order takes quadratic time
    text = unicodedata.normalize("NFKD", _FRACTION.sub(r" \g<0> ", text)).casefold()
    text = unicodedata.normalize("NFKD", text)
    for decomposed, letter in _OWN_LETTERS.items():
        text = text.replace(decomposed, letter)
    text = unicodedata.normalize("NFC", _ACCENT.sub("", text)).translate(_UNDIVIDED)
    text = _APOSTROPHE.sub("", _INITIAL.sub("", _THOUSANDS.sub("", text)))
    words: list[str] = [
        _number(word) or _SHORT_FORMS.get(word) or word for word in _WORD.findall(text.translate(_LETTERS))
    ]
    name = " ".join(
        word for word, after in zip(words, [*words[1:], ""], strict=False) if not (word in _PARTS and after.isdecimal())
    )
    return name or "".join(letter for letter in text if unicodedata.category(letter)[0] == "S")


def numbers(name: str) -> tuple[str, ...]:
    """The numbers in a name, in order: items whose numbers differ are different items, and none is a number, too."""
    return tuple(word for word in name.split() if word.isdecimal())


def joined(name: str) -> str:
    """A name without the spaces between its words: `spider man` as `spiderman`; numbers stay apart."""
    return _JOINT.sub("", name)


def without_articles(name: str) -> str:
    """A name without `the`, `a` and `an`, or as it is where it has nothing else."""
    return " ".join(word for word in name.split() if word not in _ARTICLES) or name


def main_names(title: str) -> list[str]:
    """Names of a whole title, and of the title without what stands in brackets or behind `or:`.

    A sequel's number in brackets is never left out.
    """
    return _distinct([title, _without_brackets(title), _OR.sub("", title)])


def is_sequel_number(text: str) -> bool:
    """Whether what is said beside a title tells which part of a series it is: `Vol. 2`, `Part II: The Return`, `3`."""
    return bool(_SEQUEL.match(text))


def other_names(title: str) -> list[str]:
    """Names that a title says in brackets: `Jungle 2 Jungle` of `Jungle2Jungle (a.k.a. Jungle 2 Jungle)`."""
    inner = [bracket[1] for bracket in _BRACKET.finditer(title) if not is_sequel_number(bracket[1])]
    return _distinct([part.strip(" ,") for text in inner for part in _ALSO_KNOWN_AS.split(text)])


def numbered_names(title: str) -> list[str]:
    """Names up to a sequel's number, without the subtitle: `terminator 2` of `Terminator 2: Judgment Day`."""
    whole = _without_brackets(title)
    heads = _distinct([whole[: cut.start()] for cut in _SUBTITLE.finditer(whole)])
    heads = [name for name in heads if name.split()[-1].isdecimal() and len(name) > 2]
    return [name for name in heads if numbers(name) == numbers(normalise(whole))]


def subtitles(title: str) -> list[str]:
    """Names that leave a series out: `the empire strikes back` of `Star Wars: Episode V - The Empire Strikes Back`.

    A subtitle of one word, such as `Endgame`, names no item.
    """
    whole = _without_brackets(title)
    names = _distinct([whole[cut.end() :] for cut in _SUBTITLE.finditer(whole)])
    return [name for name in names if sum(not word.isdecimal() for word in without_articles(name).split()) > 1]


def _without_brackets(title: str) -> str:
    return _BRACKET.sub(lambda bracket: bracket[0] if is_sequel_number(bracket[1]) else "", title)


def _distinct(titles: list[str]) -> list[str]:
    """Their names, each once, in order, without empty ones."""
    return [name for name in dict.fromkeys(map(normalise, dict.fromkeys(titles))) if name]


def _number(word: str) -> str:
    """The value of a number in digits, letters or Roman numerals below 40; empty for any other word."""
    if word.isdecimal():
        return word.lstrip("0") or "0"
    roman = _ROMAN.fullmatch(word)
    if roman:
        return str(10 * len(roman[1]) + _ROMAN_ONES[roman[2]])
    return _VALUES.get(word, "")
