"""(d) Written titles to catalogue items, against difflib over the whole catalogue."""

from __future__ import annotations

import difflib

import numpy as np

from benchmarks.material import Material, invented_titles, misspelt
from benchmarks.measure import in_turns, letter
from dualrec.data.title_matching import TitleMatcher
from dualrec.llm.grounding import Grounder
from dualrec.llm.written_lists import parse_list

# Similarity from which the released code takes a written title for an item; a lower one makes difflib slower.
CUTOFF = 0.8


def grounding(material: Material, lines: int = 3000, searched: int = 30, repetitions: int = 3) -> dict:
    """Titles per second; `Grounder` is made anew every time, so that it remembers nothing.

    lines: titles that are matched by `Grounder`
    searched: titles that are matched by difflib
    """
    study = material.study
    catalogue = study.catalogue.titles[1:]
    titles = lines_to_ground(study.catalogue.titles, lines, study.seed)

    def ours() -> None:
        grounder = Grounder(TitleMatcher(study.catalogue, study.popularity))
        for title in titles:
            grounder.match(parse_list(title, 1)[0])

    def baseline() -> None:
        for title in titles[:searched]:
            difflib.get_close_matches(title, catalogue, n=1, cutoff=CUTOFF)

    seconds, searching = in_turns(ours, baseline, repetitions)
    facts = {"titles": [len(titles), len(titles[:searched])], "catalogue": len(catalogue), "cutoff": CUTOFF}
    rates = (len(titles) / seconds, len(titles[:searched]) / searching)
    return letter("d", "Grounding", *rates, "titles/s", 100, **facts)


def lines_to_ground(titles: list[str], n: int, seed: int) -> list[str]:
    """Lines of three kinds in turn: a title of the catalogue, one misspelt, one that is in no catalogue.

    titles: as in a catalogue, with padding at place 0
    n: how many lines
    """
    rng = np.random.default_rng(seed)
    dated = [title for title in titles if title.endswith(")")]
    invented = invented_titles(dated, -(-n // 3), seed)
    lines = []
    for i in range(n):
        real = dated[rng.integers(len(dated))]
        lines.append((real, misspelt(real, rng), invented[i // 3])[i % 3])
    return lines
