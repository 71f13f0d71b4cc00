"""Item-based nearest neighbours: recommends movies that the viewers of the last few movies watched, too.

Sarwar et al. (2001), Item-Based Collaborative Filtering Recommendation Algorithms, WWW; with a shrunk cosine.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix, vstack

from dualrec.config import NeighbourConfig
from dualrec.sequence.base import add_rows, best_places, mask_seen
from dualrec.types import Cases, Sequences

BLOCK_PAIRS = 2**21  # of items, whose common users are counted at once


class ItemKNN:
    """Scores an item by its similarity to the last `history` movies; each movie knows its `neighbours` nearest items.

    Similarity: common users / (sqrt(users of one * users of the other) + shrinkage). Shrinkage distrusts pairs of rare
    movies.
    """

    def __init__(self, n_items: int, config: NeighbourConfig):
        self.n_items = n_items
        self.config = config

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Count common users, for a block of items at a time, of whose neighbours only the nearest are kept.

        train: one sequence per user
        validation: not used
        """
        size = self.n_items + 1
        ones = np.ones(len(train.items), np.float32)
        watched = csr_matrix((ones, train.items.astype(np.int32), train.offsets.copy()), shape=(len(train), size))
        watched.sum_duplicates()
        watched.data[:] = 1  # watching twice is watching
        n_users = np.bincount(watched.indices, minlength=size).astype(np.float32)  # (N + 1,)
        by_item = watched.T.tocsr()
        rows = max(1, BLOCK_PAIRS // size)
        blocks = [
            self._nearest(by_item[first : first + rows] @ watched, first, n_users) for first in range(0, size, rows)
        ]
        self.similarity = csr_matrix(vstack(blocks))
        return self

    def _nearest(self, common: csr_matrix, first: int, n_users: np.ndarray) -> csr_matrix:
        """float32 (m, N + 1): the similarities of some items to their nearest neighbours.

        common: float32 (m, N + 1), users that each of the m items shares with every other
        first: the lowest of these items, which follow each other
        n_users: float32 (N + 1,)
        """
        common.sort_indices()
        lengths = np.diff(common.indptr)
        rows, columns = np.repeat(np.arange(len(lengths)), lengths), common.indices
        cosine = common.data / (np.sqrt(n_users[rows + first] * n_users[columns]) + self.config.shrinkage)
        similarity = np.where(rows + first == columns, 0, cosine)
        places = [np.empty(0, np.int64)]  # all there is where no item of the block was ever watched
        for begin, end in pairwise(int(bound) for bound in common.indptr):
            if begin < end:
                places.append(begin + best_places(similarity[begin:end], min(self.config.neighbours, end - begin)))
        nearest = np.concatenate(places)
        return csr_matrix((similarity[nearest], (rows[nearest], columns[nearest])), shape=common.shape)

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        # (n, history); 0 where a history is shorter, and row 0 of the similarities is empty
        recent = histories.recent(self.config.history)
        scores = np.zeros((len(histories), self.n_items + 1), np.float32)
        for position in range(recent.shape[1]):
            add_rows(scores, self.similarity, recent[:, position])
        return mask_seen(scores, histories)
