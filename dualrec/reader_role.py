"""The reader: a language model that reads history and hint once, and a small head that ranks the whole catalogue from its state.

The head learns from many positions of every user: the last training events, hinted at by an LSTM that has not seen them, as `examples`
explains. Everything is read with weights that are not tuned, so the states are kept and heads cost seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.artifacts import fingerprint
from dualrec.errors import StudyError
from dualrec.language import reader, reading
from dualrec.language.fusion import search_weight
from dualrec.language.head import Head, fit_head
from dualrec.language.local import LLM
from dualrec.language.reader import Questions, read_states
from dualrec.roles import kept_arrays
from dualrec.study import Study
from dualrec.temporal.base import TemporalModel
from dualrec.temporal.base import hints as hints_from
from dualrec.temporal.recommender import NeuralRecommender
from dualrec.types import Cases, Sequences

NO_HINT = "none"


@dataclass(frozen=True)
class Lessons:
    """What a head learns from, and what it is chosen on; each with the hint ("true") and without (NO_HINT).

    states: name -> float32 (M, d) at the M training positions; targets, row: int64 (M,) the next movie, and whose it is among the n users
    told: name -> float32 (n, d) at the validation cases
    at_end: name -> float32 (n, d) at the ends of the histories, for each kind of hint that was asked for; seconds: what reading took
    """

    states: dict[str, np.ndarray]
    row: np.ndarray
    targets: np.ndarray
    told: dict[str, np.ndarray]
    validation: Cases
    at_end: dict[str, np.ndarray]
    seconds: float

    def of(self, rows: np.ndarray) -> Lessons:
        """The lessons of some of the users; rows: int64 (m,), ascending."""
        mine = np.isin(self.row, rows)
        states, told, at_end = (
            {name: values[kept] for name, values in part.items()}
            for part, kept in ((self.states, mine), (self.told, rows), (self.at_end, rows))
        )
        own = np.searchsorted(rows, self.row[mine])
        return Lessons(states, own, self.targets[mine], told, self.validation.take(rows), at_end, self.seconds)


@dataclass(frozen=True)
class Weighing:
    """The chosen head and weight, and the validation NDCG@10 of every choice: columns hint, weight, ndcg."""

    searched: pd.DataFrame
    hint: str
    weight: float


def read_lessons(
    study: Study,
    llm: LLM,
    model: TemporalModel,
    earlier: TemporalModel,
    titles: list[str],
    histories: Sequences,
    hints: dict[str, np.ndarray],
) -> Lessons:
    """Read every history once and ask at its last training positions, before its last event, which is for validation, and at its end.

    histories: of test cases, each of two events at least; the targets of the test cases are not in them
    model: hints at the validation targets; earlier: at the training positions, none of which it has seen
    titles: readable titles of items 0..N, the catalogue's or pseudonyms
    hints: name -> int64 (n,) items to hint at the end of each history, 0 or less for none
    Raises StudyError where every user is too short.
    """
    everybody, positions = np.arange(len(histories)), study.profile.reader.positions
    validation = Cases(histories.drop_last(1), histories.items[histories.offsets[1:] - 1])
    long_enough = np.flatnonzero(histories.lengths - 1 > positions)
    if not len(long_enough):
        raise StudyError(f"no user has more than {positions} training events for the reader to learn from; lower positions in [reader]")
    row = np.tile(long_enough, positions)
    at = histories.lengths[row] - 1 - np.repeat(np.arange(positions, 0, -1), len(long_enough))
    own = [_best(earlier, histories.first(row, at)), _best(model, validation.history)]
    row, at = np.concatenate([row, everybody]), np.concatenate([at, validation.history.lengths])
    asked = {"true": np.concatenate(own), NO_HINT: np.zeros(len(row), np.int64)}
    lessons = [Questions(row, at, item) for item in asked.values()]
    ends = [Questions(everybody, histories.lengths, item) for item in hints.values()]
    found, seconds = _read(study, llm, titles, histories, lessons + ends)
    n, named = len(everybody), dict(zip(asked, found, strict=False))
    return Lessons(
        states={name: states[:-n] for name, states in named.items()},
        row=row[:-n],
        targets=histories.items[histories.offsets[row[:-n]] + at[:-n]],
        told={name: states[-n:] for name, states in named.items()},
        validation=validation,
        at_end=dict(zip(hints, found[len(asked) :], strict=True)),
        seconds=seconds,
    )


def read_ends(study: Study, llm: LLM, histories: Sequences, hints: dict[str, np.ndarray], titles: list[str]) -> dict[str, np.ndarray]:
    """float32 (n, d) per kind of hint: the states at the ends of any histories; hints and titles as in `read_lessons`."""
    everybody = np.arange(len(histories))
    asked = [Questions(everybody, histories.lengths, item) for item in hints.values()]
    return dict(zip(hints, _read(study, llm, titles, histories, asked)[0], strict=True))


def learn(study: Study, lessons: Lessons, model: NeuralRecommender, hint: str = "true", examples: int = 0) -> tuple[Head, list[dict]]:
    """A head over the item table of `model`, and its epochs; see `head.fit_head`.

    hint: which states it learns from; examples: a seeded subset of the training positions, 0 = all
    """
    rows = np.arange(len(lessons.targets))
    if examples:
        rows = np.sort(np.random.default_rng([study.seed, 4]).permutation(rows)[:examples])
    table = model.network.item_table().detach().cpu().numpy()
    told = (lessons.told[hint], lessons.validation)
    return fit_head(lessons.states[hint][rows], lessons.targets[rows], table, told, study.profile.reader, study.seed)


def choose_weight(lessons: Lessons, heads: dict[str, Head], model: TemporalModel) -> Weighing:
    """How much the reader's log-probabilities count beside the LSTM's, and which head's: the best NDCG@10 on the validation targets.

    heads: by the kind of hint they learned with; of equally good choices the smallest weight is taken
    """
    cases = lessons.validation
    own = model.scores(cases.history)
    searched = pd.concat(
        [
            search_weight(own, head.scores(lessons.told[hint], cases.history), cases.targets).assign(hint=hint)
            for hint, head in heads.items()
        ]
    )
    best = searched.sort_values(["ndcg", "weight"], ascending=[False, True], kind="stable").iloc[0]
    return Weighing(searched, str(best.hint), float(best.weight))


def _best(model: TemporalModel, histories: Sequences) -> np.ndarray:
    """int64 (n,): the hinted item, -1 where all are seen."""
    return hints_from(model.scores(histories), 1).items[:, 0]


def _read(study: Study, llm: LLM, titles: list[str], histories: Sequences, parts: list[Questions]) -> tuple[list[np.ndarray], float]:
    """The states of each part of the questions, all read in one pass, and the seconds it took; what was read before is read back."""
    config = study.profile.reader
    asked = Questions(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "at", "hint")))
    key = fingerprint(titles, llm.identity, str(llm.model.dtype), histories, asked, config.window, config.read_batch, reader, reading)
    found, seconds = kept_arrays(
        study.cache(f"states-{key}"),
        key,
        lambda: {"states": read_states(llm, titles, histories, asked, config.window, config.read_batch)},
    )
    return np.split(found["states"], np.cumsum([len(part) for part in parts])[:-1]), seconds
