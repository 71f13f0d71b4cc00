"""Places of targets, by hand."""

import numpy as np

from dualrec.evaluation.ranks import list_ranks, ndcg


def test_the_rank_is_the_first_place_of_the_target_and_infinite_without_one():
    items = np.array([[5, 7, 9], [7, 5, 9], [9, -1, -1], [-1, -1, -1]])
    assert list_ranks(items, np.array([5, 5, 5, 5])).tolist() == [1, 2, np.inf, np.inf]
    assert list_ranks(items, np.array([9, 9, 9, 9])).tolist() == [3, 3, 1, np.inf]


def test_ndcg_discounts_the_place_and_ends_at_k():
    assert ndcg(np.array([1, 2, 3, 4, np.inf]), 3).tolist() == [1, 1 / np.log2(3), 0.5, 0, 0]
