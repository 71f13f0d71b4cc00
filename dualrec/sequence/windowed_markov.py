"""A windowed Markov chain: recommends what followed the last items within a few steps; near steps weigh more."""

from __future__ import annotations

from typing import Self

import numpy as np

from dualrec.config import WindowConfig
from dualrec.sequence.base import add_rows, mask_seen
from dualrec.sequence.pairs import count_pairs
from dualrec.types import Cases, Sequences


class WindowedMarkov:
    """Scores an item by the transitions that lead to it from the last `window` items.

    A pair of items g steps apart counts decay^(g - 1), per event of the first; the item seen g steps ago weighs the
    same. Popularity, scaled far below one transition, breaks ties.
    """

    def __init__(self, n_items: int, config: WindowConfig):
        self.n_items = n_items
        self.config = config

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count pairs within the window.

        train: one sequence per user
        validation: not used
        """
        size = self.n_items + 1
        self.transitions = count_pairs(train, size, self.config.window, self.config.decay)
        popularity = np.bincount(train.items, minlength=size).astype(np.float32)
        self.transitions.data *= np.repeat(1 / np.maximum(popularity, 1), np.diff(self.transitions.indptr))
        self.backoff = 1e-4 * popularity / max(popularity.max(), 1)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        # (n, window); 0 where a history is shorter, and row 0 of the transitions is empty
        recent = histories.recent(self.config.window)
        scores = np.tile(self.backoff, (len(histories), 1))
        for gap in range(1, self.config.window + 1):
            add_rows(scores, self.transitions, recent[:, -gap], self.config.decay ** (gap - 1))
        return mask_seen(scores, histories)
