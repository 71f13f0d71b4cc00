"""Leave-one-out and tie rules: by hand, as properties, and on MovieLens-100K."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue
from dualrec.data.dataset import Dataset, build_dataset
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out, order, split_sequences, time_gaps, time_split

EVENTS = pd.DataFrame(  # file order; user 9 has a tie at time 5
    {"user_id": [9, 2, 9, 9, 2, 9], "item": [4, 1, 3, 5, 2, 1], "timestamp": [5, 8, 5, 1, 7, 5]}
)


def lists(sequences):
    return {int(user): sequences.sequence(i).tolist() for i, user in enumerate(sequences.users)}


@pytest.mark.parametrize(("rule", "nine"), [("file", [5, 4, 3, 1]), ("id_up", [5, 1, 3, 4]), ("id_down", [5, 4, 3, 1])])
def test_ties_by_hand(rule, nine):
    assert lists(order(EVENTS, rule)) == {2: [2, 1], 9: nine}


def test_id_down_is_not_file_order():
    assert lists(order(EVENTS.iloc[::-1], "id_down"))[9] == [5, 4, 3, 1]
    assert lists(order(EVENTS.iloc[::-1], "file"))[9] == [5, 1, 3, 4]


@pytest.mark.parametrize(
    "rule", ["", "File", "random", "random:", "random:-1", "random:x", "random:²", "file:1", "time"]
)
def test_an_unknown_tie_rule_is_refused(rule):
    with pytest.raises(StudyError, match="unknown tie rule.*choose file, id_up, id_down or random:SEED"):
        order(EVENTS, rule)


def test_random_ties_are_seeded_and_leave_time_order_alone():
    events = pd.DataFrame({"user_id": 1, "item": np.arange(1, 101), "timestamp": np.arange(100) // 50})
    a, again, b = (order(events, rule).items for rule in ("random:0", "random:0", "random:1"))
    np.testing.assert_array_equal(a, again)
    assert a.tolist() != b.tolist()
    for items in (a, b):
        assert sorted(items[:50]) == list(range(1, 51)) and sorted(items[50:]) == list(range(51, 101))
        assert items[:50].tolist() != list(range(1, 51))


events_strategy = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(0, 4)), min_size=1, max_size=60)


def frame(events):
    return pd.DataFrame(events, columns=["user_id", "item", "timestamp"])


@given(events_strategy, st.sampled_from(["file", "id_up", "id_down"]))
def test_order_agrees_with_plain_python(events, rule):
    tie = {"file": lambda place, item: place, "id_up": lambda place, item: item, "id_down": lambda place, item: -item}[
        rule
    ]
    expected = defaultdict(list)
    for user, _, _, item in sorted((u, t, tie(place, i), i) for place, (u, i, t) in enumerate(events)):
        expected[user].append(item)
    sequences = order(frame(events), rule)
    assert lists(sequences) == expected
    assert sequences.users.tolist() == sorted(expected)
    assert all(a.dtype == np.int64 for a in (sequences.users, sequences.offsets, sequences.items))


@given(events_strategy, st.integers(0, 6), st.sampled_from(["file", "id_up", "random:3"]))
def test_every_event_has_one_place_and_the_future_stays_hidden(events, min_events, rule):
    sequences = order(frame(events), rule)
    split = split_sequences(sequences, min_events)
    whole = {user: items for user, items in lists(sequences).items() if len(items) >= max(min_events, 3)}
    assert split.left_out == len(sequences) - len(whole)
    assert split.train.users.tolist() == split.validation.users.tolist() == split.test.users.tolist() == list(whole)
    train, validation, test = (lists(part) for part in (split.train, split.validation.history, split.test.history))
    for row, (user, items) in enumerate(whole.items()):
        assert train[user] == validation[user] == items[:-2]
        assert test[user] == items[:-1]
        assert [split.validation.targets[row], split.test.targets[row]] == items[-2:]


@given(events_strategy, st.integers(1, 8))
def test_the_target_changes_nothing_but_itself(events, replacement):
    sequences = order(frame(events), "file")
    before = split_sequences(sequences, 3)
    changed = sequences.items.copy()
    changed[sequences.offsets[1:] - 1] = replacement
    after = split_sequences(type(sequences)(sequences.users, sequences.offsets, changed), 3)
    for part in ("train", "validation"):
        a, b = getattr(before, part), getattr(after, part)
        assert lists(getattr(a, "history", a)) == lists(getattr(b, "history", b))
    assert lists(before.test.history) == lists(after.test.history)
    np.testing.assert_array_equal(before.validation.targets, after.validation.targets)
    assert set(after.test.targets.tolist()) <= {replacement}


def dataset(events):
    events = frame(events).rename(columns={"item": "item_id"}).assign(rating=1.0)
    return build_dataset("toy", build_catalogue(range(1, 9), [f"Film {i}" for i in range(1, 9)], [[]] * 8), events)


def test_short_users_are_left_out_and_counted():
    data = dataset(
        [(1, i, i) for i in range(1, 5)]
        + [(2, i, i) for i in range(1, 6)]
        + [(3, 1, 1), (3, 1, 2)]
        + [(4, 1, t) for t in range(5)]
    )
    split = leave_one_out(data, SplitConfig(min_events=5))
    assert split.test.users.tolist() == [2, 4] and split.left_out == 2
    assert split.test.targets.tolist() == [5, 1] and split.validation.targets.tolist() == [4, 1]
    assert lists(split.test.history) == {2: [1, 2, 3, 4], 4: [1, 1, 1, 1]}  # repeats stay
    with pytest.raises(StudyError, match="data set 'toy': no user has 6 events"):
        leave_one_out(data, SplitConfig(min_events=6))


def test_time_gaps_by_hand():
    assert time_gaps(EVENTS).to_dict("list") == {
        "user_id": [2, 9, 9, 9],
        "seconds": [1, 4, 0, 0],
        "from_end": [1, 3, 2, 1],
    }


def test_ml_100k_ties():
    gaps = time_gaps(load("ml-100k").interactions)
    assert len(gaps) == 100_000 - 943
    assert (gaps.seconds == 0).mean() == pytest.approx(0.51, abs=0.005)
    assert (gaps.seconds[gaps.from_end == 1] == 0).mean() == pytest.approx(0.44, abs=0.005)


def test_ml_100k_cases():
    data = load("ml-100k")
    split = leave_one_out(data, SplitConfig())
    assert (len(split.test), split.left_out, len(split.train.items)) == (943, 0, 100_000 - 2 * 943)
    user = data.interactions[data.interactions.user_id == 196].sort_values("timestamp", kind="stable").item.tolist()
    row = split.test.users.tolist().index(196)
    assert [*split.test.history.sequence(row).tolist(), int(split.test.targets[row])] == user


def timed(rows) -> Dataset:
    """A data set of (user, item, time) rows; items are their own ids."""
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"]).assign(rating=1.0)
    items = range(1, frame.item_id.max() + 1)
    return build_dataset("timed", build_catalogue(items, [f"Movie {i}" for i in items], [[] for _ in items]), frame)


TIMED = timed(
    [(1, item, 10 * item) for item in (1, 2, 3, 4, 7, 8)]  # four before the cut at 60, two behind it
    + [(2, item, 10 * item) for item in (1, 2, 3, 5)]  # all before
    + [(3, item, 10 * item) for item in (5, 6, 7)]  # one before
)


@pytest.mark.parametrize(
    ("target", "history", "wanted"), [("first", [1, 2, 3, 4], 7), ("last", [1, 2, 3, 4, 7], 8)], ids=["first", "last"]
)
def test_time_split_by_hand(target, history, wanted):
    # times 10 10 20 20 30 30 40 50 50 60 70 70 80
    split = time_split(TIMED, SplitConfig(min_events=3), target, share=0.7)
    assert lists(split.train) == {1: [1, 2, 3], 2: [1, 2, 3]}
    assert lists(split.validation.history) == lists(split.train) and split.validation.targets.tolist() == [4, 5]
    assert lists(split.test.history) == {1: history} and split.test.targets.tolist() == [wanted]
    assert split.left_out == 2


def test_time_split_refuses_what_it_cannot_do():
    with pytest.raises(StudyError, match="choose first or last"):
        time_split(TIMED, SplitConfig(), "middle")
    with pytest.raises(StudyError, match="before the cut in time and one after it"):
        time_split(TIMED, SplitConfig(min_events=30), "first")


@pytest.mark.parametrize("target", ["first", "last"])
def test_time_split_of_movielens_learns_nothing_from_behind_the_cut(target):
    data = load("ml-100k")
    split = time_split(data, SplitConfig(), target)
    cut = np.quantile(data.interactions.timestamp, 0.9, method="higher")
    before = data.interactions[data.interactions.timestamp < cut].groupby("user_id").size()
    assert (split.train.lengths + 1 == before.loc[split.train.users]).all() and before.loc[split.train.users].min() >= 5
    longer = split.test.history.lengths - before.loc[split.test.users].to_numpy()
    assert (longer == 0).all() if target == "first" else (longer >= 0).all() and longer.max() > 0
