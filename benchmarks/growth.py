"""How time grows with the catalogue, with the users and with the history: series for a figure, without a baseline.

Titles beyond the real ones are invented (`material.invented_titles`); a user's history keeps the items that the
catalogue has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from statistics import median

import numpy as np

from benchmarks.grounding import lines_to_ground
from benchmarks.material import Material, invented_titles
from benchmarks.measure import stopwatch
from benchmarks.recommending import search
from dualrec.data.catalogue import Catalogue, year_of
from dualrec.data.title_matching import TitleMatcher
from dualrec.llm.grounding import Grounder
from dualrec.llm.inference.title_trie import build_trie
from dualrec.llm.written_lists import parse_list
from dualrec.types import Sequences

NO_BUDGET = 8192  # tokens: no prompt is cut


def with_catalogue(
    material: Material,
    sizes: Sequence[int] = (1000, 3000, 10000, 30000, 60000),
    users: int = 16,
    lines: int = 200,
    repetitions: int = 3,
) -> Iterator[dict]:
    """Seconds of building the trie, of beam search per user and of grounding per title.

    sizes: titles in the catalogue
    users: for whom is searched at every size
    lines: that are grounded at every size
    repetitions: of building the trie; search and grounding are timed once
    """
    study = material.study
    histories = material.histories(users)
    prompts = material.prompts(histories)
    points: dict[str, list] = {"trie": [], "beam": [], "grounding": []}
    for size in sizes:
        catalogue = grown(study.catalogue, size, study.seed)
        shortened = within(histories, size)
        build = partial(build_trie, material.llm.tokenizer, catalogue.titles)
        points["trie"].append([size, median(stopwatch(build) for _ in range(repetitions))])
        trie = build()
        points["beam"].append([size, stopwatch(partial(search, material, prompts, trie, shortened)) / users])
        written = [parse_list(line, 1)[0] for line in lines_to_ground(catalogue.titles, lines, study.seed)]
        grounder = Grounder(TitleMatcher(catalogue, np.zeros(size + 1)))
        seconds = stopwatch(lambda g=grounder, w=written: [g.match(title) for title in w])  # once: a grounder remembers
        points["grounding"].append([size, seconds / lines])
    yield series("building the trie", "titles in the catalogue", "s", points["trie"])
    yield series("beam search", "titles in the catalogue", "s per user", points["beam"])
    yield series("grounding", "titles in the catalogue", "s per title", points["grounding"])


def with_users(material: Material, sizes: Sequence[int] = (1, 4, 16, 64)) -> Iterator[dict]:
    """Seconds of beam search, batched as the profile says.

    sizes: users for whom is searched
    """
    points = []
    for size in sizes:
        histories = material.histories(size)
        prompts = material.prompts(histories)
        points.append([size, stopwatch(partial(search, material, prompts, material.trie, histories))])
    yield series("beam search", "users", "s", points)


def with_history(material: Material, lengths: Sequence[int] = (5, 10, 20, 40), users: int = 16) -> Iterator[dict]:
    """Seconds of beam search per user.

    lengths: titles in the prompt
    users: for whom is searched; all of them have seen the most titles
    """
    study = material.study
    everyone = study.split.test.history
    histories = everyone.take(np.flatnonzero(everyone.lengths >= max(lengths))[:users])
    hints = material.hints(histories)
    points = []
    for length in lengths:
        limits = (length, study.profile.llm.titles, NO_BUDGET)
        prompts = study.prompts.build(material.llm.tokenizer, study.catalogue, histories, hints, *limits)
        seconds = stopwatch(partial(search, material, prompts, material.trie, histories))
        points.append([length, seconds / len(histories)])
    yield series("beam search", "titles in the prompt", "s per user", points)


def series(subject: str, against: str, unit: str, points: list) -> dict:
    """One entry of `growth` in `results.json`.

    subject: what is timed
    against: what the sizes are
    unit: of the seconds
    points: [size, seconds] each, smallest size first
    """
    return {"subject": subject, "against": against, "unit": unit, "points": points}


def grown(catalogue: Catalogue, size: int, seed: int) -> Catalogue:
    """A catalogue of `size` items: its first ones, and invented ones where it has too few."""
    real = catalogue.titles[1 : size + 1]
    dated = [title for title in catalogue.titles if title.endswith(")")]
    titles = ["", *real, *invented_titles(dated, size - len(real), seed)]
    years = np.array([year_of(title) for title in titles])
    return Catalogue(np.arange(size + 1), titles, years, np.ones((size + 1, 1), np.float32), ("Drama",))


def within(histories: Sequences, size: int) -> Sequences:
    """The histories without the items beyond `size`."""
    sequences = (histories.sequence(row) for row in range(len(histories)))
    return Sequences.from_lists(histories.users, [items[items <= size] for items in sequences])
