"""A first-order Markov chain: recommends what followed the last item in the training sequences."""

from __future__ import annotations

from typing import Self

import numpy as np

from dualrec.sequence.base import add_rows, mask_seen
from dualrec.sequence.pairs import count_pairs
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
        size = self.n_items + 1
        self.counts = count_pairs(train, size)
        popularity = np.bincount(train.items, minlength=size)
        self.backoff = (popularity / (popularity.max() + 1)).astype(np.float32)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        scores = np.tile(self.backoff, (len(histories), 1))
        add_rows(scores, self.counts, histories.recent(1)[:, 0])
        return mask_seen(scores, histories)
