"""Which item a title means: the one matcher for titles that people type and that language models write.

A miss is honest, a wrong credit is not, so a title is taken for an item only where it is, in this order,

1. a name of it, in the year that was written: the title, with or without what it says in brackets, or a name in them
2. its name up to the number of a sequel: `Terminator 2` for `Terminator 2: Judgment Day`
3. in the very year, its name but for articles, or its subtitle: `The Empire Strikes Back (1980)`
4. its title in the year before or after
5. its name with a slip of the pen, where no other name is as near.

Numbers must agree everywhere: none is a number, too. How much of a slip is allowed depends on the year (`_is_slip`),
because items with like names hardly ever come out in one year. Without a year, articles must be there as well.

What that costs on ML-1M: of titles with one wrong letter 95 % are found where the year is written, not those of three
letters or with a misspelt number; 43 % where it is not, since `The Strangler` is no misspelling of `The Stranger`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from dualrec.data.catalogue import Catalogue
from dualrec.data.titles import (
    joined,
    main_names,
    normalise,
    numbered_names,
    numbers,
    other_names,
    subtitles,
    without_articles,
)

_YEAR = re.compile(r"\s*\(\d{4}\)$")
_YEAR_AT_END = re.compile(r"(.+) ((?:18|19|20)\d\d)")
_LONG = 10  # letters without articles from which one slip in the same year cannot make another title
_LETTERS_PER_SLIP = 8
_ENDINGS = "denrsy"  # letters that make another word of one: `Twisted` is not `Twister`
_ANY_YEAR = -1


class TitleMatcher:
    """Finds the items of a catalogue by their titles.

    catalogue: items 1..N
    popularity: (N + 1,) events per item; of items with one title the most popular is meant
    """

    def __init__(self, catalogue: Catalogue, popularity: np.ndarray):
        self._years = catalogue.years.tolist()
        self._titles: dict[int, str] = {}  # normalised with their years, the popular ones first
        self._words: set[str] = set()
        self._main, self._other, self._numbered, self._plain, self._subtitle = (_Table() for _ in range(5))
        self._alike: dict[tuple, _Alike] = defaultdict(_Alike)  # by year, length and numbers; _ANY_YEAR has them all
        added = set()
        for item in sorted(range(1, len(catalogue) + 1), key=lambda item: (-popularity[item], item)):
            title = catalogue.titles[item]
            if title not in added:
                added.add(title)
                self._titles[item] = normalise(title)
                self._add(item, _YEAR.sub("", title))

    def _add(self, item: int, title: str) -> None:
        main = main_names(title)
        every = list(dict.fromkeys([*main, *other_names(title)]))
        self._main.add(item, map(joined, main))
        self._other.add(item, map(joined, every[len(main) :]))
        self._numbered.add(item, map(joined, numbered_names(title)))
        self._plain.add(item, map(_plain, [*every, *numbered_names(title)]))
        self._subtitle.add(item, map(_plain, subtitles(title)))
        for name in every:
            self._words.update(name.split())
            text = joined(name)
            for year in (self._years[item], _ANY_YEAR):
                alike = self._alike[year, len(text), numbers(name)]
                alike.texts.append(text)
                alike.entries.append((name, item))

    def meant(self, title: str, year: int = 0) -> list[int]:
        """Items that a title names, the most popular first: several where items share it, none where it is unknown.

        title: without its year
        year: 0 where none is known
        """
        if year:
            return self._meant_in_year(title, year)
        name = normalise(title)
        if not name:
            return []
        for table in (self._main, self._other, self._numbered):
            if items := table[joined(name)]:
                return items
        dated = _YEAR_AT_END.fullmatch(name)  # `heat 1995`
        if dated and (items := self._in_year(self._main[joined(dated[1])], int(dated[2]))):
            return items
        return self._misspelt(name, 0)

    def nearest(self, typed: str, n: int, score: float = 0) -> list[int]:
        """The n items whose titles look most like what was typed, which may be a part of a title.

        score: 0-100, which titles must reach
        """
        wanted = normalise(typed)
        if not wanted:
            return []
        scored = process.extract(wanted, self._titles, scorer=_nearness, limit=None, score_cutoff=score)
        return [item for name, _, item in sorted(scored, key=lambda one: not one[0].startswith(wanted))[:n]]

    @property
    def by_popularity(self) -> list[int]:
        """Every title's item, the most popular first."""
        return [*self._titles]

    def _meant_in_year(self, title: str, year: int) -> list[int]:
        main = main_names(title)
        every = [*main, *other_names(title)]
        steps = (
            (self._main, map(joined, main)),
            (self._other, map(joined, main)),
            (self._plain, map(_plain, every)),
            (self._subtitle, map(_plain, main)),
            (self._plain, map(_plain, subtitles(title))),
        )
        for table, names in steps:
            for name in names:
                if items := self._in_year(table[name], year):
                    return items
        for name in main:
            if items := self._in_year(self._main[joined(name)], year, off_by=1):
                return items
        return next(filter(None, (self._misspelt(name, year) for name in main)), [])

    def _in_year(self, items: list[int], year: int, off_by: int = 0) -> list[int]:
        """Those of the items that came out then, or of which the year is not known."""
        dated = [item for item in items if self._years[item] and abs(year - self._years[item]) <= off_by]
        return dated or [item for item in items if not self._years[item]]

    def _misspelt(self, name: str, year: int) -> list[int]:
        """Items of the nearest name, if this may be a misspelling of it; none where two names are as near."""
        if year and (items := self._nearest_name(name, [year], max(1, len(name) // 6), True)):
            return items
        return self._nearest_name(name, [year, year - 1, year + 1, 0] if year else [_ANY_YEAR], 1, False)

    def _nearest_name(self, name: str, years: list[int], at_most: int, same_year: bool) -> list[int]:
        """Items of these years whose name is nearest; at_most: distance, no less than `_is_slip` allows."""
        text, of_name = joined(name), numbers(name)
        near: list[tuple[int, str, int]] = []  # distance, name, item
        for key in product(years, range(len(text) - at_most, len(text) + at_most + 1), [of_name]):
            if alike := self._alike.get(key):
                found = process.extract(text, alike.texts, scorer=OSA.distance, score_cutoff=at_most, limit=None)
                near += [(int(distance), *alike.entries[place]) for _, distance, place in found]
        least = min(near, default=(0, "", 0))[0]
        names = list({other for distance, other, _ in near if distance == least})
        if len(names) != 1 or not _is_slip(name, names[0], least, same_year, self._words):
            return []
        return list(dict.fromkeys(item for distance, _, item in near if distance == least))


@dataclass
class _Alike:
    """Names without spaces, and each one as it is with its item."""

    texts: list[str] = field(default_factory=list)
    entries: list[tuple[str, int]] = field(default_factory=list)


class _Table(dict[str, list[int]]):
    """Items by name."""

    def add(self, item: int, names: Iterable[str]) -> None:
        for name in dict.fromkeys(names):
            self.setdefault(name, []).append(item)

    def __missing__(self, name: str) -> list[int]:
        return []


def _plain(name: str) -> str:
    """A name without articles and spaces."""
    return joined(without_articles(name))


def _is_slip(written: str, name: str, distance: int, same_year: bool, words: set[str]) -> bool:
    """Whether a written name is another name with a slip of the pen, and not the name of another item.

    distance: letters left out, added, replaced or swapped
    same_year: whether both name one year
    words: of all titles; what is written there is a word and no misspelling
    """
    letters = len(_plain(name))
    if distance == 0:  # another of its names, in another year
        return False
    if same_year and letters >= _LONG:
        return distance <= max(1, letters // _LETTERS_PER_SLIP)
    if distance > 1 or letters < 4 or written.count(" ") != name.count(" "):
        return False
    wrong, right = next((a, b) for a, b in zip(written.split(), name.split(), strict=True) if a != b)
    if same_year and right == "the":
        return True
    is_plural = wrong == f"{right}s" or right == f"{wrong}s"
    if is_plural or wrong in words or any(unicodedata.east_asian_width(letter) == "W" for letter in wrong + right):
        return False
    if same_year:
        is_replaced = len(wrong) == len(right) and sorted(wrong) != sorted(right)
        is_inflected = letters - len(right) < 4 and wrong[-1] != right[-1] and wrong[-1] in _ENDINGS
        return not is_replaced or (letters >= 6 and not is_inflected)
    is_long = letters >= 15
    same_ends = wrong[0] == right[0] and (wrong[-1] == right[-1] or is_long)
    return letters >= 8 and len(right) >= (4 if is_long else 6) and same_ends


def _nearness(typed: str, name: str, **_) -> float:
    """0 to 100: how much of what was typed stands in a title, in one piece or word by word."""
    return max(fuzz.partial_ratio(typed, name), fuzz.token_set_ratio(typed, name))
