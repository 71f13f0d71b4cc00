"""Counts of a data set, by hand: ties at the last event, items met before, targets that nobody trained on."""

import pytest

from dualrec.config import SplitConfig
from dualrec.data.counts import data_counts, has_times, last_events_met_before
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out

# user: items with times; 1 ends in a tie, 2 ends with the item it began with, 3 is alone with its last item
EVENTS = {
    1: [(1, 0), (2, 1), (3, 2), (4, 3), (5, 3)],
    2: [(5, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)],
    3: [(1, 0), (2, 1), (5, 2), (3, 3), (6, 4)],
    4: [(1, 0), (2, 1)],
}


@pytest.fixture
def folder(tmp_path):
    def write(clock: str):
        rows = "".join(f"{user},{item},{time}\n" for user, events in EVENTS.items() for item, time in events)
        (tmp_path / "interactions.csv").write_text(f"user_id,item_id,{clock}\n{rows}")
        (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"{i},Item {i}\n" for i in range(1, 7)))
        return load(str(tmp_path))

    return write


def test_what_is_counted(folder):
    data, rules = folder("timestamp"), SplitConfig()
    assert has_times(data)
    assert data_counts(data, leave_one_out(data, rules), rules) == {
        "users": 4,
        "items": 6,
        "events": 17,  # user 2 meets item 5 for the first time once
        "events_per_user": 5.0,
        "cases": 3,
        "tied_last": 1,
        "target_events": 0.0,  # of the items 5, 4 and 6: 2, 0 and 0
        "untrained_targets": 2,
    }
    assert last_events_met_before(data, rules) == (1, 3)


def test_with_repeats_the_last_event_is_another(folder):
    data, rules = folder("timestamp"), SplitConfig(repeats="allow")
    counts = data_counts(data, leave_one_out(data, rules), rules)
    assert counts["events"] == 18 and counts["untrained_targets"] == 1 and counts["target_events"] == 2.0


def test_an_order_tells_nothing_of_ties(folder):
    data, rules = folder("order"), SplitConfig()
    assert not has_times(data)
    assert data_counts(data, leave_one_out(data, rules), rules)["tied_last"] is None
