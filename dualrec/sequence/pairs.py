"""How often one item followed another within a few steps, counted a block of items at a time to keep memory small."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from dualrec.types import Sequences

BLOCK_EVENTS = 2**20  # first events of pairs that are counted at once


def count_pairs(train: Sequences, size: int, window: int = 1, decay: float = 1.0) -> csr_matrix:
    """float32 (size, size): per item (row), what followed it (column); g steps later counts decay^(g - 1).

    Beside the counts it takes memory in proportion to the events.

    train: one sequence per user
    size: N + 1
    window: steps between the two of a pair, at most
    decay: what is left of a pair's weight one step further
    """
    ends = np.repeat(train.offsets[1:], train.lengths)  # (n_events,) where the sequence of each event ends
    by_item = np.argsort(train.items, kind="stable")  # (n_events,)
    begins = np.searchsorted(train.items, np.arange(size + 1), sorter=by_item)  # (size + 1,) of each item in `by_item`
    weights, followers, lengths = [], [], [np.zeros(1, np.int64)]
    first = 0
    while first < size:
        # as many items as have so many events together, at least one
        last = max(int(np.searchsorted(begins, begins[first] + BLOCK_EVENTS, side="right")) - 1, first + 1)
        events = by_item[begins[first] : begins[last]]
        counts = csr_matrix((last - first, size), dtype=np.float32)
        for gap in range(1, window + 1):
            events = events[events + gap < ends[events]]
            rows, columns = train.items[events] - first, train.items[events + gap]
            alike = np.full(len(events), decay ** (gap - 1), np.float32)
            counts += csr_matrix((alike, (rows, columns)), shape=counts.shape)
        weights.append(counts.data)
        followers.append(counts.indices)
        lengths.append(np.diff(counts.indptr))
        first = last
    del ends, by_item, events
    data, indices = _moved(weights), _moved(followers)
    return csr_matrix((data, indices, np.cumsum(np.concatenate(lengths))), shape=(size, size))


def _moved(blocks: list[np.ndarray]) -> np.ndarray:
    """The blocks as one array; each is taken off the list and freed when it has been copied, so none is held twice.

    blocks: at least one, all of the same type
    """
    whole = np.empty(sum(map(len, blocks)), blocks[0].dtype)
    start = 0
    while blocks:
        block = blocks.pop(0)
        whole[start : start + len(block)] = block
        start += len(block)
    return whole
