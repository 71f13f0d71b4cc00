import numpy as np
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.candidates import keep_candidates

N = 30
SCORES = np.random.default_rng(0).normal(size=(200, N + 1)).astype(np.float32)
SCORES[:, 0] = -np.inf
SCORES[:, 7] = -np.inf  # seen by everybody
TARGETS = np.random.default_rng(1).integers(8, N + 1, 200)
POPULARITY = np.r_[0, np.full(N - 1, 1), 50]  # item 30 is most of what happens

rng = np.random.default_rng


@pytest.mark.parametrize("kind", ["uniform", "popular"])
def test_the_target_and_n_others_keep_their_scores(kind):
    kept = keep_candidates(SCORES, TARGETS, kind, POPULARITY, 10, rng(0))
    finite = np.isfinite(kept)
    assert (finite.sum(axis=1) == 11).all() and finite[np.arange(200), TARGETS].all() and not finite[:, [0, 7]].any()
    np.testing.assert_array_equal(kept[finite], SCORES[finite])


def test_popular_candidates_are_drawn_by_their_events():
    shares = {
        kind: np.isfinite(keep_candidates(SCORES, TARGETS, kind, POPULARITY, 3, rng(0)))[TARGETS != 30, 30].mean()
        for kind in ("uniform", "popular")
    }
    assert shares["uniform"] == pytest.approx(3 / 28, abs=0.06) and shares["popular"] > 0.9


def test_uniform_candidates_are_drawn_alike():
    counts = sum(
        np.isfinite(keep_candidates(SCORES, TARGETS, "uniform", POPULARITY, 5, rng(seed))).sum(axis=0)
        for seed in range(50)
    )
    others = counts[1:7]  # never a target
    assert others.std() / others.mean() < 0.05


def test_the_draw_does_not_depend_on_the_scores():
    other = np.where(np.isfinite(SCORES), -SCORES, -np.inf)
    first, second = (
        np.isfinite(keep_candidates(s, TARGETS, "popular", POPULARITY, 10, rng(3))) for s in (SCORES, other)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != np.isfinite(keep_candidates(SCORES, TARGETS, "popular", POPULARITY, 10, rng(4)))).any()


@pytest.mark.parametrize("kind", ["uniform", "popular"])
def test_batches_of_cases_draw_what_all_at_once_draw(kind):
    one = rng(2)
    batches = [
        keep_candidates(SCORES[rows], TARGETS[rows], kind, POPULARITY, 10, one)
        for rows in (slice(0, 1), slice(1, 64), slice(64, 200))
    ]
    whole = keep_candidates(SCORES, TARGETS, kind, POPULARITY, 10, rng(2))
    np.testing.assert_array_equal(np.concatenate(batches), whole)


def test_a_target_that_may_not_be_recommended_stays_out():
    kept = keep_candidates(SCORES[:1], np.array([7]), "uniform", POPULARITY, 10, rng(0))
    assert not np.isfinite(kept[0, 7]) and np.isfinite(kept[0]).sum() == 10


@pytest.mark.parametrize("kind", ["uniform", "popular"])
def test_a_small_catalogue_is_kept_whole(kind):
    scores = np.array([[-np.inf, 3.0, -np.inf, 1.0, 2.0]])
    assert np.array_equal(keep_candidates(scores, np.array([3]), kind, np.arange(5), 100, rng(0)), scores)


def test_unknown_candidates_are_refused():
    with pytest.raises(StudyError, match="choose uniform or popular"):
        keep_candidates(SCORES, TARGETS, "some", POPULARITY, 10, rng(0))
