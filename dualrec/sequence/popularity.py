"""Popularity: the same list for everybody, less what each has seen."""

from __future__ import annotations

from typing import Self

import numpy as np

from dualrec.sequence.base import mask_seen
from dualrec.types import Cases, Sequences


class Popularity:
    """Scores an item by its number of training events.

    recent: count the last events of each user only, which are nearest to what is predicted; None for all. Recent by place in a
    sequence, not by the clock, which the temporal interface does not hand over.
    """

    def __init__(self, n_items: int, recent: int | None = None):
        self.n_items, self.recent = n_items, recent

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count; validation is not used."""
        items = train.items if self.recent is None else train.recent(self.recent).ravel()  # index 0, padding, is masked
        self.counts = np.bincount(items, minlength=self.n_items + 1).astype(np.float32)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        return mask_seen(np.tile(self.counts, (len(histories), 1)), histories)
