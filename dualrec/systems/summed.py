"""The sum of two sequence models: the LSTM's log-probability of an item plus a weighed one of another model.

The weight is chosen on validation. What a language model adds beside the LSTM has this as its yardstick: in its place a
chain that only counts, and a second seed of the LSTM itself, since two models together are better than one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dualrec.rerank.fusion import best_choice, search_weight, weighed
from dualrec.sequence.base import SequenceModel
from dualrec.sequence.ranking import best_lists, in_batches
from dualrec.study import Study
from dualrec.systems.names import SYSTEMS, TRAINING, System
from dualrec.systems.parts import Parts
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Cases, RankedLists, Sequences

FLOOR = 1e-8  # what a model that counts gives to what it never met: less than to anything it did


@dataclass(frozen=True)
class Sum:
    """Two fitted models as one.

    first, second: the LSTM or another network, and what stands beside it
    counts: whether the second scores by counts, whose logarithm is taken
    weight: of the second
    """

    first: SequenceModel
    second: SequenceModel
    counts: bool
    weight: float = 0.0

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        return weighed(self.first.scores(histories), self.beside(histories), self.weight)

    def beside(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1): the second model's log-probabilities, up to a constant per user."""
        scores = self.second.scores(histories)
        return log_counts(scores) if self.counts else scores


def log_counts(scores: np.ndarray) -> np.ndarray:
    """float (n, N + 1): the logarithm of what a model that counts gives, finite everywhere.

    scores: float (n, N + 1)
    """
    return np.log(np.maximum(scores, FLOOR))


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of both models together, weighed on validation."""
    return best_lists(fit_sum(parts.study, system.sums, parts.lstm)[0], histories, k)


def fit_sum(study: Study, name: str, lstm: SequenceModel, seed: int | None = None) -> tuple[Sum, pd.DataFrame]:
    """The LSTM and another model with the weight of the best validation NDCG@10, and the grid; ties to the smaller one.

    name: of the other model; the LSTM's own stands for a second seed of it
    lstm: fitted
    seed: of the LSTM, the study's if left out; a second one has the next of the profile's seeds

    Returns the sum, and columns weight, ndcg.
    """
    place = (study.seed if seed is None else seed) - study.seed
    following = study.seed + (place + 1) % max(study.profile.seeds, 2)
    second = fit_sequence_model(study, name, following if name == "lstm" else None)
    return weigh(lstm, second, study.validation, counts=TRAINING not in SYSTEMS[name].needs)


def weigh(first: SequenceModel, second: SequenceModel, cases: Cases, counts: bool = False) -> tuple[Sum, pd.DataFrame]:
    """Two fitted models with the weight of the best NDCG@10, and the grid; ties to the smaller one.

    cases: of validation
    counts: whether the second scores by counts

    Returns the sum, and columns weight, ndcg.
    """
    both = Sum(first, second, counts)
    batches = in_batches(first, cases.history)
    grid = search_weight(
        (scores, both.beside(cases.history.take(rows)), cases.targets[rows]) for rows, scores in batches
    )
    return replace(both, weight=float(best_choice(grid).weight)), grid
