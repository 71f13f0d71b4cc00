import numpy as np

from dualrec.rerank.similarity import rerank_by_hint
from dualrec.types import Hints, RankedLists


def test_rerank_by_hint_is_hand_worked():
    vectors = np.array([[0, 0], [1, 0], [0.6, 0.8], [0, 1]], np.float32)
    lists = RankedLists(np.array([[3, 2, 1, -1], [-1, 1, 3, 2]]))
    hints = Hints(np.array([[1], [3]]), np.ones((2, 1), np.float32))
    out = rerank_by_hint(lists, hints, vectors)
    assert out.items.tolist() == [[1, 2, 3, -1], [3, 2, 1, -1]]
    np.testing.assert_allclose(out.scores, [[1, 0.6, 0, np.nan], [1, 0.8, 0, np.nan]], atol=1e-6)


def test_ties_keep_their_order():
    vectors = np.array([[0, 0], [1, 0], [1, 0]], np.float32)
    out = rerank_by_hint(RankedLists(np.array([[2, 1]])), Hints(np.array([[1]]), np.ones((1, 1), np.float32)), vectors)
    assert out.items.tolist() == [[2, 1]]
