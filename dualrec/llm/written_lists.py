"""Titles out of a text that a language model wrote, however it lays its list out.

What is read, decided once (tests/llm/test_written_lists.py has an example of every form):

- a line is a title, behind a number (`2.`, `2)`, `2:`, `(2)`, `#2`, `2\\.`, `**2.**`), behind a bullet, or as it is
- the year stands in brackets, alone or with remarks: `(1995)`, `[1995]`, `（1995）`, `(1995-97)`, `(dir. Mann, 1995)`;
  or at the end of the line behind a colon, comma, dash or bar. What follows it is a remark. A sequel's number in the
  same bracket belongs to the title: `(Vol. 2, 2004)`
- where a line opens with quotation marks or emphasis and goes on with a dash or comma, the title is what they enclose
- an article behind goes to the front, as in the catalogue: `Matrix, The` is `The Matrix`
- in Markdown tables: the column called title, else the first cell that is no rank, and the year beside it
- in JSON: strings of a list, and in objects what is called title, name or movie, with what is called year
- no titles: headings without number and year, lines that end with a colon, fences and rules
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from dualrec.data.catalogue import LONGEST, readable_title
from dualrec.data.titles import is_sequel_number

_LINE = re.compile(r"[^\n]+")
_WIDE = str.maketrans("（）［］【】：，．｜", "()[][]:,.|")
_ESCAPE = re.compile(r"\\(?=[^\w\s])")
_LINK = re.compile(r"\[([^\[\]]*)\]\((?:https?:|/|#)(?:[^()\s]|\([^()\s]*\))*\)")
_NO_TITLE = re.compile(r"(?:\d{1,3}[.):])?[-=*_~#.:\s|]*$|```|~~~|.*:[*_\s]*$")
_OPENING = re.compile(
    r"(?:>\s*)*(?P<heading>#{1,6}\s+)?(?:[-•·‣▪◦–—]\s*|[*+]\s+)?"
    r"(?:(?P<mark>[*_`]*)(?P<number>\(\d{1,2}\)|\[\d{1,2}\]|#\d{1,3}\s|#?\d{1,3}\s?[.)、](?!\d)|"
    r"\d{1,2}\s?(?::(?=[\s*_])|\s[-–—]\s))"
    r"(?P<closed>[*_`]*)\s*)?"
)
_YEAR = re.compile(
    r"[(\[]\s*(?:(?P<alone>\d{4})\s*|"
    r"(?P<before>[^()\[\]]*?)(?<!\d)(?P<among>(?:18|19|20)\d\d)(?!\d)(?:\s*[-–—/]\s*\d{0,4})?(?P<after>[^()\[\]]*))[)\]]"
)
_YEAR_AT_END = re.compile(r"[:,|–—-]\s?(?P<alone>(?:18|19|20)\d\d)[\s*_.]*$")
_ENCLOSED = re.compile(
    r"(?P<mark>\*{1,3}|_{1,2}|[\"“”«《「『])(?P<title>[^*\"“”«»《》「」『』]+)(?:(?P=mark)|[”»》」』])(?=,|\s+[-–—]\s)"
)
_AROUND = " \"'*_`“”‘’«»《》「」『』〈〉|:,–—-"
_RANK = re.compile(r"\W*\d{1,3}\W*")
_JSON = re.compile(r"^[ \t]{0,20}[\[{][ \t]{0,20}(?:[\"{]|$)", re.MULTILINE)
_TOKEN = re.compile(
    rf'"(?P<string>(?:[^"\\]|\\.){{0,{2 * LONGEST}}}+)"(?P<key>\s{{0,9}}:)?|[\[\]{{}}]|(?<!\d)\d{{4}}(?!\d)', re.DOTALL
)
_CALLED_TITLE = re.compile(
    r"(?:.{0,30}[\W_])?(?:title|name|movie|film|item|product|song|recommendation|list)s?(?:\s*\(.{0,20}\))?",
    re.IGNORECASE,
)
_CALLED_YEAR = re.compile(r".{0,30}(?:year|date|released).{0,30}", re.IGNORECASE)
_DEEPEST = 50  # brackets within brackets of JSON
_ENOUGH = 100_000  # characters of JSON that are read: no list of titles is longer


@dataclass(frozen=True)
class Written:
    """A title that was written: without its year, and the year (0 where none was written)."""

    title: str
    year: int


def parse_list(text: str, n: int) -> list[Written]:
    """The first n titles of a written list; any string is accepted, in time linear in its length."""
    return list(islice(_titles_of_json(text), n)) or list(islice(_titles_of_lines(text), n))


def read_title(text: str) -> Written:
    """One title as somebody wrote it, without number or bullet before it; an empty title where there is none."""
    line = _LINK.sub(r"\1", _ESCAPE.sub("", " ".join(text[:LONGEST].split()).translate(_WIDE)))
    enclosed = _ENCLOSED.match(line)
    year = _YEAR.search(line) or _YEAR_AT_END.search(line)
    if year is None:
        return Written(_tidy(enclosed["title"] if enclosed else line), 0)
    title = enclosed["title"] if enclosed and enclosed.end() <= year.start() else line[: year.start()]
    groups = year.groupdict("")
    remark = f"{groups.get('before', '')} {groups.get('after', '')}".strip(" ,;:")
    if remark and is_sequel_number(remark):  # `(Vol. 2, 2004)`
        title = f"{title.rstrip()} {remark}"
    return Written(_tidy(title), int(groups["alone"] or groups["among"]))


def _tidy(title: str) -> str:
    return readable_title(title.strip(_AROUND))[:LONGEST].strip(_AROUND)


def _titles_of_lines(text: str) -> Iterator[Written]:
    columns = None
    for found in _LINE.finditer(text):  # never a list of all lines: there may be millions
        line = found[0][:LONGEST].strip().translate(_WIDE)
        if line.startswith("|"):
            cells = [cell.strip(_AROUND) for cell in line.strip("|").split("|")]
            if columns is None and (columns := _columns(cells)):
                continue
            written = _of_row(cells, columns)
        else:
            columns = None
            written = _of_line(line)
        if written.title:
            yield written


def _of_line(line: str) -> Written:
    """The title in one line of a list; empty where the line is a heading, a fence or a rule."""
    line = _ESCAPE.sub("", line)
    opening = None if _NO_TITLE.match(line) else _OPENING.match(line)
    if opening is None:
        return Written("", 0)
    mark = opening["mark"] if opening["number"] and not opening["closed"] else ""  # `**2. Heat** - a crime story`
    written = read_title(mark + line[opening.end() :])
    is_heading = opening["heading"] and not opening["number"] and not written.year
    return Written("", 0) if is_heading else written


def _columns(cells: list[str]) -> tuple[int, int] | None:
    """Columns of title and year (-1: none) that a table's first row names; None where it names no title."""
    titles = [place for place, cell in enumerate(cells) if _CALLED_TITLE.fullmatch(cell)]
    years = [place for place, cell in enumerate(cells) if _CALLED_YEAR.fullmatch(cell) and place not in titles]
    return (titles[0], (years or [-1])[0]) if titles else None


def _of_row(cells: list[str], columns: tuple[int, int] | None) -> Written:
    """The title in one row of a table; empty where the row has none."""
    if columns is None:
        first = int(len(cells) > 1 and bool(_RANK.fullmatch(cells[0])))
        columns = first, first + 1
    title, year = (cells[place] if 0 <= place < len(cells) else "" for place in columns)
    return _dated(_of_line(title), year)


def _dated(written: Written, year: str) -> Written:
    """With the year that stands apart from the title, where it names none itself."""
    return Written(written.title, int(year)) if not written.year and re.fullmatch(r"\d{4}", year) else written


@dataclass
class _Bracket:
    """What was read between brackets of JSON. key: what a list is called; title, year: of an object."""

    is_list: bool
    key: str
    title: str = ""
    year: str = ""


def _titles_of_json(text: str) -> Iterator[Written]:
    """Titles in JSON, which may stand in a fence, span lines or break off; nothing where the text is no JSON."""
    start = _JSON.search(text)
    brackets: list[_Bracket] = []
    key = ""
    for token in _TOKEN.finditer(text, start.start(), start.start() + _ENOUGH) if start else ():
        if token[0] in "[{":
            if len(brackets) == _DEEPEST:
                return
            brackets.append(_Bracket(token[0] == "[", key))
            key = ""
        elif not brackets:
            continue
        elif token["key"]:
            key = _unescaped(token["string"])
        elif token[0] in "]}":
            yield from _of_object(brackets.pop())
        else:
            value, inner = _unescaped(token["string"] or token[0]), brackets[-1]
            called = inner.key if inner.is_list else key
            if _CALLED_YEAR.fullmatch(called):
                inner.year = value[:4]
            elif not token["string"] or not (not called or called.isdecimal() or _CALLED_TITLE.fullmatch(called)):
                pass
            elif inner.is_list or called.isdecimal():  # `["Heat"]`, `{"1": "Heat"}`
                yield from _of_object(_Bracket(True, "", value))
            elif not inner.title:
                inner.title = value
            key = ""
    for bracket in brackets:
        yield from _of_object(bracket)


def _of_object(bracket: _Bracket) -> Iterator[Written]:
    written = _dated(_of_line(bracket.title), bracket.year)
    if written.title:
        yield written


def _unescaped(string: str) -> str:
    try:
        return json.loads(f'"{string}"', strict=False)
    except ValueError:
        return string
