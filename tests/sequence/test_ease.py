"""EASE: by hand, and against one ridge regression per item."""

import numpy as np
import pytest

from dualrec.config import EASEConfig
from dualrec.core.errors import StudyError
from dualrec.sequence import ease
from dualrec.sequence.ease import EASE
from dualrec.types import Cases, Sequences

NOBODY = Cases(Sequences.from_lists([], []), np.empty(0, np.int64))


def fitted(sequences: list[list[int]], n_items: int, l2: float) -> EASE:
    return EASE(n_items, EASEConfig(l2)).fit(Sequences.from_lists(range(len(sequences)), sequences), NOBODY)


def test_two_items_by_hand():
    """Three users met 1, two of them 2 as well: a weight w from 1 to 2 has the error 2 (1 - w)^2 + w^2 + l2 w^2."""
    weights = fitted([[1, 2], [2, 1], [1]], 2, l2=1.0).weights
    np.testing.assert_allclose(weights[1, 2], 2 / (3 + 1), rtol=1e-6)
    np.testing.assert_allclose(weights[2, 1], 2 / (2 + 1), rtol=1e-6)
    assert (np.diag(weights) == 0).all()


def test_every_item_is_a_ridge_regression_on_the_others():
    rng = np.random.default_rng(0)
    sequences = [rng.choice(np.arange(1, 13), size=rng.integers(1, 9), replace=False).tolist() for _ in range(40)]
    weights = fitted(sequences, 12, l2=3.0).weights
    met = np.zeros((40, 13))
    for user, sequence in enumerate(sequences):
        met[user, sequence] = 1
    for item in range(1, 13):
        others = np.delete(np.arange(13), item)
        gram = met[:, others].T @ met[:, others] + 3.0 * np.eye(12)
        expected = np.linalg.solve(gram, met[:, others].T @ met[:, item])
        np.testing.assert_allclose(weights[others, item], expected, atol=1e-5)


def test_scores_add_up_what_was_met_and_hide_it():
    model = fitted([[1, 2], [2, 1], [1, 3], [3, 2]], 4, l2=1.0)
    scores = model.scores(Sequences.from_lists([0, 1], [[1, 1], [2, 3]]))
    assert scores.dtype == np.float32 and np.isneginf(scores[:, 0]).all()
    assert np.isneginf(scores[0, 1]) and np.isneginf(scores[1, [2, 3]]).all()
    np.testing.assert_allclose(scores[0, 2], model.weights[1, 2], rtol=1e-6)  # met twice counts once
    np.testing.assert_allclose(scores[1, 1], model.weights[2, 1] + model.weights[3, 1], rtol=1e-6)
    assert scores[0, 4] == 0, "nobody met it"


def test_the_order_of_a_history_is_lost():
    model = fitted([[1, 2, 3], [3, 1], [2, 4]], 4, l2=1.0)
    forwards, backwards = model.scores(Sequences.from_lists([0, 1], [[1, 2], [2, 1]]))
    np.testing.assert_array_equal(forwards, backwards)


def test_too_many_items_are_refused_before_memory_is_taken(monkeypatch):
    monkeypatch.setattr(ease, "LARGEST", 3)
    with pytest.raises(StudyError, match="all 3 items by all of them, and 3 are the most"):
        fitted([[1, 2]], 3, l2=1.0)
