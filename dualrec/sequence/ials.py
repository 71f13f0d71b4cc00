"""iALS: factors of users and items for implicit feedback, by alternating least squares.

Hu, Koren and Volinsky (2008), Collaborative Filtering for Implicit Feedback Datasets, ICDM; well tuned it is a strong
opponent (Rendle et al. 2022, Revisiting the Performance of iALS on Item Recommendation Benchmarks, RecSys).
"""

from __future__ import annotations

from typing import Self

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares

from dualrec.config import IALSConfig
from dualrec.sequence.base import mask_seen, who_met_what
from dualrec.types import Cases, Sequences


class IALS:
    """Scores an item by its factors times those of the history, whose order is lost.

    A user of the test is folded in: the factors are solved for from the history, as in training.
    """

    def __init__(self, n_items: int, config: IALSConfig, seed: int):
        self.n_items = n_items
        self.config = config
        self.seed = seed

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Alternate between the factors of users and of items.

        train: one sequence per user
        validation: not used
        """
        config = self.config
        self.model = AlternatingLeastSquares(
            factors=config.factors,
            regularization=config.regularisation,
            alpha=config.alpha,
            iterations=config.epochs,
            num_threads=1,  # so that sums are added up in one order
            random_state=self.seed,
        )
        self.model.fit(who_met_what(train, self.n_items), show_progress=False)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        users = self.model.recalculate_user(np.arange(len(histories)), who_met_what(histories, self.n_items))
        return mask_seen(users @ self.model.item_factors.T, histories)
