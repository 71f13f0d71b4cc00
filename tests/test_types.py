"""Sequences and Cases against plain Python lists."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.types import Cases, Hints, RankedLists, Sequences

sequences_strategy = st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=6)


def lists(sequences):
    return [sequences.sequence(i).tolist() for i in range(len(sequences))]


def build(rows):
    return Sequences.from_lists([10 * i for i in range(len(rows))], rows)


def test_by_hand():
    sequences = Sequences.from_lists([7, 3, 5], iter([[1, 2, 3], [], [4]]))
    assert len(sequences) == 3 and sequences.lengths.tolist() == [3, 0, 1]
    assert sequences.offsets.tolist() == [0, 3, 3, 4] and sequences.items.tolist() == [1, 2, 3, 4]
    assert sequences.recent(2).tolist() == [[2, 3], [0, 0], [0, 4]]
    assert lists(sequences.drop_last(1)) == [[1, 2]] and sequences.drop_last(1).users.tolist() == [7]
    assert sequences.take([2, 0, 2]).users.tolist() == [5, 7, 5]
    assert lists(sequences.take([2, 0, 2])) == [[4], [1, 2, 3], [4]]


@given(sequences_strategy)
def test_lists_come_back(rows):
    sequences = build(rows)
    assert lists(sequences) == rows
    assert all(a.dtype == np.int64 for a in (sequences.users, sequences.offsets, sequences.items))


@given(sequences_strategy, st.integers(0, 8))
def test_recent_is_the_padded_end(rows, k):
    recent = build(rows).recent(k)
    assert recent.shape == (len(rows), k)
    assert recent.tolist() == [([0] * k + row)[len(row) :] for row in rows]


@given(sequences_strategy, st.integers(0, 8))
def test_drop_last_drops_those_left_with_nothing(rows, k):
    dropped = build(rows).drop_last(k)
    kept = [i for i, row in enumerate(rows) if len(row) > k]
    assert dropped.users.tolist() == [10 * i for i in kept]
    assert lists(dropped) == [rows[i][: len(rows[i]) - k] for i in kept]


@given(sequences_strategy.filter(len), st.data())
def test_take_follows_numbers_and_masks(rows, data):
    chosen = data.draw(st.lists(st.integers(-len(rows), len(rows) - 1)))
    taken = build(rows).take(chosen)
    assert lists(taken) == [rows[i] for i in chosen]
    assert taken.users.tolist() == [10 * (i % len(rows)) for i in chosen]
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    assert lists(build(rows).take(mask)) == [row for row, wanted in zip(rows, mask, strict=True) if wanted]


def cases(n):
    return Cases(Sequences.from_lists(range(100, 100 + n), [[i + 1] for i in range(n)]), np.arange(n) + 50)


def test_cases_keep_users_histories_and_targets_together():
    taken = cases(5).take([3, 1])
    assert (
        taken.users.tolist() == [103, 101] and taken.targets.tolist() == [53, 51] and lists(taken.history) == [[4], [2]]
    )


@pytest.mark.parametrize("n", [0, 20, 21])
def test_a_sample_of_all_is_all(n):
    assert cases(20).sample(n, seed=0).users.tolist() == cases(20).users.tolist()


def test_a_sample_is_seeded_ordered_and_without_repeats():
    a, again, b = cases(100).sample(10, 0), cases(100).sample(10, 0), cases(100).sample(10, 1)
    assert a.users.tolist() == again.users.tolist() != b.users.tolist()
    assert len(a) == 10 and (np.diff(a.users) > 0).all()
    assert (a.targets - a.users == -50).all()
    assert len(set(cases(100).sample(99, 0).users.tolist())) == 99


def test_hints_and_lists_count_cases():
    hints = Hints(np.array([[1, 2], [3, 4]]), np.array([[0.7, 0.3], [0.6, 0.4]], np.float32))
    assert len(hints) == 2 and hints.take([1]).items.tolist() == [[3, 4]] and len(hints.take([1]).probabilities) == 1
    assert len(RankedLists(np.full((4, 10), -1))) == 4


def test_what_may_not_be_recommended_is_what_was_seen_or_nothing():
    seen = build([[1, 2, 1], [], [3]])
    again = replace(seen, repeats=True)
    assert seen.excluded is seen
    assert lists(again.excluded) == [[], [], []] and again.excluded.users.tolist() == seen.users.tolist()
    parts = [again.take([0, 2]), again.drop_last(1), again.first(np.array([0]), np.array([2])), again.shuffled(0)]
    assert all(part.repeats for part in parts) and Sequences.from_lists([1], [[2]], repeats=True).repeats
    assert not any(part.repeats for part in (seen.take([0]), seen.drop_last(1), seen.shuffled(0)))


def test_lists_grow_to_their_width_and_never_shrink():
    narrow = RankedLists(np.array([[2, 1]]), np.array([[1.0, 0.5]], np.float32), ["text"], {"seen": np.array([3])}, 7.0)
    wide = narrow.widened(4)
    assert wide.items.tolist() == [[2, 1, -1, -1]] and wide.items.dtype == np.int64
    np.testing.assert_array_equal(wide.scores, np.array([[1, 0.5, np.nan, np.nan]], np.float32))
    assert (wide.raw, wide.counts, wide.seconds) == (narrow.raw, narrow.counts, narrow.seconds)
    assert narrow.widened(1).items.tolist() == [[2, 1]] and RankedLists(narrow.items).widened(3).scores is None


def test_shuffled_keeps_every_users_events():
    sequences = Sequences.from_lists([5, 6, 7], [range(1, 31), [4], []])
    mixed = sequences.shuffled(0)
    assert mixed.sequence(0).tolist() != sequences.sequence(0).tolist()
    assert [sorted(mixed.sequence(i)) for i in range(3)] == [sorted(sequences.sequence(i)) for i in range(3)]
    assert mixed.items.tolist() == sequences.shuffled(0).items.tolist() != sequences.shuffled(1).items.tolist()
