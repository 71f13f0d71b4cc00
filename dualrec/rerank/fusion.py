"""A language model as second opinion on the sequence model's candidates.

score = log p_sequence + weight * (log p_LLM - beta * prior). The prior is what the language model thinks of a title
whoever asks: short and famous titles are likely after any prompt, and that is not what the question is about.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.evaluation.ranks import list_ranks, ndcg
from dualrec.sequence.base import target_ranks
from dualrec.types import Hints, RankedLists

WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0)
BETAS = (0.5, 1.0)


@dataclass(frozen=True)
class Opinions:
    """What both models say of the same candidates; all (n, C), candidates in the order of the sequence model.

    items: int64, -1 where there is none
    sequence: float32 log-probabilities of the sequence model in nats, -inf where there is no candidate
    language: float32 log-likelihoods of the language model in nats, -inf where there is no candidate
    """

    items: np.ndarray
    sequence: np.ndarray
    language: np.ndarray

    @classmethod
    def of(cls, candidates: Hints, language: np.ndarray) -> Opinions:
        """The opinions of both models on the sequence model's candidates.

        candidates: with the probabilities of the sequence model
        language: float32 (n, C), what the language model says of them, see `likelihood.score_titles`
        """
        with np.errstate(divide="ignore"):
            return cls(candidates.items, np.log(candidates.probabilities), language)

    def fused(self, prior: np.ndarray, beta: float, weight: float) -> np.ndarray:
        """float64 (n, C): the fused scores.

        prior: float (N + 1,) in nats, nan where it is not known: there it counts as the mean
        beta: how much of the prior is taken off
        weight: of the language model beside the sequence model
        """
        valid = self.items > 0
        prior = np.where(np.isnan(prior), np.nanmean(prior[1:]), prior)
        language = np.where(valid, self.language - beta * prior[np.maximum(self.items, 0)], 0.0)
        return np.where(valid, self.sequence + weight * language, -np.inf)

    def ranked(self, scores: np.ndarray, k: int) -> RankedLists:
        """The k best candidates; equal ones keep the order of the sequence model.

        scores: float (n, C)
        k: length of the lists
        """
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(scores, order, axis=1)
        items = np.take_along_axis(self.items, order, axis=1)
        return RankedLists(items, np.where(items > 0, best, np.nan).astype(np.float32)).widened(k)


def search(opinions: Opinions, targets: np.ndarray, priors: dict[str, np.ndarray]) -> pd.DataFrame:
    """The grid search for a fusion: validation NDCG@10 of every prior, beta and weight.

    opinions: on the candidates of the validation cases
    targets: int64 (n,) of the validation cases
    priors: name -> float (N + 1,), see `Opinions.fused`

    Returns columns prior ("none" for raw likelihoods), beta, weight, ndcg.
    """
    rows = []
    corrections = [("none", 0.0), *itertools.product(priors, BETAS)]
    prior_values = {"none": np.zeros(int(opinions.items.max()) + 1), **priors}
    for (name, beta), weight in itertools.product(corrections, WEIGHTS):
        lists = opinions.ranked(opinions.fused(prior_values[name], beta, weight), 10)
        accuracy = ndcg(list_ranks(lists.items, targets), 10).mean()
        rows.append({"prior": name, "beta": beta, "weight": weight, "ndcg": float(accuracy)})
    return pd.DataFrame(rows)


def best_choice(grid: pd.DataFrame) -> pd.Series:
    """The row of a grid with the best validation NDCG@10; of equally good ones that with the smallest weight.

    grid: columns weight, ndcg and others
    """
    return grid.sort_values(["ndcg", "weight"], ascending=[False, True], kind="stable").iloc[0]


def weighed(sequence: np.ndarray, language: np.ndarray, weight: float) -> np.ndarray:
    """float (n, N + 1): sequence + weight * language; -inf where the sequence model's score is.

    sequence: float (n, N + 1) log-probabilities up to a constant per user
    language: likewise
    weight: of the language model beside the sequence model
    """
    return np.where(np.isfinite(sequence), sequence + weight * np.where(np.isfinite(sequence), language, 0), -np.inf)


def search_weight(batches: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """The grid search for a weight: validation NDCG@10 of the whole catalogue under each; columns weight, ndcg.

    batches: of the n validation users; sequence and language, float (rows, N + 1), see `weighed`, and targets, int64
        (rows,)
    """
    ranks: dict[float, list[np.ndarray]] = {weight: [] for weight in WEIGHTS}
    for sequence, language, targets in batches:
        for weight, of_weight in ranks.items():
            of_weight.append(target_ranks(weighed(sequence, language, weight), targets))
    rows = [(weight, float(ndcg(np.concatenate(found), 10).mean())) for weight, found in ranks.items()]
    return pd.DataFrame(rows, columns=["weight", "ndcg"])
