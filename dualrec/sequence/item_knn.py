"""Item-based nearest neighbours: recommends movies that the viewers of the last few movies watched, too.

Sarwar et al. (2001), Item-Based Collaborative Filtering Recommendation Algorithms, WWW; with a shrunk cosine.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

from dualrec.config import NeighbourConfig
from dualrec.sequence.base import mask_seen
from dualrec.types import Cases, Sequences


class ItemKNN:
    """Scores an item by its similarity to the last `history` movies; each movie knows its `neighbours` nearest items.

    Similarity: common users / (sqrt(users of one * users of the other) + shrinkage). Shrinkage distrusts pairs of rare
    movies.
    """

    def __init__(self, n_items: int, config: NeighbourConfig):
        self.n_items = n_items
        self.config = config

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count common users.

        train: one sequence per user
        validation: not used
        """
        size = self.n_items + 1
        user_rows = np.repeat(np.arange(len(train)), train.lengths)
        ones = np.ones(len(user_rows), np.float32)
        watched = csr_matrix((ones, (user_rows, train.items)), shape=(len(train), size))
        watched.data[:] = 1  # watching twice is watching
        n_users = np.asarray(watched.sum(axis=0)).ravel()  # (N + 1,)
        common = coo_matrix(watched.T @ watched)
        rows, columns = common.coords
        cosine = common.data / (np.sqrt(n_users[rows] * n_users[columns]) + self.config.shrinkage)
        similarity = np.where(rows == columns, 0, cosine)
        order = np.lexsort((columns, -similarity, rows))  # best neighbours first within a row, ties to the lower index
        rank = np.arange(len(order)) - np.searchsorted(rows[order], rows[order])  # from 0, within a row
        nearest = order[rank < self.config.neighbours]
        values = similarity[nearest].astype(np.float32)
        self.similarity = csr_matrix((values, (rows[nearest], columns[nearest])), shape=(size, size))
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        # (n, history); 0 where a history is shorter, and row 0 of the similarities is empty
        recent = histories.recent(self.config.history)
        scores = np.zeros((len(histories), self.n_items + 1), np.float32)
        for position in range(recent.shape[1]):
            scores += self.similarity[recent[:, position]].toarray()
        return mask_seen(scores, histories)
