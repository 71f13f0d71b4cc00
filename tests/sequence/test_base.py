import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from dualrec.sequence.base import add_rows, hints_from_scores, mask_seen, target_ranks, top_k
from dualrec.types import Sequences

INF = np.inf


def test_mask_seen_removes_padding_and_each_users_own_items_only():
    histories = Sequences.from_lists([1, 2, 3], [[1, 3, 1], [], [2]])
    masked = mask_seen(np.arange(12, dtype=np.float32).reshape(3, 4), histories)
    np.testing.assert_array_equal(
        masked, np.array([[-INF, -INF, 2, -INF], [-INF, 5, 6, 7], [-INF, 9, -INF, 11]], np.float32)
    )


def test_where_repeats_are_allowed_only_padding_is_masked():
    histories = Sequences.from_lists([1, 2], [[1, 3, 1], []], repeats=True)
    masked = mask_seen(np.arange(8, dtype=np.float32).reshape(2, 4), histories)
    np.testing.assert_array_equal(masked, np.array([[-INF, 1, 2, 3], [-INF, 5, 6, 7]], np.float32))


def test_lists_have_k_places_in_a_catalogue_of_fewer_items():
    scores = np.array([[-INF, 2, 5, -INF]], np.float32)
    lists = top_k(scores, 10)
    assert lists.items.tolist() == [[2, 1, *[-1] * 8]] and lists.scores.shape == (1, 10)
    hints = hints_from_scores(scores, 10)
    assert hints.items.shape == hints.probabilities.shape == (1, 10) and hints.probabilities[0, 2:].sum() == 0


def test_top_k_breaks_ties_by_the_lower_index_and_fills_with_minus_one():
    scores = np.array([[-INF, 2, 5, 2, 5], [-INF, -INF, 1, -INF, -INF], [-INF] * 5], np.float32)
    lists = top_k(scores, 3)
    np.testing.assert_array_equal(lists.items, [[2, 4, 1], [2, -1, -1], [-1, -1, -1]])
    np.testing.assert_array_equal(lists.scores, np.array([[5, 5, 2], [1, np.nan, np.nan], [np.nan] * 3], np.float32))
    assert lists.items.dtype == np.int64


small_scores = arrays(np.float32, (4, 7), elements=st.sampled_from([-INF, -1.0, 0.0, 0.5, 2.0]))


@given(small_scores, st.integers(1, 7))
def test_top_k_equals_sorting_in_plain_python(scores, k):
    for row, items in zip(scores, top_k(scores, k).items, strict=True):
        best = sorted((i for i in range(7) if np.isfinite(row[i])), key=lambda i: (-row[i], i))[:k]
        assert items.tolist() == best + [-1] * (k - len(best))


@given(
    arrays(np.float32, (3, 40), elements=st.sampled_from([-INF, INF, np.nan, -1.0, -0.0, 0.0, 0.5])), st.integers(1, 60)
)
def test_top_k_is_the_beginning_of_a_stable_sort_byte_for_byte(scores, k):
    """Whatever the scores: many ties, both zeros, what is no number; and lists longer than the catalogue."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    items = np.where(np.isfinite(best), order, -1)
    kept = np.where(np.isfinite(best), best, np.nan).astype(np.float32)
    missing = ((0, 0), (0, max(k - 40, 0)))
    lists = top_k(scores, k)
    assert lists.items.tobytes() == np.pad(items, missing, constant_values=-1).tobytes()
    assert lists.scores.tobytes() == np.pad(kept, missing, constant_values=np.nan).tobytes()


def test_scores_that_differ_beyond_float32_are_no_tie():
    assert top_k(np.array([[-INF, 1.0, 1.0 + 1e-12, 1.0]]), 3).items.tolist() == [[2, 1, 3]]


@given(arrays(np.float32, (5, 7), elements=st.sampled_from([0.0, 0.0, 0.1, 3.0])), st.sampled_from([1.0, 0.3]))
def test_rows_of_a_sparse_matrix_are_added_as_those_of_a_dense_one(matrix, weight):
    rows = np.array([4, 0, 4])
    scores = np.linspace(0, 1, 21, dtype=np.float32).reshape(3, 7)
    expected = scores + weight * matrix[rows]
    add_rows(scores, csr_matrix(matrix), rows, weight)
    np.testing.assert_array_equal(scores, expected)


@given(small_scores, st.integers(0, 6))
def test_target_ranks_are_places_in_top_k(scores, target):
    ranks = target_ranks(scores, np.full(4, target))
    for rank, row, items in zip(ranks, scores, top_k(scores, 7).items, strict=True):
        assert rank == (items.tolist().index(target) + 1 if np.isfinite(row[target]) else 7)


def test_target_rank_worked_by_hand():
    scores = np.array([[-INF, 3, 3, 1], [-INF, 3, 3, 1], [-INF, 3, -INF, 1]], np.float32)
    assert target_ranks(scores, np.array([1, 2, 2])).tolist() == [1, 2, 4]


def test_hints_are_a_softmax_over_unseen_items():
    scores = np.log(np.array([[1e-30, 1, 2, 5]], np.float32))
    scores[0, 0] = -INF
    found = hints_from_scores(scores, 2)
    assert found.items.tolist() == [[3, 2]]
    np.testing.assert_allclose(found.probabilities, [[5 / 8, 2 / 8]], rtol=1e-6)


def test_hints_survive_users_with_too_little_left():
    scores = np.array([[-INF, -INF, 4.0, -INF], [-INF] * 4], np.float32)
    found = hints_from_scores(scores, 2)
    assert found.items.tolist() == [[2, -1], [-1, -1]]
    np.testing.assert_array_equal(found.probabilities, [[1, 0], [0, 0]])


@pytest.mark.parametrize("shift", [0.0, 500.0, -500.0])
def test_hints_do_not_overflow(shift):
    scores = np.array([[-INF, 1.0, 2.0]], np.float32) + np.float32(shift)
    np.testing.assert_allclose(hints_from_scores(scores, 2).probabilities, [[0.731059, 0.268941]], atol=1e-5)
