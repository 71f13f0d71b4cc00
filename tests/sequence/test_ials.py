"""iALS: users are folded in as Hu et al. write it, seeds repeat themselves, and what people share is found."""

import numpy as np

from dualrec.config import IALSConfig
from dualrec.sequence.ials import IALS
from dualrec.types import Cases, Sequences

NOBODY = Cases(Sequences.from_lists([], []), np.empty(0, np.int64))
CONFIG = IALSConfig(factors=4, regularisation=0.5, alpha=3.0, epochs=8)
# two circles of people who share items 1 to 4, or 5 to 8
TASTES = [
    rng.permutation(items)[:3].tolist()
    for rng in [np.random.default_rng(0)]
    for items in ([1, 2, 3, 4], [5, 6, 7, 8]) * 10
]


def fitted(seed: int = 0) -> IALS:
    return IALS(9, CONFIG, seed).fit(Sequences.from_lists(range(len(TASTES)), TASTES), NOBODY)


def test_a_user_is_solved_for_from_the_history():
    """x = (Y'Y + (alpha - 1) of the met items + l2 I)^-1 alpha y: what is met weighs alpha, what is not 1."""
    model = fitted()
    history = [1, 3]
    y = model.model.item_factors.astype(np.float64)
    met = y[history]
    left = y.T @ y + (CONFIG.alpha - 1) * met.T @ met + CONFIG.regularisation * np.eye(4)
    expected = y @ np.linalg.solve(left, CONFIG.alpha * met.sum(axis=0))
    scores = model.scores(Sequences.from_lists([7], [history]))[0]
    open_items = np.setdiff1d(np.arange(1, 10), history)
    np.testing.assert_allclose(scores[open_items], expected[open_items], rtol=1e-3, atol=1e-4)
    assert np.isneginf(scores[[0, 1, 3]]).all()


def test_it_recommends_what_people_alike_have_met():
    scores = fitted().scores(Sequences.from_lists([0, 1], [[1, 2, 3], [6, 7, 8]]))
    assert scores.argmax(axis=1).tolist() == [4, 5]


def test_a_seed_repeats_itself_and_another_does_not():
    first, again, other = (fitted(seed).model.item_factors for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
