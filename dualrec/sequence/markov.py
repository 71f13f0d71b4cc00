"""A first-order Markov chain: recommends what followed the last movie in the training sequences."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from dualrec.sequence.base import mask_seen
from dualrec.types import Cases, Sequences


class Markov:
    """Scores an item by how often it directly followed the last one.

    Popularity, scaled below one event, breaks ties.
    """

    def __init__(self, n_items: int):
        self.n_items = n_items

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count consecutive pairs.

        train: one sequence per user
        validation: not used
        """
        follows = np.ones(len(train.items), bool)
        follows[train.offsets[:-1]] = False  # a user's first event follows nothing
        second = np.flatnonzero(follows)
        pairs = (train.items[second - 1], train.items[second])
        size = self.n_items + 1
        self.counts = csr_matrix((np.ones(len(second), np.float32), pairs), shape=(size, size))
        popularity = np.bincount(train.items, minlength=size)
        self.backoff = (popularity / (popularity.max() + 1)).astype(np.float32)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        last = histories.recent(1)[:, 0]
        return mask_seen(self.counts[last].toarray() + self.backoff, histories)
