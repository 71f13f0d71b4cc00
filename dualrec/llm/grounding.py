"""From written text to catalogue items: each title of the list finds its item; duplicates and seen items are dropped.

What matches nothing is a miss and is counted; nothing is ever invented on the model's behalf.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dualrec.data.title_matching import TitleMatcher
from dualrec.llm.written_lists import Written, parse_list
from dualrec.types import RankedLists, Sequences


class Grounder:
    """Matches written titles with a catalogue; where several share a title without year, the most popular is meant."""

    def __init__(self, matcher: TitleMatcher):
        self._matcher = matcher
        self._memory: dict[Written, int] = {}  # models write the same titles again and again

    def match(self, written: Written) -> int:
        """The catalogue index meant by a written title, or 0."""
        if written not in self._memory:
            self._memory[written] = next(iter(self._matcher.meant(written.title, written.year)), 0)
        return self._memory[written]


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
