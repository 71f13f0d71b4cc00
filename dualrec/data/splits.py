"""Cases under a declared tie rule: leave-one-out per user (the audited split), or one cut in time for everybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.dataset import Dataset
from dualrec.types import Cases, Sequences


@dataclass(frozen=True)
class Split:
    """What models learn from, what settings are chosen on, and what is evaluated.

    train: sequences without the last two events
    validation: one case per user, whose target is the event before the last
    test: one case per user, whose target is the last event
    left_out: how many users have too few events
    """

    train: Sequences
    validation: Cases
    test: Cases
    left_out: int


def leave_one_out(dataset: Dataset, config: SplitConfig) -> Split:
    """Split a data set by time order within each user. Raises StudyError where no user is long enough."""
    split = split_sequences(order(dataset.interactions, config.tie_rule), config.min_events)
    if not len(split.test):
        raise StudyError(
            f"data set '{dataset.name}': no user has {max(config.min_events, 3)} events; use data with longer histories"
        )
    return split


def split_sequences(sequences: Sequences, min_events: int) -> Split:
    """Leave-one-out for sequences that are in order; the history of a test case holds the validation event, too.

    min_events: users with fewer events are left out; at least 3, so that every user has something to train on
    """
    long_enough = sequences.take(np.flatnonzero(sequences.lengths >= max(min_events, 3)))
    end = long_enough.offsets[1:]
    return Split(
        train=long_enough.drop_last(2),
        validation=Cases(long_enough.drop_last(2), long_enough.items[end - 2]),
        test=Cases(long_enough.drop_last(1), long_enough.items[end - 1]),
        left_out=len(sequences) - len(long_enough),
    )


def time_split(dataset: Dataset, config: SplitConfig, target: str, share: float = 0.9) -> Split:
    """One cut in time for all users: models learn from the events before it alone.

    Test users have `min_events` before the cut and one after it; the last event before the cut is for validation.
    Source of the variants: Meng et al. (2020), Exploring Data Splitting Strategies, RecSys.

    target: `first` event after the cut, or `last` event of all, whose history then reaches beyond the cut
    share: of all events, that lie before the cut

    Raises StudyError where no user has events on both sides.
    """
    if target not in ("first", "last"):
        raise StudyError(f"unknown target '{target}' of a time split; choose first or last")
    sequences = order(dataset.interactions, config.tie_rule)
    by_user_and_time = _sorted_events(dataset.interactions, config.tie_rule)
    times = dataset.interactions.timestamp.to_numpy()[by_user_and_time]
    cut = np.quantile(times, share, method="higher")
    begin = sequences.offsets[:-1]
    before = np.add.reduceat((times < cut).astype(np.int64), begin)  # (users,) events before the cut
    learned = np.flatnonzero(before >= max(config.min_events, 3))  # user rows
    tested = learned[sequences.lengths[learned] > before[learned]]
    if not len(tested):
        raise StudyError(
            f"data set '{dataset.name}': no user has {config.min_events} events before the cut in time "
            "and one after it; use data over a longer time"
        )
    history = sequences.first(learned, before[learned] - 1)
    validation = Cases(history, sequences.items[begin[learned] + before[learned] - 1])
    length = before[tested] if target == "first" else sequences.lengths[tested] - 1  # of each test history
    test = Cases(sequences.first(tested, length), sequences.items[begin[tested] + length])
    return Split(history, validation, test, len(sequences) - len(tested))


def order(interactions: pd.DataFrame, tie_rule: str) -> Sequences:
    """One sequence per user: users ascending, events by timestamp, those with the same timestamp by the tie rule.

    tie_rule: `file` (file order), `id_up`, `id_down` (by item index) or `random:SEED`
    Raises StudyError for any other rule.
    """
    users, counts = np.unique(interactions.user_id.to_numpy(), return_counts=True)
    items = interactions["item"].to_numpy()[_sorted_events(interactions, tie_rule)]
    return Sequences(users, np.concatenate([[0], np.cumsum(counts)]), items)


def _sorted_events(interactions: pd.DataFrame, tie_rule: str) -> np.ndarray:
    """int64 (events,): row numbers in the order of `order`, user after user."""
    n = len(interactions)
    rule, _, seed = tie_rule.partition(":")
    if rule == "random" and seed.isdecimal():
        tie = np.random.default_rng(int(seed)).permutation(n)
    elif tie_rule in ("file", "id_up", "id_down"):
        item = interactions["item"].to_numpy()
        tie = {"file": np.arange(n), "id_up": item, "id_down": -item}[tie_rule]
    else:
        raise StudyError(
            f"unknown tie rule '{tie_rule}'; choose file, id_up, id_down or random:SEED (for example random:0)"
        )
    return np.lexsort((tie, interactions.timestamp.to_numpy(), interactions.user_id.to_numpy()))


def time_gaps(interactions: pd.DataFrame) -> pd.DataFrame:
    """How much time lies between the events of a user: one row per event but each user's first, all int64.

    Columns: user_id, seconds (since the event before), from_end (place counted from the end, 1 = last)
    """
    events = interactions.sort_values(["user_id", "timestamp"], kind="stable")
    timestamps = events.groupby("user_id").timestamp
    gaps = pd.DataFrame(
        {"user_id": events.user_id, "seconds": timestamps.diff(), "from_end": timestamps.cumcount(ascending=False) + 1}
    )
    return gaps.dropna().astype(np.int64).reset_index(drop=True)
