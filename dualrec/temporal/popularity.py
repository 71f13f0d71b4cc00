"""Popularity: the same list for everybody, less what each has seen."""

from __future__ import annotations

from typing import Self

import numpy as np

from dualrec.temporal.base import mask_seen
from dualrec.types import Cases, Sequences


class Popularity:
    """Scores an item by its number of training events."""

    def __init__(self, n_items: int):
        self.n_items = n_items

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count; validation is not used."""
        self.counts = np.bincount(train.items, minlength=self.n_items + 1).astype(np.float32)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        return mask_seen(np.tile(self.counts, (len(histories), 1)), histories)
