import numpy as np

from dualrec.core.batching import length_batches, mixed_batches, sorted_batches


def test_batches_hold_every_example_once_and_pad_little():
    lengths = list(range(100))
    parts = length_batches(lengths, 4, np.random.default_rng(0))
    assert sorted(np.concatenate(parts).tolist()) == lengths
    padding = sum(max(part) * len(part) - sum(part) for part in parts)
    assert padding < 0.25 * sum(
        max(p) * len(p) - sum(p) for p in np.random.default_rng(0).permutation(100).reshape(25, 4)
    )


def test_mixed_batches_hold_every_row_once_and_know_no_length():
    parts = mixed_batches(10, 4, np.random.default_rng(0))
    assert [len(rows) for rows in parts] == [4, 4, 2] and sorted(np.concatenate(parts).tolist()) == list(range(10))
    again = mixed_batches(10, 4, np.random.default_rng(1))
    assert [rows.tolist() for rows in parts] != [rows.tolist() for rows in again]
    assert mixed_batches(0, 4, np.random.default_rng(0)) == []


def test_sorted_batches_hold_every_row_once_longest_first():
    found = sorted_batches([5, 1, 3, 1, 9], 2)
    assert [rows.tolist() for rows in found] == [[4, 0], [2, 1], [3]]
    assert sorted_batches([], 2) == []
