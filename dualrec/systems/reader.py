"""The reader: a language model that reads history and hint once, and a small head that ranks the whole catalogue from its state.

The head learns from many positions of every user: the last training events, hinted at by an LSTM that has not seen them, as `examples`
explains. Everything is read with weights that are not tuned, so the states are kept and heads cost seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.core.artifacts import fingerprint
from dualrec.core.errors import StudyError
from dualrec.llm.inference import hidden_states as reader
from dualrec.llm.inference import layer_slice as depth
from dualrec.llm.inference import prefix_cache as reading
from dualrec.llm.inference.hidden_states import Questions, read_states
from dualrec.llm.local import LLM
from dualrec.llm.speed import attention
from dualrec.llm.speed import kv_cache as cache
from dualrec.rerank.fusion import search_weight
from dualrec.rerank.ranking_head import Head, fit_head
from dualrec.sequence.base import SequenceModel, top_k
from dualrec.sequence.neural import NeuralRecommender
from dualrec.study import Study
from dualrec.systems.roles import kept_arrays
from dualrec.types import Cases, Sequences

NO_HINT = "none"


@dataclass(frozen=True)
class Lessons:
    """What a head learns from, and what it is chosen on; each with the hint ("true") and without (NO_HINT).

    states: name -> float32 (M, d) at the M training positions; targets, row: int64 (M,) the next movie, and whose it is among the n users
    told: name -> float32 (n, d) at the validation cases; seconds: what reading took
    """

    states: dict[str, np.ndarray]
    row: np.ndarray
    targets: np.ndarray
    told: dict[str, np.ndarray]
    validation: Cases
    seconds: float

    def of(self, rows: np.ndarray) -> Lessons:
        """The lessons of some of the users; rows: int64 (m,), ascending."""
        mine = np.isin(self.row, rows)
        states, told = {k: v[mine] for k, v in self.states.items()}, {k: v[rows] for k, v in self.told.items()}
        return Lessons(states, np.searchsorted(rows, self.row[mine]), self.targets[mine], told, self.validation.take(rows), self.seconds)


@dataclass(frozen=True)
class Weighing:
    """The chosen head and weight, and the validation NDCG@10 of every choice: columns hint, weight, ndcg."""

    searched: pd.DataFrame
    hint: str
    weight: float


def best_items(model: SequenceModel, histories: Sequences) -> np.ndarray:
    """int64 (n,): the model's best unseen movie, 0 where all are seen."""
    return np.maximum(top_k(model.scores(histories), 1).items[:, 0], 0)


def read_lessons(study: Study, llm: LLM, model: SequenceModel, earlier: SequenceModel, titles: list[str], cases: Cases) -> Lessons:
    """Read the history of every case once and ask at its last training positions and at its end.

    cases: of validation, so that their histories are all training events of their users
    model: hints at the validation targets; earlier: at the training positions, none of which it has seen
    titles: readable titles of items 0..N, the catalogue's or pseudonyms
    Raises StudyError where every user is too short.
    """
    histories, positions = cases.history, study.profile.reader.positions
    long_enough = np.flatnonzero(histories.lengths > positions)
    if not len(long_enough):
        raise StudyError(f"no user has more than {positions} training events for the reader to learn from; lower positions in [reader]")
    row, at, item, target = [], [], [], []
    for back in range(positions, 0, -1):
        known = histories.lengths[long_enough] - back
        row.append(long_enough)
        at.append(known)
        item.append(best_items(earlier, histories.first(long_enough, known)))
        target.append(histories.items[histories.offsets[:-1][long_enough] + known])
    everybody = np.arange(len(histories))
    row, at = np.concatenate([*row, everybody]), np.concatenate([*at, histories.lengths])
    item = np.concatenate([*item, best_items(model, histories)])
    asked = Questions(np.tile(row, 2), np.tile(at, 2), np.concatenate([item, np.zeros_like(item)]))
    states, seconds = _read(study, llm, titles, histories, asked)
    named = dict(zip(("true", NO_HINT), np.split(states, 2), strict=True))
    n = len(histories)
    states, told = {k: v[:-n] for k, v in named.items()}, {k: v[-n:] for k, v in named.items()}
    return Lessons(states, row[:-n], np.concatenate(target), told, cases, seconds)


def read_histories(
    study: Study, llm: LLM, histories: Sequences, hints: dict[str, np.ndarray], titles: list[str]
) -> tuple[dict[str, np.ndarray], float]:
    """float32 (n, d) per kind of hint: the states at the ends of the histories, all read in one pass; and the seconds it took.

    hints: name -> int64 (n,) items, 0 for no hint; titles: as the lessons had them
    """
    n = len(histories)
    asked = Questions(np.tile(np.arange(n), len(hints)), np.tile(histories.lengths, len(hints)), np.concatenate([*hints.values()]))
    states, seconds = _read(study, llm, titles, histories, asked)
    return dict(zip(hints, np.split(states, len(hints)), strict=True)), seconds


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


def choose_weight(lessons: Lessons, heads: dict[str, Head], model: SequenceModel) -> Weighing:
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


def _read(study: Study, llm: LLM, titles: list[str], histories: Sequences, asked: Questions) -> tuple[np.ndarray, float]:
    config = study.profile.reader
    read_by = (config.window, config.read_batch, config.layers)
    key = fingerprint(titles, llm.identity, str(llm.model.dtype), histories, asked, read_by, reader, reading, attention, cache, depth)
    found, seconds = kept_arrays(
        study.cache(f"states-{key}"),
        key,
        lambda: {"states": read_states(llm, titles, histories, asked, config)},
    )
    return found["states"], seconds
