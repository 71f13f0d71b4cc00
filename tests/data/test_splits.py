"""Leave-one-out and tie rules: by hand, as properties, and on MovieLens-100K."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue
from dualrec.data.dataset import Dataset, Reading, build_dataset
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out, order, split_sequences, time_gaps, time_split
from dualrec.types import Sequences

EVENTS = [
    (9, 4, 5),
    (2, 1, 8),
    (9, 3, 5),
    (9, 5, 1),
    (2, 2, 7),
    (9, 1, 5),
]  # user, item, time; user 9 has a tie at time 5


def dataset(events) -> Dataset:
    """A data set of (user, item, time) rows; each row has a rating of its own, so that none is a copy of another."""
    frame = pd.DataFrame(events, columns=["user_id", "item_id", "timestamp"]).assign(rating=np.arange(len(events)))
    items = range(1, max(9, frame.item_id.max() + 1))
    return build_dataset(
        "toy", Reading(build_catalogue(items, [f"Movie {i}" for i in items], [[] for _ in items]), frame)
    )


def by_id(data: Dataset, items) -> list[int]:
    """Original ids of item indices."""
    return data.catalogue.ids[items].tolist()


def lists(data: Dataset, sequences: Sequences) -> dict[int, list[int]]:
    """Original ids of every user's sequence."""
    return {int(data.user_ids[user]): by_id(data, sequences.sequence(i)) for i, user in enumerate(sequences.users)}


def ordered(events, rule: str, repeats: str = "allow") -> dict[int, list[int]]:
    data = dataset(events)
    return lists(data, order(data, SplitConfig(tie_rule=rule, repeats=repeats)))


@pytest.mark.parametrize(("rule", "nine"), [("file", [5, 4, 3, 1]), ("id_up", [5, 1, 3, 4]), ("id_down", [5, 4, 3, 1])])
def test_ties_by_hand(rule, nine):
    assert ordered(EVENTS, rule) == {2: [2, 1], 9: nine}


def test_id_down_is_not_file_order():
    assert ordered(EVENTS[::-1], "id_down")[9] == [5, 4, 3, 1]
    assert ordered(EVENTS[::-1], "file")[9] == [5, 1, 3, 4]


def test_ids_of_text_have_an_order_of_their_own():
    frame = pd.DataFrame({"user_id": "u", "item_id": list("acb"), "timestamp": 0, "rating": 1.0})
    data = build_dataset("text", Reading(build_catalogue(list("cab"), list("XYZ"), [[]] * 3), frame))
    for rule, expected in (("id_up", "abc"), ("id_down", "cba"), ("file", "acb")):
        assert by_id(data, order(data, SplitConfig(tie_rule=rule)).items) == list(expected)


@pytest.mark.parametrize(
    "rule", ["", "File", "random", "random:", "random:-1", "random:x", "random:²", "file:1", "time"]
)
def test_an_unknown_tie_rule_is_refused(rule):
    with pytest.raises(ValidationError):
        SplitConfig(tie_rule=rule)


def test_random_ties_are_seeded_and_leave_time_order_alone():
    events = [(1, item, (item - 1) // 50) for item in range(1, 101)]
    a, again, b = (ordered(events, rule)[1] for rule in ("random:0", "random:0", "random:1"))
    assert a == again != b
    for items in (a, b):
        assert sorted(items[:50]) == list(range(1, 51)) and sorted(items[50:]) == list(range(51, 101))
        assert items[:50] != list(range(1, 51))


events_strategy = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(0, 4)), min_size=1, max_size=60)


@given(events_strategy, st.sampled_from(["file", "id_up", "id_down"]))
def test_order_agrees_with_plain_python(events, rule):
    tie = {"file": lambda place, item: place, "id_up": lambda place, item: item, "id_down": lambda place, item: -item}[
        rule
    ]
    expected = defaultdict(list)
    for user, _, _, item in sorted((u, t, tie(place, i), i) for place, (u, i, t) in enumerate(events)):
        expected[user].append(item)
    assert ordered(events, rule) == expected
    assert ordered(events, rule, "first") == {user: list(dict.fromkeys(items)) for user, items in expected.items()}
    sequences = order(dataset(events), SplitConfig())
    assert all(a.dtype == np.int64 for a in (sequences.users, sequences.offsets, sequences.items))


@given(events_strategy, st.integers(0, 6), st.sampled_from(["file", "id_up", "random:3"]))
def test_every_event_has_one_place_and_the_future_stays_hidden(events, min_events, rule):
    data = dataset(events)
    sequences = order(data, SplitConfig(tie_rule=rule))
    split = split_sequences(sequences, min_events)
    whole = {user: items for user, items in lists(data, sequences).items() if len(items) >= max(min_events, 3)}
    assert split.left_out == len(sequences) - len(whole)
    assert split.train.users.tolist() == split.validation.users.tolist() == split.test.users.tolist()
    train, validation, test = (
        lists(data, part) for part in (split.train, split.validation.history, split.test.history)
    )
    assert list(test) == list(whole)
    for row, (user, items) in enumerate(whole.items()):
        assert train[user] == validation[user] == items[:-2]
        assert test[user] == items[:-1]
        assert by_id(data, [split.validation.targets[row], split.test.targets[row]]) == items[-2:]


@given(events_strategy, st.integers(1, 8))
def test_the_target_changes_nothing_but_itself(events, replacement):
    data = dataset(events)
    sequences = order(data, SplitConfig())
    before = split_sequences(sequences, 3)
    changed = sequences.items.copy()
    changed[sequences.offsets[1:] - 1] = replacement
    after = split_sequences(type(sequences)(sequences.users, sequences.offsets, changed), 3)
    for part in ("train", "validation"):
        a, b = getattr(before, part), getattr(after, part)
        assert lists(data, getattr(a, "history", a)) == lists(data, getattr(b, "history", b))
    assert lists(data, before.test.history) == lists(data, after.test.history)
    np.testing.assert_array_equal(before.validation.targets, after.validation.targets)
    assert set(after.test.targets.tolist()) <= {replacement}


def test_short_users_are_left_out_and_counted():
    data = dataset(
        [(1, i, i) for i in range(1, 5)]
        + [(2, i, i) for i in range(1, 6)]
        + [(3, 1, 1), (3, 1, 2)]
        + [(4, 1, t) for t in range(5)]
    )
    split = leave_one_out(data, SplitConfig(min_events=5, repeats="allow"))
    assert split.test.users.tolist() == [2, 4] and split.left_out == 2
    assert by_id(data, split.test.targets) == [5, 1] and by_id(data, split.validation.targets) == [4, 1]
    assert lists(data, split.test.history) == {2: [1, 2, 3, 4], 4: [1, 1, 1, 1]}
    with pytest.raises(StudyError, match="data set 'toy': no user has 6 events"):
        leave_one_out(data, SplitConfig(min_events=6))


REPEATED = [(1, item, t) for t, item in enumerate([1, 2, 1, 3, 4, 2])] + [
    (2, item, t) for t, item in enumerate([5, 5, 6, 7, 8])
]


def test_repeats_by_hand():
    """User 1 ends with an item met before, user 2 does not."""
    data = dataset([*REPEATED, (3, 1, 0)])

    def histories(rule: str):
        split = leave_one_out(data, SplitConfig(min_events=4, repeats=rule))
        assert split.repeated_targets == 1, "counted under every rule"
        return lists(data, split.test.history), by_id(data, split.test.targets), split.left_out, split.met_before

    assert histories("first") == ({1: [1, 2, 3], 2: [5, 6, 7]}, [4, 8], 1, 3)
    assert histories("allow") == ({1: [1, 2, 1, 3, 4], 2: [5, 5, 6, 7]}, [2, 8], 1, 0)
    assert histories("drop") == ({2: [5, 5, 6, 7]}, [8], 1, 0)
    with pytest.raises(StudyError, match=r'repeats = "drop" leaves no user.*use repeats = "first"'):
        leave_one_out(dataset(REPEATED[:6]), SplitConfig(repeats="drop"))


@given(events_strategy, st.sampled_from(["first", "drop"]))
def test_no_history_holds_its_target_unless_repeats_are_allowed(events, rule):
    data = dataset(events)
    try:
        split = leave_one_out(data, SplitConfig(min_events=3, repeats=rule))
    except StudyError:
        return
    assert len(split.train) == len(split.validation) == len(split.test)
    for row, target in enumerate(split.test.targets):
        assert target not in split.test.history.sequence(row)


@pytest.mark.parametrize("rule", ["first", "drop", "allow"])
def test_without_repeats_the_rule_changes_nothing(rule):
    """MovieLens has none: under every rule the same cases as if there were no rule."""
    data = load("ml-100k")
    split = leave_one_out(data, SplitConfig(repeats=rule))
    plain = split_sequences(order(data, SplitConfig(repeats="allow")), 5)
    assert split.met_before == split.repeated_targets == 0
    for part in (split.train, split.test.history, split.validation.history):
        assert part.repeats == (rule == "allow")
    for ours, theirs in ((split.train, plain.train), (split.test.history, plain.test.history)):
        np.testing.assert_array_equal(ours.items, theirs.items)
        np.testing.assert_array_equal(ours.users, theirs.users)
    np.testing.assert_array_equal(split.test.targets, plain.test.targets)


GAPS = pd.DataFrame(EVENTS, columns=["user_id", "item", "timestamp"])


def test_time_gaps_by_hand():
    assert time_gaps(GAPS).to_dict("list") == {
        "user_id": [2, 9, 9, 9],
        "seconds": [1, 4, 0, 0],
        "from_end": [1, 3, 2, 1],
    }


def test_time_gaps_are_in_seconds_whatever_the_clock_counts():
    late = GAPS.assign(timestamp=1_600_000_000_000 + 250 * GAPS.timestamp)  # milliseconds
    assert time_gaps(late).seconds.tolist() == [0.25, 1, 0, 0]


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


TIMED = dataset(
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
    assert lists(TIMED, split.train) == {1: [1, 2, 3], 2: [1, 2, 3]}
    assert lists(TIMED, split.validation.history) == lists(TIMED, split.train)
    assert by_id(TIMED, split.validation.targets) == [4, 5]
    assert lists(TIMED, split.test.history) == {1: history} and by_id(TIMED, split.test.targets) == [wanted]
    assert split.left_out == 2


def test_a_cut_in_time_keeps_the_rule_for_repeats():
    rows = [(user, item, 10 * t) for user in (1, 2) for t, item in enumerate([1, 2, 3, 1, 4, 5 if user == 1 else 2])]
    data = dataset(rows)
    first, allow, drop = (
        time_split(data, SplitConfig(min_events=3, repeats=rule), "last", 0.8) for rule in ("first", "allow", "drop")
    )
    assert lists(data, first.test.history) == {1: [1, 2, 3, 4], 2: [1, 2, 3]}
    assert lists(data, allow.test.history) == {1: [1, 2, 3, 1, 4], 2: [1, 2, 3, 1, 4]} and allow.test.history.repeats
    assert lists(data, drop.test.history) == {1: [1, 2, 3, 1, 4]}


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
