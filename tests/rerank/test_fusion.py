import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.rerank.fusion import WEIGHTS, Opinions, search, search_weight

OPINIONS = Opinions(
    items=np.array([[3, 1, 2], [2, 4, -1]]),
    sequence=np.log(
        np.array([[0.5, 0.3, 0.2], [0.6, 0.4, 0.0]], np.float32),
        where=[[1, 1, 1], [1, 1, 0]],
        out=np.full((2, 3), -np.inf, "f4"),
    ),
    language=np.array([[-9.0, -2.0, -3.0], [-8.0, -1.0, -np.inf]], np.float32),
)
PRIOR = np.array([0.0, -2.0, -1.0, -9.0, -1.0])  # the model finds titles 1, 2 and 4 likely whoever asks, and 3 unlikely


def test_fused_scores_by_hand():
    fused = OPINIONS.fused(PRIOR, beta=1.0, weight=0.5)
    # log p + 0.5 (language - prior): log 0.5 + 0.5 (-9 + 9), log 0.3 + 0.5 (-2 + 2), log 0.2 + 0.5 (-3 + 1)
    assert fused[0] == pytest.approx([np.log(0.5), np.log(0.3), np.log(0.2) - 1])
    assert fused[1] == pytest.approx([np.log(0.6) - 3.5, np.log(0.4), -np.inf])


def test_the_raw_likelihood_follows_the_title_and_the_corrected_one_the_person():
    assert OPINIONS.ranked(OPINIONS.language, 3).items.tolist() == [[1, 2, 3], [4, 2, -1]]
    corrected = OPINIONS.ranked(OPINIONS.fused(PRIOR, 1.0, 1.0), 2)
    assert corrected.items.tolist() == [[3, 1], [4, 2]]
    assert np.isfinite(corrected.scores).all()


def test_lists_have_k_places_where_there_are_fewer_candidates():
    assert OPINIONS.ranked(OPINIONS.language, 5).items.tolist() == [[1, 2, 3, -1, -1], [4, 2, -1, -1, -1]]


def test_a_prior_that_is_not_known_counts_as_the_mean_of_the_others():
    some = np.array([0.0, -2.0, np.nan, -9.0, -1.0])
    filled = np.array([0.0, -2.0, -4.0, -9.0, -1.0])
    np.testing.assert_array_equal(OPINIONS.fused(some, 1.0, 0.5), OPINIONS.fused(filled, 1.0, 0.5))


@given(st.floats(-5, 5), st.sampled_from([0.5, 1.0]), st.floats(0, 3))
def test_a_constant_in_the_prior_changes_no_order(shift, beta, weight):
    first = OPINIONS.ranked(OPINIONS.fused(PRIOR, beta, weight), 3).scores
    second = OPINIONS.ranked(OPINIONS.fused(PRIOR + shift, beta, weight), 3).scores
    np.testing.assert_allclose(second + weight * beta * shift, first, atol=1e-4)


def test_the_search_knows_the_sequence_order_at_weight_zero_and_finds_the_correction():
    found = search(OPINIONS, np.array([3, 4]), {"other people": PRIOR})
    zero = found[found.weight == 0]
    assert zero.ndcg.tolist() == pytest.approx([(1 + 1 / np.log2(3)) / 2] * 3)  # target first, target second
    best = found.loc[found.ndcg.idxmax()]
    assert best.prior == "other people" and best.ndcg == 1.0
    assert set(found.prior) == {"none", "other people"} and not found.duplicated(["prior", "beta", "weight"]).any()


def test_a_target_among_no_candidate_counts_nothing():
    assert (search(OPINIONS, np.array([4, 9]), {}).ndcg == 0).all()


def test_batches_of_users_give_the_weights_grid_of_all_at_once():
    rng = np.random.default_rng(0)
    sequence, language = rng.normal(size=(2, 30, 13)).astype(np.float32)
    sequence[:, 0] = -np.inf
    targets = rng.integers(1, 13, 30)
    parts = (slice(0, 1), slice(1, 20), slice(20, 30))
    whole = search_weight([(sequence, language, targets)])
    batches = search_weight((sequence[rows], language[rows], targets[rows]) for rows in parts)
    assert whole.equals(batches) and whole.weight.tolist() == list(WEIGHTS)
    place = 1 + (sequence > np.take_along_axis(sequence, targets[:, None], axis=1)).sum(axis=1)
    assert whole.ndcg[0] == pytest.approx(np.where(place <= 10, 1 / np.log2(place + 1), 0).mean())
