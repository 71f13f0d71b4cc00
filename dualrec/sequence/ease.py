"""EASE: a linear model of items by items, solved in closed form.

Steck (2019), Embarrassingly Shallow Autoencoders for Sparse Data, WWW.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from dualrec.config import EASEConfig
from dualrec.core.errors import StudyError
from dualrec.sequence.base import mask_seen, who_met_what
from dualrec.types import Cases, Sequences

LARGEST = 40_000  # items; of as many one table takes 6 GiB, and inverting it two


class EASE:
    """Scores an item by the weights that everything in the history has for it; the order of the history is lost.

    The weights foretell every user's items from the user's other items with the least squared error and an L2 penalty.
    """

    def __init__(self, n_items: int, config: EASEConfig):
        self.n_items = n_items
        self.config = config

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Solve for the weights: with P = (X'X + l2 I)^-1 they are -P_ij / P_jj, and 0 for an item itself.

        train: one sequence per user
        validation: not used

        Raises StudyError where the table of items by items would be too large.
        """
        size = self.n_items + 1
        if size > LARGEST:
            raise StudyError(
                f"EASE holds a table of all {self.n_items:,} items by all of them, and {LARGEST:,} are the most; "
                "leave it out, or take fewer items"
            )
        users = who_met_what(train, self.n_items)
        gram = (users.T @ users).toarray()  # float32 (N + 1, N + 1)
        gram[np.diag_indices(size)] += self.config.l2
        inverse = np.linalg.inv(gram)
        self.weights = inverse / -np.diag(inverse)
        self.weights[np.diag_indices(size)] = 0
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        return mask_seen(who_met_what(histories, self.n_items) @ self.weights, histories)
