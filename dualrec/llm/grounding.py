"""From written text to catalogue items: parse the list, match each title, drop duplicates and seen movies.

What matches nothing is a miss and is counted; nothing is ever invented on the model's behalf.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from dualrec.data.catalogue import LONGEST, Catalogue
from dualrec.types import RankedLists, Sequences

_LINE = re.compile(r"[^\n]+")
_NUMBER = re.compile(r"^\s*(?:\d{1,3}\s*[.):]|[-*•])?\s*")
_YEAR = re.compile(r"\((\d{4})\)")
_WRITTEN_YEAR = re.compile(r"\((\d{4})\)|[:,–—-] ?((?:18|19|20)\d{2})$")
_BRACKETS = re.compile(r"\s*\([^()]*\)")


@dataclass(frozen=True)
class Written:
    """One line of a list: the title without its year, and the year (0 where none was written)."""

    title: str
    year: int


def parse_list(text: str, n: int) -> list[Written]:
    """The first n titles of a written list, one per non-empty line; linear in the length of the text.

    The year is read where it stands in brackets, or at the end of the line behind a colon, comma or dash. Numbers,
    bullets, quotes, emphasis and anything behind the year are removed. Any string is accepted.
    """
    titles = []
    for found in _LINE.finditer(text):  # never a list of all lines: there may be millions
        if len(titles) == n:
            break
        line = _NUMBER.sub("", " ".join(found[0][:LONGEST].split()), count=1)
        year = _WRITTEN_YEAR.search(line)
        title = (line[: year.start()] if year else line).strip(" \"'*_`“”‘’")
        if title:
            titles.append(Written(title, int(year.group(1) or year.group(2)) if year else 0))
    return titles


def normalise(title: str) -> str:
    """Lower case without accents, punctuation and double spaces; `&` reads as `and`; cut at LONGEST characters."""
    title = title[:LONGEST]  # putting a flood of accents in order takes quadratic time
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode() or title
    return " ".join(re.sub(r"[^\w\s]", " ", plain.casefold().replace("&", " and ")).split())


class Grounder:
    """Matches written titles with a catalogue: exact after normalising, then by rapidfuzz ratio among agreeing years.

    catalogue: items 1..N
    popularity: (N + 1,) events per item in the training data; of several items with one title the most popular is meant
    threshold: rapidfuzz ratio (0-100) from which a fuzzy match counts
    A written year must equal the catalogue's for an exact match and may differ by one for a fuzzy one;
    a title written without year is compared with every item.
    """

    def __init__(self, catalogue: Catalogue, popularity: np.ndarray, threshold: int):
        self.threshold = threshold
        self.years = catalogue.years
        self.exact: dict[tuple[str, int], int] = {}
        by_year: dict[int, list[int]] = defaultdict(list)
        self.names = [""] * (len(catalogue) + 1)
        for item in sorted(range(1, len(catalogue) + 1), key=lambda i: (-popularity[i], i)):
            title = _YEAR.sub("", catalogue.titles[item])
            year = int(self.years[item])
            self.names[item] = normalise(title)
            by_year[year].append(item)
            for alias in (self.names[item], normalise(_BRACKETS.sub("", title))):  # with and without "(Il Postino)"
                self.exact.setdefault((alias, year), item)
                self.exact.setdefault((alias, 0), item)
        self.by_year = dict(by_year)
        self._near: dict[int, tuple[list[int], list[str]]] = {0: (list(range(1, len(self.names))), self.names[1:])}
        self._memory: dict[Written, int] = {}

    def match(self, written: Written) -> int:
        """The catalogue index meant by a written title, or 0."""
        if written not in self._memory:
            self._memory[written] = self._match(written)
        return self._memory[written]

    def _match(self, written: Written) -> int:
        name = normalise(written.title)
        if not name:
            return 0
        if item := self.exact.get((name, written.year)):
            return item
        items, names = self._candidates(written.year)
        best = process.extractOne(name, names, scorer=fuzz.ratio, score_cutoff=self.threshold)
        return items[best[2]] if best else 0

    def _candidates(self, year: int) -> tuple[list[int], list[str]]:
        """Items whose year agrees with a written one, the same year first, and their names; 0 stands for all items."""
        if year not in self._near:
            items = [item for near in (year, year - 1, year + 1) for item in self.by_year.get(near, ())]
            self._near[year] = items, [self.names[item] for item in items]
        return self._near[year]


def written_titles(text: str, seen: set[int], grounder: Grounder, n: int) -> Iterator[tuple[Written, int, str]]:
    """The first n titles of a text, each with the item it stands for (0: none) and its fate.

    seen: items that may not be recommended again
    The fate is `invalid` (in no catalogue), `duplicate` (already in this list), `seen` or `listed`.
    """
    listed = set()
    for written in parse_list(text, n):
        item = grounder.match(written)
        fate = "invalid" if not item else "duplicate" if item in listed else "seen" if item in seen else "listed"
        if fate == "listed":
            listed.add(item)
        yield written, item, fate


def ground(texts: list[str], histories: Sequences, grounder: Grounder, n: int, k: int) -> RankedLists:
    """Ranked lists from written texts.

    texts: one per history; n: titles asked for (lines beyond are ignored); k: width of the lists
    Counts per case: `written` titles and, of these, the fates of `written_titles`; what is listed is in the list.
    """
    items = np.full((len(texts), k), -1, np.int64)
    counts = {name: np.zeros(len(texts), np.int64) for name in ("written", "invalid", "duplicate", "seen")}
    closed = histories.excluded
    for row, text in enumerate(texts):
        found = list(written_titles(text, set(closed.sequence(row).tolist()), grounder, n))
        listed = [item for _, item, fate in found if fate == "listed"]
        counts["written"][row] = len(found)
        for name in ("invalid", "duplicate", "seen"):
            counts[name][row] = sum(fate == name for _, _, fate in found)
        items[row, : min(len(listed), k)] = listed[:k]
    return RankedLists(items, None, list(texts), counts)
