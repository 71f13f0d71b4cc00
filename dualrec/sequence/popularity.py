"""Popularity: recommends the same list to everybody, less what each has seen."""

from __future__ import annotations

from typing import Self

import numpy as np

from dualrec.sequence.base import mask_seen
from dualrec.types import Cases, Sequences


class Popularity:
    """Scores an item by its number of training events.

    n_items: size of the catalogue
    recent: count only so many last events of each user, which are nearest to what is predicted; None for all. Recent by
        place in a sequence, not by the clock: sequence models are not handed any times.
    """

    def __init__(self, n_items: int, recent: int | None = None):
        self.n_items = n_items
        self.recent = recent

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count events per item.

        train: one sequence per user
        validation: not used
        """
        # Where a sequence is shorter, `recent` pads with index 0, whose count `mask_seen` hides.
        items = train.items if self.recent is None else train.recent(self.recent).ravel()
        self.counts = np.bincount(items, minlength=self.n_items + 1).astype(np.float32)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        return mask_seen(np.tile(self.counts, (len(histories), 1)), histories)
