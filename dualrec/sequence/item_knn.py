"""Item-based nearest neighbours: recommends what those who saw the last few items saw, too.

Sarwar et al. (2001), Item-Based Collaborative Filtering Recommendation Algorithms, WWW; with a shrunk cosine.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from dualrec.config import NeighbourConfig
from dualrec.sequence.base import add_rows, best_places, mask_seen, who_met_what
from dualrec.types import Cases, Sequences

BLOCK_PAIRS = 2**21  # of items, whose common users are counted at once


class ItemKNN:
    """Scores an item by its similarity to the last `history` items; each item knows its `neighbours` nearest items.

    Similarity: common users / (sqrt(users of one * users of the other) + shrinkage). Shrinkage distrusts pairs of rare
    items.
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
        seen = who_met_what(train, self.n_items)
        n_users = np.bincount(seen.indices, minlength=size).astype(np.float32)  # (N + 1,)
        by_item = seen.T.tocsr()
        rows = max(1, BLOCK_PAIRS // size)
        similarities, neighbours, lengths = [], [], [0]
        for first in range(0, size, rows):
            common = by_item[first : first + rows] @ seen  # users that an item shares with every other
            for item, (begin, end) in enumerate(pairwise(int(bound) for bound in common.indptr), start=first):
                columns, shared = common.indices[begin:end], common.data[begin:end]
                cosine = shared / (np.sqrt(n_users[item] * n_users[columns]) + self.config.shrinkage)
                similarity = np.where(columns == item, 0, cosine)
                best = self._nearest(similarity, columns)
                similarities.append(similarity[best])
                neighbours.append(columns[best])
                lengths.append(len(best))
        arrays = (np.concatenate(similarities), np.concatenate(neighbours), np.cumsum(lengths))
        self.similarity = csr_matrix(arrays, shape=(size, size))
        return self

    def _nearest(self, similarity: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """int64 (at most `neighbours`,): the places of the highest similarities, ties to the lower column.

        similarity: float32 (m,)
        columns: int32 (m,), in any order
        """
        k = min(self.config.neighbours, len(similarity))
        if not k:
            return np.empty(0, np.int64)
        near = np.flatnonzero(similarity >= np.partition(similarity, -k)[-k])  # few, so that few have to be sorted
        near = near[np.argsort(columns[near])]
        return near[best_places(similarity[near], k)]

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        # (n, history); 0 where a history is shorter, and row 0 of the similarities is empty
        recent = histories.recent(self.config.history)
        scores = np.zeros((len(histories), self.n_items + 1), np.float32)
        for position in range(recent.shape[1]):
            add_rows(scores, self.similarity, recent[:, position])
        return mask_seen(scores, histories)
