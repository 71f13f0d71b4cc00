"""Popularity and Markov: by hand, against plain Python, and on MovieLens-100K."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.data import load
from dualrec.profiles import SplitConfig
from dualrec.split import leave_one_out
from dualrec.temporal.base import target_ranks, top_k
from dualrec.temporal.markov import Markov
from dualrec.temporal.popularity import Popularity
from dualrec.types import Cases, Sequences

INF = np.inf
NOBODY = Cases(Sequences.from_lists([], []), np.empty(0, np.int64))
TRAIN = Sequences.from_lists([1, 2, 3], [[1, 2, 3], [1, 2], [4, 1, 3]])  # item 5 is never seen


def test_popularity_by_hand():
    scores = Popularity(5).fit(TRAIN, NOBODY).scores(Sequences.from_lists([8, 9], [[1], [3, 4]]))
    np.testing.assert_array_equal(scores, [[-INF, -INF, 2, 2, 1, 0], [-INF, 3, 2, -INF, -INF, 0]])
    assert scores.dtype == np.float32


def test_markov_by_hand():
    scores = Markov(5).fit(TRAIN, NOBODY).scores(Sequences.from_lists([7, 8, 9], [[4, 1], [3], [2, 5]]))
    # popularity of items 1..5 is 3 2 2 1 0, divided by 3 + 1; 1 is followed by 2 (twice) and 3 (once); 3 and 5 by nothing
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


@cache
def movielens():
    dataset = load("ml-100k")
    return len(dataset.catalogue), leave_one_out(dataset, SplitConfig())


@pytest.mark.parametrize(
    ("model", "learns_from", "hr", "ndcg"),
    [
        (Popularity, "training events", 0.0859, 0.0449),
        (Markov, "training events", 0.1442, 0.0766),
        (Markov, "all before the target", 0.1453, 0.0793),  # the reference in the study's facts, which counts that event too
    ],
)
def test_reference_accuracy_on_movielens_100k(model, learns_from, hr, ndcg):
    n, split = movielens()
    seen = split.train if learns_from == "training events" else split.test.history
    ranks = target_ranks(model(n).fit(seen, split.validation).scores(split.test.history), split.test.targets)
    assert len(ranks) == 943
    assert np.mean(ranks <= 10) == pytest.approx(hr, abs=0.0005)
    assert np.mean((ranks <= 10) / np.log2(ranks + 1)) == pytest.approx(ndcg, abs=0.0005)
