"""The reader: a language model reads history and hint once, and a small head ranks the whole catalogue from its state.

The head learns from many positions of every user: the last training events, hinted at by an LSTM that has not seen
them, as `llm.finetuning.examples` explains. Everything is read with weights that are not tuned, so the states are kept
and heads cost seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.core.artifacts import cached_arrays
from dualrec.core.errors import StudyError
from dualrec.core.fingerprint import cache_key
from dualrec.llm.finetuning.examples import earlier_split
from dualrec.llm.inference import hidden_states
from dualrec.llm.inference.hidden_states import Questions
from dualrec.llm.local import LLM
from dualrec.rerank.fusion import best_choice, search_weight, weighed
from dualrec.rerank.ranking_head import Head, fit_head
from dualrec.sequence.base import SequenceModel, top_k
from dualrec.sequence.neural import NeuralRecommender
from dualrec.sequence.ranking import best_lists, joined
from dualrec.study import Study
from dualrec.systems.names import WEIGHT, System
from dualrec.systems.parts import Parts
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Cases, RankedLists, Sequences

# What a question names beside the history: the LSTM's hint, or none.
HINTED = "true"
NO_HINT = "none"


@dataclass(frozen=True)
class ReaderExamples:
    """What a head learns from, and what it is chosen on; each with the LSTM's hint (HINTED) and without (NO_HINT).

    states: HINTED or NO_HINT -> float32 (M, d) at the M training positions
    row: int64 (M,), whose position it is among the n users
    targets: int64 (M,), the item that comes next there
    validation_states: HINTED or NO_HINT -> float32 (n, d) at the validation cases
    validation: the n validation cases
    seconds: what reading took
    """

    states: dict[str, np.ndarray]
    row: np.ndarray
    targets: np.ndarray
    validation_states: dict[str, np.ndarray]
    validation: Cases
    seconds: float

    def of(self, rows: np.ndarray) -> ReaderExamples:
        """The examples of some of the users.

        rows: int64 (m,), ascending
        """
        mask = np.isin(self.row, rows)
        return ReaderExamples(
            {hint: states[mask] for hint, states in self.states.items()},
            np.searchsorted(rows, self.row[mask]),
            self.targets[mask],
            {hint: states[rows] for hint, states in self.validation_states.items()},
            self.validation.take(rows),
            self.seconds,
        )


@dataclass(frozen=True)
class Weighing:
    """How much the reader counts beside the LSTM.

    grid: validation NDCG@10 of every choice; columns hint, weight, ndcg
    hint: HINTED or NO_HINT, which the chosen head learned with
    weight: the chosen weight
    """

    grid: pd.DataFrame
    hint: str
    weight: float


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of the reader by itself, or weighed together with the LSTM on validation."""
    study = parts.study
    titles = study.catalogue.titles
    examples = read_examples(study, parts.language_model, parts.lstm, titles, study.validation)
    hints = {HINTED: best_items(parts.lstm, histories), NO_HINT: np.zeros(len(histories), np.int64)}
    states, seconds = read_histories(study, parts.language_model, histories, hints, titles)
    heads = {hint: learn_head(study, examples, parts.lstm, hint)[0] for hint in hints}
    if WEIGHT in system.needs:
        weighing = choose_weight(examples, heads, parts.lstm)
        both = _both_score(parts.lstm, heads[weighing.hint], states[weighing.hint], histories)
        lists = joined([top_k(weighed(lstm, reader, weighing.weight), k) for _, lstm, reader in both])
    else:
        lists = heads[HINTED].lists(states[HINTED], histories, k)
    return RankedLists(lists.items, lists.scores, seconds=examples.seconds + seconds)


def best_items(model: SequenceModel, histories: Sequences) -> np.ndarray:
    """int64 (n,): the model's best unseen item, 0 where all are seen."""
    return np.maximum(best_lists(model, histories, 1).items[:, 0], 0)


def read_examples(study: Study, llm: LLM, model: SequenceModel, titles: list[str], cases: Cases) -> ReaderExamples:
    """Read the history of every case once, and keep its states at the last training positions and at its end.

    llm: the reader
    model: gives the hints at the validation targets; an LSTM that has not seen the training positions gives theirs
    titles: readable titles of items 0..N, the catalogue's or pseudonyms
    cases: of validation, so that their histories are all training events of their users

    Raises StudyError where every user is too short.
    """
    histories = cases.history
    positions = study.profile.reader.positions
    long_enough = np.flatnonzero(histories.lengths > positions)
    if not len(long_enough):
        raise StudyError(
            f"no user has more than {positions} training events for the reader to learn from; "
            "lower positions in [reader]"
        )
    before = earlier_split(study.split.train, positions, study.profile.split.min_events)
    earlier = fit_sequence_model(study, "lstm", split=before)
    starts = histories.offsets[:-1][long_enough]
    lengths = [histories.lengths[long_enough] - from_end for from_end in range(positions, 0, -1)]
    hints = [best_items(earlier, histories.first(long_enough, length)) for length in lengths]
    targets = [histories.items[starts + length] for length in lengths]
    n = len(histories)
    # The training positions first, then the ends of the n histories.
    rows = np.concatenate([*[long_enough] * positions, np.arange(n)])
    ends = np.concatenate([*lengths, histories.lengths])
    hint_items = np.concatenate([*hints, best_items(model, histories)])
    both_kinds = np.concatenate([hint_items, np.zeros_like(hint_items)])
    questions = Questions(np.tile(rows, 2), np.tile(ends, 2), both_kinds)
    states, seconds = _read(study, llm, titles, histories, questions)
    states_by_hint = dict(zip((HINTED, NO_HINT), np.split(states, 2), strict=True))
    return ReaderExamples(
        {hint: states[:-n] for hint, states in states_by_hint.items()},
        rows[:-n],
        np.concatenate(targets),
        {hint: states[-n:] for hint, states in states_by_hint.items()},
        cases,
        seconds,
    )


def read_histories(
    study: Study, llm: LLM, histories: Sequences, hints: dict[str, np.ndarray], titles: list[str]
) -> tuple[dict[str, np.ndarray], float]:
    """The states at the ends of the histories, float32 (n, d) per kind of hint, and the seconds that reading took.

    llm: the reader
    hints: kind -> int64 (n,) items, 0 for no hint; all are read in one pass
    titles: as the head's examples had them
    """
    n = len(histories)
    kinds = len(hints)
    lengths = np.tile(histories.lengths, kinds)
    questions = Questions(np.tile(np.arange(n), kinds), lengths, np.concatenate([*hints.values()]))
    states, seconds = _read(study, llm, titles, histories, questions)
    return dict(zip(hints, np.split(states, kinds), strict=True)), seconds


def learn_head(
    study: Study, examples: ReaderExamples, model: NeuralRecommender, hint: str = HINTED, positions: int = 0
) -> tuple[Head, list[dict]]:
    """A head over the item table of `model`, and its epochs; see `ranking_head.fit_head`.

    hint: which states it learns from, HINTED or NO_HINT
    positions: a seeded subset of the training positions, 0 = all
    """
    rows = np.arange(len(examples.targets))
    if positions:
        rows = np.sort(np.random.default_rng([study.seed, 4]).permutation(rows)[:positions])
    table = model.network.item_table().detach().cpu().numpy()
    return fit_head(
        examples.states[hint][rows],
        examples.targets[rows],
        table,
        (examples.validation_states[hint], examples.validation),
        study.profile.reader,
        study.seed,
    )


def choose_weight(examples: ReaderExamples, heads: dict[str, Head], model: SequenceModel) -> Weighing:
    """The weight of the reader's log-probabilities beside the LSTM's, and the head, with the best validation NDCG@10.

    Of equally good choices the smallest weight is taken.

    heads: HINTED or NO_HINT -> the head that learned with it
    model: the LSTM
    """
    cases = examples.validation
    tables = []
    for hint, head in heads.items():
        both = _both_score(model, head, examples.validation_states[hint], cases.history)
        grid = search_weight((lstm, reader, cases.targets[rows]) for rows, lstm, reader in both)
        tables.append(grid.assign(hint=hint))
    grid = pd.concat(tables)
    best = best_choice(grid)
    return Weighing(grid, str(best.hint), float(best.weight))


def _both_score(
    model: SequenceModel, head: Head, states: np.ndarray, histories: Sequences
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Rows of users, in order, and the scores of the LSTM and of a reader's head for them, float32 (rows, N + 1)."""
    for rows, reader_scores in head.in_batches(states, histories):
        yield rows, model.scores(histories.take(rows)), reader_scores


def _read(
    study: Study, llm: LLM, titles: list[str], histories: Sequences, questions: Questions
) -> tuple[np.ndarray, float]:
    """`hidden_states.read_states`, kept under all that the states depend on; and the seconds it took."""
    config = study.profile.reader
    settings = (config.window, config.read_batch, config.layers)
    key = cache_key(titles, study.prompts, llm.facts, histories, questions, settings, code=hidden_states)

    def build() -> dict[str, np.ndarray]:
        return {"states": hidden_states.read_states(llm, study.prompts, titles, histories, questions, config)}

    arrays, seconds = cached_arrays(study.cache(f"states-{key}"), key, build)
    return arrays["states"], seconds
