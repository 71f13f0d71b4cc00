import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.core.errors import StudyError
from dualrec.rerank.diversity import mmr

pytestmark = pytest.mark.filterwarnings("error")

# Unit vectors whose products are exact in floating point, so that ties are ties for both implementations.
EXACT = np.array(
    [
        [0.5, 0.5, 0.5, 0.5],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [-1, 0, 0, 0],
        [0.5, 0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5, -0.5],
        [1, 0, 0, 0],
    ],
    np.float32,
)


def by_hand(items, relevance, embeddings, trade_off, k):
    """One user, straight from the formula of Carbonell & Goldstein."""
    pool = [(int(i), float(r)) for i, r in zip(items, relevance, strict=True) if i != -1]
    low, high = min((r for _, r in pool), default=0), max((r for _, r in pool), default=0)
    chosen = []
    while pool and len(chosen) < k:
        scored = []
        for item, r in pool:
            normal = (r - low) / (high - low) if high > low else 0.0
            closest = max((float(embeddings[item] @ embeddings[c]) for c in chosen), default=0.0)
            scored.append(trade_off * normal - (1 - trade_off) * closest)
        chosen.append(pool.pop(scored.index(max(scored)))[0])
    return chosen + [-1] * (k - len(chosen))


@st.composite
def lists(draw):
    n, width = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    items, relevance = np.empty((n, width), np.int64), np.empty((n, width), np.float32)
    for row in range(n):
        order = draw(st.permutations(range(1, 7)))[:width]
        items[row] = [item if draw(st.integers(0, 3)) else -1 for item in order]
        relevance[row] = [draw(st.integers(-4, 4)) for _ in order]
    relevance[items == -1] = draw(st.sampled_from([np.nan, -np.inf, 99, 0]))  # must not matter
    return items, relevance


@given(lists(), st.sampled_from([0, 0.25, 0.5, 0.75, 1]), st.integers(1, 8))
def test_agrees_with_the_formula(case, trade_off, k):
    items, relevance = case
    before = items.copy()
    chosen = mmr(items, relevance, EXACT, trade_off, k)
    assert chosen.dtype == np.int64 and chosen.tolist() == [
        by_hand(*row, EXACT, trade_off, k) for row in zip(items, relevance, strict=True)
    ]
    np.testing.assert_array_equal(items, before)


def test_agrees_with_the_formula_on_real_sizes():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(301, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = np.argsort(rng.random((20, 300)), axis=1)[:, :50] + 1
    relevance = rng.normal(size=(20, 50)).astype(np.float32)
    chosen = mmr(items, relevance, vectors, 0.6, 10)
    assert chosen.tolist() == [by_hand(*row, vectors, 0.6, 10) for row in zip(items, relevance, strict=True)]


def test_hand_worked():
    items = np.array([[1, 6, 2, 3]])  # 6 is the twin of 1, 3 its opposite
    relevance = np.array([[4, 3, 2, 0]], np.float32)
    assert mmr(items, relevance, EXACT, 1, 4).tolist() == [[1, 6, 2, 3]]
    # after 1: item 6: .5 * .75 - .5 * 1 = -.125; item 2: .5 * .5 - 0 = .25; item 3: 0 + .5 = .5
    assert mmr(items, relevance, EXACT, 0.5, 2).tolist() == [[1, 3]]
    assert mmr(items, relevance, EXACT, 0.5, 4).tolist() == [[1, 3, 2, 6]]


def test_relevance_only_sorts_and_ties_keep_their_order():
    items, relevance = np.array([[5, 2, 4, 1]]), np.array([[1, 3, 1, 3]], np.float32)
    assert mmr(items, relevance, EXACT, 1, 4).tolist() == [[2, 1, 5, 4]]
    assert mmr(items, np.ones((1, 4), np.float32), EXACT, 1, 4).tolist() == [[5, 2, 4, 1]]


def test_diversity_only_starts_with_the_first_item():
    items, relevance = np.array([[1, 6, 3]]), np.array([[0, 9, 9]], np.float32)
    assert mmr(items, relevance, EXACT, 0, 3).tolist() == [[1, 3, 6]]


def test_equal_relevance_leaves_diversity_to_decide():
    assert mmr(np.array([[1, 6, 3]]), np.full((1, 3), 7, np.float32), EXACT, 0.5, 3).tolist() == [[1, 3, 6]]


def test_the_scale_of_relevance_does_not_matter():
    items, relevance = np.array([[1, 6, 2, 3]]), np.array([[4, 3, 2, 0]], np.float32)
    assert (mmr(items, relevance, EXACT, 0.5, 4) == mmr(items, 64 * relevance - 128, EXACT, 0.5, 4)).all()


def test_lists_run_out():
    items = np.array([[2, -1, 1], [-1, -1, -1]])
    assert mmr(items, np.ones((2, 3), np.float32), EXACT, 0.5, 5).tolist() == [[2, 1, -1, -1, -1], [-1] * 5]


@pytest.mark.parametrize("trade_off", [-0.1, 1.1, float("nan")])
def test_a_trade_off_outside_the_unit_interval_is_refused(trade_off):
    with pytest.raises(StudyError, match="between 0"):
        mmr(np.array([[1]]), np.ones((1, 1), np.float32), EXACT, trade_off, 1)
