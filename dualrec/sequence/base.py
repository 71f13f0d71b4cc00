"""What every sequence model has in common: scores for histories, and the lists, ranks and hints read off the scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, Self

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import nn

from dualrec.types import Cases, Hints, RankedLists, Sequences


class SequenceModel(Protocol):
    """Anything that scores the next item; write a class with these two methods to add a system of your own.

    `scores` is handed histories, never cases: no target can reach it.
    """

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Learn from the training sequences.

        train: one sequence per user
        validation: for choices such as early stopping
        """
        ...

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1): higher is better; seen items and padding are -inf (`mask_seen`)."""
        ...


class NextItemNetwork(nn.Module, ABC):
    """A network that `training.fit` can train: it predicts the next item at every position of a sequence."""

    @abstractmethod
    def item_table(self) -> torch.Tensor:
        """(N + 1, width): every item as the network reads it, computed once per batch."""

    @abstractmethod
    def forward(self, items: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """(B, T) item indices, padded on the right -> (B, T, dim) states that ignore what comes later."""

    @abstractmethod
    def head(self, states: torch.Tensor, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(M, dim) states -> queries (M, w), keys (N + 1, w), bias (N + 1,): an item's score is query · key + bias."""

    def logits(self, states: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """(M, dim) states -> (M, N + 1) scores of the next item."""
        queries, keys, bias = self.head(states, table)
        return torch.addmm(bias, queries, keys.T)


def mask_seen(scores: np.ndarray, histories: Sequences) -> np.ndarray:
    """Set the scores of seen items and padding to -inf, in place, and return the same array.

    scores: float (n, N + 1)
    histories: what each of the n users has seen; where they allow repeats, seen items keep their scores
    """
    seen = histories.excluded
    scores[np.repeat(np.arange(len(seen)), seen.lengths), seen.items] = -np.inf
    scores[:, 0] = -np.inf
    return scores


def who_met_what(sequences: Sequences, n_items: int) -> csr_matrix:
    """float32 (n, N + 1): 1 where an item is in a user's sequence, however often."""
    ones = np.ones(len(sequences.items), np.float32)
    met = csr_matrix((ones, sequences.items.astype(np.int32), sequences.offsets.copy()), (len(sequences), n_items + 1))
    met.sum_duplicates()
    met.data[:] = 1
    return met


def add_rows(scores: np.ndarray, matrix: csr_matrix, rows: np.ndarray, weight: float = 1.0) -> None:
    """Add a row of a sparse matrix, times a weight, to each row of some scores in place; no dense copy of it is made.

    scores: float32 (n, N + 1)
    matrix: float32 (m, N + 1), no column twice in a row
    rows: int64 (n,), which of the matrix's rows each row of the scores gets
    """
    begins, ends = matrix.indptr[rows], matrix.indptr[rows + 1]
    for row, begin, end in zip(scores, begins.tolist(), ends.tolist(), strict=True):
        row[matrix.indices[begin:end]] += weight * matrix.data[begin:end]


def top_k(scores: np.ndarray, k: int) -> RankedLists:
    """The k best items per row, -1 where fewer than k items are left.

    Ties go to the lower index, which favours no item: the catalogue numbers its items in a random order.

    scores: (n, N + 1) with -inf for what may not be recommended
    k: length of the lists
    """
    items = np.full((len(scores), min(k, scores.shape[1])), -1)
    kept = np.full(items.shape, np.nan, np.float32)
    for place, row in enumerate(scores):  # a row at a time: what selecting takes beside the scores stays small
        best = best_places(row, items.shape[1])
        valid = np.isfinite(row[best])
        items[place, valid], kept[place, valid] = best[valid], row[best[valid]]
    return RankedLists(items, kept).widened(k)


def best_places(row: np.ndarray, k: int) -> np.ndarray:
    """int64 (k,): where the k highest values of a row are, the highest first, ties by the lower place; NaN comes last.

    row: (m,), at least k values
    """
    costs = np.where(np.isnan(row), np.inf, -row)
    limit = np.partition(costs, k - 1)[k - 1]
    below = np.flatnonzero(costs < limit)  # fewer than k
    chosen = np.concatenate([below, np.flatnonzero(costs == limit)[: k - len(below)]])  # ties stay in rising order
    return chosen[np.argsort(costs[chosen], kind="stable")]


def target_ranks(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """int64 (n,): the 1-based rank of each target in the order of `top_k`; N + 1 where it may not be recommended.

    scores: (n, N + 1) with -inf for what may not be recommended
    targets: int64 (n,)
    """
    own = np.take_along_axis(scores, targets[:, None], axis=1)[:, 0]  # (n,)
    ahead = [  # a row at a time, while it is in the processor's cache: a third of the time that whole matrices take
        np.count_nonzero(row > score) + np.count_nonzero(row[:target] == score)
        for row, score, target in zip(scores, own, targets.tolist(), strict=True)
    ]
    return np.where(np.isfinite(own), np.array(ahead, np.int64) + 1, scores.shape[1])


def hints_from_scores(scores: np.ndarray, n: int) -> Hints:
    """The n best items per row with their softmax probabilities over unseen items; item -1 has probability 0.

    Counts (popularity, Markov) pass through the same softmax: their order means something, their probabilities little.

    scores: (n_cases, N + 1) with -inf for what may not be recommended
    n: hints per case
    """
    best = top_k(scores, n)
    highest = scores.max(axis=1, keepdims=True, initial=np.finfo(np.float32).min)  # finite where everything is seen
    total = np.exp(scores - highest).sum(axis=1, keepdims=True, dtype=np.float64)
    probabilities = np.exp(best.scores - highest) / total
    return Hints(best.items, np.where(best.items < 0, 0, probabilities).astype(np.float32))
