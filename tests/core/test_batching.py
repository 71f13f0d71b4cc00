import numpy as np

from dualrec.core.batching import length_batches, sorted_batches


def test_batches_hold_every_example_once_and_pad_little():
    lengths = list(range(100))
    parts = length_batches(lengths, 4, np.random.default_rng(0))
    assert sorted(np.concatenate(parts).tolist()) == lengths
    padding = sum(max(part) * len(part) - sum(part) for part in parts)
    assert padding < 0.25 * sum(
        max(p) * len(p) - sum(p) for p in np.random.default_rng(0).permutation(100).reshape(25, 4)
    )


def test_sorted_batches_hold_every_row_once_longest_first():
    found = sorted_batches([5, 1, 3, 1, 9], 2)
    assert [rows.tolist() for rows in found] == [[4, 0], [2, 1], [3]]
    assert sorted_batches([], 2) == []
