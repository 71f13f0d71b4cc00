"""What can be counted of a data set before any model: its size, and what its last events, the targets, are worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrec.config import SplitConfig
from dualrec.data.dataset import Dataset
from dualrec.data.splits import Split, leave_one_out, time_gaps


def has_times(dataset: Dataset) -> bool:
    """Whether events carry a time; places in a row tell nothing of ties, nor where to cut all users at one moment."""
    return not dataset.notes.get("events_without_a_time")


def data_counts(dataset: Dataset, split: Split, config: SplitConfig) -> dict[str, Any]:
    """Name of a count -> the count, of the events that the rule for repeats leaves.

    dataset: after its reduction to a core
    split: of it by `config`
    config: its rules for repeats and ties

    Returns
    users, items, events: with "events_per_user", their median
    cases: users with a target
    tied_last: of the cases, how many targets share their time with the event before; None where events have no times
    target_events: median training events of a target
    untrained_targets: of the cases, how many have a target without any training event
    """
    events = dataset.interactions.sort_values(["user_id", "timestamp"], kind="stable")
    if config.repeats == "first":
        events = events.drop_duplicates(["user_id", "item"])
    tied = None
    if has_times(dataset):
        gaps = time_gaps(events)
        last = gaps[(gaps.from_end == 1) & gaps.user_id.isin(split.test.users)]
        tied = int(np.count_nonzero(last.seconds == 0))
    trained = np.bincount(split.train.items, minlength=len(dataset.catalogue) + 1)[split.test.targets]
    return {
        "users": len(np.unique(events.user_id)),
        "items": len(np.unique(events["item"])),
        "events": len(events),
        "events_per_user": float(np.median(np.unique(events.user_id, return_counts=True)[1])),
        "cases": len(split.test),
        "tied_last": tied,
        "target_events": float(np.median(trained)),
        "untrained_targets": int((trained == 0).sum()),
    }


def last_events_met_before(dataset: Dataset, config: SplitConfig) -> tuple[int, int]:
    """Of how many users the last of all events is an item that they had met before, and of how many users in all.

    dataset: as it was read, before its reduction to a core
    config: for the fewest events of a user, repeats counted
    """
    every_row = SplitConfig(config.tie_rule, config.min_events, "allow")
    split = leave_one_out(dataset, every_row)
    return split.repeated_targets, len(split.test)
