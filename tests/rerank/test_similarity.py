import numpy as np
import pytest

from dualrec.data.title_vectors import title_vectors
from dualrec.rerank.similarity import rerank_by_hint
from dualrec.types import Hints, RankedLists


@pytest.mark.slow
def test_real_encoder_places_related_titles_together_and_is_kept(toy_catalogue, tmp_path):
    vectors = title_vectors(toy_catalogue, "all-minilm-l6-v2", tmp_path / "titles")
    assert vectors.shape == (9, 384) and not vectors[0].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[1:], axis=1), 1, rtol=1e-5)
    assert vectors[2] @ vectors[7] > 0.999  # the same title twice
    assert vectors[1] @ vectors[4] > vectors[1] @ vectors[3]  # Toy Story is nearer to a fairy tale than to a postman
    np.testing.assert_array_equal(title_vectors(toy_catalogue, "all-minilm-l6-v2", tmp_path / "titles"), vectors)


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
