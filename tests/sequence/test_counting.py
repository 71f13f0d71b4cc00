"""Popularity, item-kNN and the Markov chains: by hand, against plain Python, and on MovieLens-100K."""

import tracemalloc
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.config import NeighbourConfig, SplitConfig, WindowConfig
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out
from dualrec.sequence import item_knn, ranking
from dualrec.sequence.base import target_ranks, top_k
from dualrec.sequence.item_knn import ItemKNN
from dualrec.sequence.markov import Markov
from dualrec.sequence.popularity import Popularity
from dualrec.sequence.ranking import best_lists
from dualrec.sequence.windowed_markov import WindowedMarkov
from dualrec.types import Cases, Sequences

INF = np.inf
NOBODY = Cases(Sequences.from_lists([], []), np.empty(0, np.int64))
TRAIN = Sequences.from_lists([1, 2, 3], [[1, 2, 3], [1, 2], [4, 1, 3]])  # item 5 is never seen


def test_popularity_by_hand():
    scores = Popularity(5).fit(TRAIN, NOBODY).scores(Sequences.from_lists([8, 9], [[1], [3, 4]]))
    np.testing.assert_array_equal(scores, [[-INF, -INF, 2, 2, 1, 0], [-INF, 3, 2, -INF, -INF, 0]])
    assert scores.dtype == np.float32


def test_recent_popularity_by_hand():
    """The last two events of each user: 2 3, 1 2 and 1 3; of a shorter sequence all there are."""
    scores = Popularity(5, recent=2).fit(TRAIN, NOBODY).scores(Sequences.from_lists([8], [[4]]))
    np.testing.assert_array_equal(scores, [[-INF, 2, 2, 2, -INF, 0]])
    everything, all_of_it = (
        Popularity(5, recent=r).fit(TRAIN, NOBODY).scores(Sequences.from_lists([8], [[]])) for r in (9, None)
    )
    np.testing.assert_array_equal(everything, all_of_it)


def test_markov_by_hand():
    scores = Markov(5).fit(TRAIN, NOBODY).scores(Sequences.from_lists([7, 8, 9], [[4, 1], [3], [2, 5]]))
    # popularity of items 1..5 is 3 2 2 1 0, divided by 3 + 1
    # 1 is followed by 2 (twice) and 3 (once); 3 and 5 by nothing
    expected = [[-INF, -INF, 2.5, 1.5, -INF, 0], [-INF, 0.75, 0.5, -INF, 0.25, 0], [-INF, 0.75, -INF, 0.5, 0.25, -INF]]
    np.testing.assert_array_equal(scores, expected)
    assert scores.dtype == np.float32
    assert top_k(scores, 2).items.tolist() == [[2, 3], [1, 2], [1, 3]]


def test_markov_without_a_history_is_popularity():
    empty = Sequences.from_lists([1], [[]])
    lists = [top_k(model(5).fit(TRAIN, NOBODY).scores(empty), 5).items.tolist() for model in (Markov, Popularity)]
    assert lists[0] == lists[1] == [[1, 2, 3, 4, 5]]


@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=1, max_size=6), st.integers(1, 6))
def test_markov_ranks_by_pair_count_then_popularity(sequences, last):
    train = Sequences.from_lists(range(len(sequences)), sequences)
    ranked = top_k(Markov(6).fit(train, NOBODY).scores(Sequences.from_lists([0], [[last]])), 5).items[0].tolist()
    pairs = Counter(pair for s in sequences for pair in zip(s, s[1:], strict=False))
    popularity = Counter(item for s in sequences for item in s)
    assert ranked == sorted({1, 2, 3, 4, 5, 6} - {last}, key=lambda i: (-pairs[last, i], -popularity[i], i))


def test_windowed_markov_by_hand():
    model = WindowedMarkov(5, WindowConfig(window=2, decay=0.5)).fit(TRAIN, NOBODY)
    # of the three users who watched 1: 2 followed at once twice; 3 followed once at once and once a step later
    scores = model.scores(Sequences.from_lists([7, 8], [[1], [1, 4]]))
    np.testing.assert_allclose(scores[0, 2:], [2 / 3, 1.5 / 3, 0, 0], atol=2e-4)
    # behind 4 (one event) came 1, seen, and 3 a step later; what followed 1 counts half
    np.testing.assert_allclose(scores[1, [2, 3, 5]], [1 / 3, 0.5 + 0.25, 0], atol=2e-4)
    assert (scores[1, [0, 1, 4]] == -INF).all() and scores.dtype == np.float32


@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=1, max_size=6), st.integers(1, 6))
def test_a_window_of_one_ranks_as_the_first_order_chain(sequences, last):
    train, history = Sequences.from_lists(range(len(sequences)), sequences), Sequences.from_lists([0], [[last]])
    windowed = WindowedMarkov(6, WindowConfig(window=1)).fit(train, NOBODY).scores(history)
    assert top_k(windowed, 5).items.tolist() == top_k(Markov(6).fit(train, NOBODY).scores(history), 5).items.tolist()


def test_item_knn_by_hand():
    model = ItemKNN(5, NeighbourConfig(neighbours=2, shrinkage=1.0, history=2)).fit(TRAIN, NOBODY)
    # users: 1 and 2 share two, 1 and 3 two, 1 and 4 one, 2 and 3 one, 3 and 4 one; they have 3, 2, 2 and 1 users
    one_two, two_three, three_four = 2 / (6**0.5 + 1), 1 / (4**0.5 + 1), 1 / (2**0.5 + 1)
    scores = model.scores(Sequences.from_lists([7, 8, 9], [[1], [4, 1, 3], []]))
    # 4 is not among the two nearest of 1
    np.testing.assert_allclose(scores[0, 2:], [one_two, one_two, 0, 0], rtol=1e-6)
    # only 1 and 3 vote; the two nearest of 3 are 1 and 4
    np.testing.assert_allclose(scores[1, [2, 5]], [one_two, 0], rtol=1e-6)
    assert two_three < three_four and (scores[2, 1:] == 0).all() and scores.dtype == np.float32


@given(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=2, max_size=6), st.integers(1, 6))
def test_item_knn_agrees_with_plain_python(sequences, last):
    train = Sequences.from_lists(range(len(sequences)), sequences)
    scores = (
        ItemKNN(6, NeighbourConfig(neighbours=6, shrinkage=0.5))
        .fit(train, NOBODY)
        .scores(Sequences.from_lists([0], [[last]]))
    )
    users = {item: {u for u, s in enumerate(sequences) if item in s} for item in range(1, 7)}
    for item in set(users) - {last}:
        common = len(users[item] & users[last])
        expected = common / ((len(users[item]) * len(users[last])) ** 0.5 + 0.5)
        assert scores[0, item] == pytest.approx(expected, rel=1e-5)


@given(
    st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=12), min_size=1, max_size=8),
    st.integers(1, 4),
    st.integers(1, 60),
)
def test_neighbours_are_the_first_of_all_by_similarity_whatever_the_size_of_a_block(sequences, neighbours, block):
    """Ties go to the lower index."""
    train = Sequences.from_lists(range(len(sequences)), sequences)
    everything = ItemKNN(9, NeighbourConfig(neighbours=9)).fit(train, NOBODY).similarity.toarray()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_knn, "BLOCK_PAIRS", block)
        nearest = ItemKNN(9, NeighbourConfig(neighbours=neighbours)).fit(train, NOBODY).similarity.toarray()
    for row, kept in zip(everything, nearest, strict=True):
        first = np.argsort(-row, kind="stable")[:neighbours]
        np.testing.assert_array_equal(kept[first], row[first])
        assert np.count_nonzero(kept) == np.count_nonzero(row[first])


@pytest.mark.parametrize(
    "model",
    [
        Popularity,
        lambda n: Popularity(n, 20),
        Markov,
        lambda n: WindowedMarkov(n, WindowConfig()),
        lambda n: ItemKNN(n, NeighbourConfig()),
    ],
    ids=["popularity", "recent popularity", "markov", "windowed markov", "item-kNN"],
)
def test_memory_does_not_grow_with_users_times_items(model, monkeypatch):
    """Six thousand users and as many items: their scores would take 144 MB, counts of all pairs of items as much."""
    size = 6000
    monkeypatch.setattr(ranking, "BATCH_BYTES", 2**20)
    monkeypatch.setattr(item_knn, "BLOCK_PAIRS", 2**16)
    items = np.random.default_rng(0).integers(1, size + 1, (size, 20))
    train = Sequences(np.arange(size), np.arange(size + 1) * 20, items.ravel())
    tracemalloc.start()
    try:
        best_lists(model(size).fit(train, NOBODY), train, 10)
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()


@cache
def movielens():
    dataset = load("ml-100k")
    return len(dataset.catalogue), leave_one_out(dataset, SplitConfig())


@pytest.mark.parametrize(
    ("model", "learns_from", "hr", "ndcg"),
    [
        (Popularity, "training events", 0.0859, 0.0449),
        (Markov, "training events", 0.1442, 0.0766),
        (lambda n: ItemKNN(n, NeighbourConfig()), "training events", 0.1569, 0.0877),
        (lambda n: WindowedMarkov(n, WindowConfig()), "training events", 0.1941, 0.1047),
        # the reference in the study's facts, which counts that event too
        (Markov, "all before the target", 0.1453, 0.0793),
    ],
)
def test_reference_accuracy_on_movielens_100k(model, learns_from, hr, ndcg):
    n, split = movielens()
    seen = split.train if learns_from == "training events" else split.test.history
    ranks = target_ranks(model(n).fit(seen, split.validation).scores(split.test.history), split.test.targets)
    assert len(ranks) == 943
    assert np.mean(ranks <= 10) == pytest.approx(hr, abs=0.0005)
    assert np.mean((ranks <= 10) / np.log2(ranks + 1)) == pytest.approx(ndcg, abs=0.0005)
