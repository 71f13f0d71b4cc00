"""Item-based nearest neighbours: movies watched by the same people as the last few.

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
    """Scores an item by its similarity to the last `history` movies, each of which knows its `neighbours` nearest items.

    Similarity: common users / (sqrt(users of one * users of the other) + shrinkage), which distrusts pairs of rare movies
    """

    def __init__(self, n_items: int, config: NeighbourConfig):
        self.n_items, self.config = n_items, config

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count common users; validation is not used."""
        size = self.n_items + 1
        user = np.repeat(np.arange(len(train)), train.lengths)
        watched = csr_matrix((np.ones(len(user), np.float32), (user, train.items)), shape=(len(train), size))
        watched.data[:] = 1  # watching twice is watching
        users = np.asarray(watched.sum(axis=0)).ravel()
        common = coo_matrix(watched.T @ watched)
        rows, columns = common.coords
        similarity = np.where(rows == columns, 0, common.data / (np.sqrt(users[rows] * users[columns]) + self.config.shrinkage))
        order = np.lexsort((columns, -similarity, rows))  # best neighbours first within a row, ties to the lower index
        place = np.arange(len(order)) - np.searchsorted(rows[order], rows[order])
        kept = order[place < self.config.neighbours]
        self.similarity = csr_matrix((similarity[kept].astype(np.float32), (rows[kept], columns[kept])), shape=(size, size))
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        recent = histories.recent(self.config.history)  # (n, history); 0 where a history is shorter, and row 0 is empty
        scores = np.zeros((len(histories), self.n_items + 1), np.float32)
        for place in range(recent.shape[1]):
            scores += self.similarity[recent[:, place]].toarray()
        return mask_seen(scores, histories)
