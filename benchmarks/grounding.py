"""(d) Written titles to catalogue items, against difflib over the whole catalogue."""

from __future__ import annotations

import difflib

import numpy as np

from benchmarks.material import Material, invented_titles, misspelt
from benchmarks.measure import in_turns, letter
from dualrec.llm.grounding import Grounder, parse_list

CUTOFF = 0.8  # similarity from which the released code takes a written title for a movie; a lower one makes difflib slower


def grounding(material: Material, lines: int = 3000, searched: int = 30, repetitions: int = 3) -> dict:
    """Titles per second; `Grounder` is made anew every time, so that it remembers nothing.

    lines, searched: how many titles each way is timed on
    """
    study = material.study
    titles, known = lines_to_ground(study.catalogue.titles, lines, study.seed), study.catalogue.titles[1:]

    def ours() -> None:
        grounder = Grounder(study.catalogue, study.popularity, study.profile.llm.match_threshold)
        for title in titles:
            grounder.match(parse_list(title, 1)[0])

    def baseline() -> None:
        for title in titles[:searched]:
            difflib.get_close_matches(title, known, n=1, cutoff=CUTOFF)

    seconds, searching = in_turns(ours, baseline, repetitions)
    facts = {"titles": [len(titles), len(titles[:searched])], "catalogue": len(known), "cutoff": CUTOFF}
    return letter("d", "Grounding", len(titles) / seconds, len(titles[:searched]) / searching, "titles/s", 100, **facts)


def lines_to_ground(titles: list[str], n: int, seed: int) -> list[str]:
    """n different kinds of lines in turn: a title of the catalogue, one misspelt, one that is in no catalogue.

    titles: as in a catalogue, with padding at place 0
    """
    rng = np.random.default_rng(seed)
    dated = [title for title in titles if title.endswith(")")]
    invented = invented_titles(dated, -(-n // 3), seed)
    lines = []
    for i in range(n):
        real = dated[rng.integers(len(dated))]
        lines.append((real, misspelt(real, rng), invented[i // 3])[i % 3])
    return lines
