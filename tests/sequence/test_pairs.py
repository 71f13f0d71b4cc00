"""Counts of what followed what: against plain Python, whatever the size of a block."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.sequence import pairs
from dualrec.sequence.pairs import count_pairs
from dualrec.types import Sequences

N = 6
SEQUENCES = st.lists(st.lists(st.integers(1, N), max_size=8), min_size=1, max_size=6)


@given(SEQUENCES, st.integers(1, 4), st.sampled_from([1.0, 0.5, 0.85]), st.sampled_from([1, 3, 2**20]))
def test_pairs_are_those_of_plain_python(sequences, window, decay, block):
    expected = defaultdict(float)
    for sequence in sequences:
        for place, first in enumerate(sequence):
            for gap, second in enumerate(sequence[place + 1 : place + 1 + window], start=1):
                expected[first, second] += decay ** (gap - 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "BLOCK_EVENTS", block)
        counts = count_pairs(Sequences.from_lists(range(len(sequences)), sequences), N + 1, window, decay)
    assert counts.shape == (N + 1, N + 1) and counts.dtype == np.float32 and counts.has_canonical_format
    dense = counts.toarray()
    assert {(int(a), int(b)) for a, b in np.argwhere(dense)} == expected.keys()
    assert all(dense[pair] == pytest.approx(count) for pair, count in expected.items())


@given(SEQUENCES, st.integers(1, 5))
def test_the_size_of_a_block_changes_no_bit(sequences, block):
    train = Sequences.from_lists(range(len(sequences)), sequences)
    whole = count_pairs(train, N + 1, 4, 0.85)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "BLOCK_EVENTS", block)
        blocks = count_pairs(train, N + 1, 4, 0.85)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(blocks, name))
