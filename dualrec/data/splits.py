"""Cases under declared rules for ties and repeats: leave-one-out per user (the audited split), or one cut in time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.columns import ticks_per_second
from dualrec.data.dataset import Dataset
from dualrec.types import Cases, Sequences


@dataclass(frozen=True)
class Split:
    """What models learn from, what settings are chosen on, and what is evaluated.

    train: sequences without the last two events
    validation: one case per user, whose target is the event before the last
    test: one case per user, whose target is the last event
    left_out: how many users have too few events
    met_before: how many events are left out since their user had met the item before
    repeated_targets: how many users end with an item they had met before
    """

    train: Sequences
    validation: Cases
    test: Cases
    left_out: int
    met_before: int = 0
    repeated_targets: int = 0


def leave_one_out(dataset: Dataset, config: SplitConfig) -> Split:
    """Split a data set by time order within each user.

    Raises StudyError where no user is long enough, or none has a target that may be recommended.
    """
    events = _in_order(dataset, config)
    met_before, repeated = int(events.met_before.sum()), _repeated_targets(events, config)
    sequences = _sequences(_kept(events, config), config)
    del events  # as large as the data set, and done with
    split = split_sequences(sequences, config.min_events)
    if not len(split.test):
        raise StudyError(
            f"data set '{dataset.name}': no user has {max(config.min_events, 3)} events; use data with longer histories"
        )
    if config.repeats == "drop":
        rows = np.flatnonzero(~_known_targets(split.test))
        if not len(rows):
            raise StudyError(
                f"data set '{dataset.name}': repeats = \"drop\" leaves no user, since all end with an item they had "
                'met before; use repeats = "first" in [split]'
            )
        split = Split(split.train.take(rows), split.validation.take(rows), split.test.take(rows), split.left_out)
    return replace(split, met_before=met_before if config.repeats == "first" else 0, repeated_targets=repeated)


def split_sequences(sequences: Sequences, min_events: int) -> Split:
    """Leave-one-out for sequences that are in order; the history of a test case holds the validation event, too.

    min_events: users with fewer events are left out; at least 3, so that every user has something to train on
    """
    long_enough = sequences.take(np.flatnonzero(sequences.lengths >= max(min_events, 3)))
    end = long_enough.offsets[1:]
    train = long_enough.drop_last(2)
    return Split(
        train=train,
        validation=Cases(train, long_enough.items[end - 2]),
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
    events = _kept(_in_order(dataset, config), config)
    sequences = _sequences(events, config)
    times = events.timestamp.to_numpy()
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
    if config.repeats == "drop":
        test = test.take(~_known_targets(test))
    return Split(history, validation, test, len(sequences) - len(tested))


def order(dataset: Dataset, config: SplitConfig) -> Sequences:
    """One sequence per user: users ascending, events by timestamp, those with the same timestamp by the tie rule.

    config: its tie rule is `file` (file order), `id_up`, `id_down` (by original item id) or `random:SEED`; of its rules
        for repeats, `first` leaves events out
    """
    return _sequences(_kept(_in_order(dataset, config), config), config)


def _in_order(dataset: Dataset, config: SplitConfig) -> pd.DataFrame:
    """All interactions in the order of `order`, without ratings, and whether each user had met the item: `met_before`.

    Every column is an array of its own, so that none is kept in memory for the sake of another.
    """
    interactions = dataset.interactions
    users, items, times = (interactions[name].to_numpy() for name in ("user_id", "item", "timestamp"))
    rule, _, seed = config.tie_rule.partition(":")
    keys = [times, users]  # file order settles what they leave equal
    if rule == "random":
        keys.insert(0, np.random.default_rng(int(seed)).permutation(len(users)))
    elif rule != "file":
        ranks = dataset.catalogue.id_ranks[items]
        keys.insert(0, ranks if rule == "id_up" else -ranks)
    rows = np.lexsort(keys)
    users, items, times = users[rows], items[rows], times[rows]
    pairs = np.multiply(users, len(dataset.catalogue) + 1, out=rows)  # in the memory of what is done with
    pairs += items
    met_before = pd.Series(pairs, copy=False).duplicated().to_numpy()
    columns = {"user_id": users, "item": items, "timestamp": times, "met_before": met_before}
    return pd.DataFrame(columns, copy=False)


def _kept(events: pd.DataFrame, config: SplitConfig) -> pd.DataFrame:
    """The events that the rule for repeats leaves."""
    return events.loc[~events.met_before] if config.repeats == "first" and events.met_before.any() else events


def _sequences(events: pd.DataFrame, config: SplitConfig) -> Sequences:
    """Ordered events as one sequence per user."""
    counts = np.bincount(events.user_id.to_numpy())
    users = np.flatnonzero(counts)
    offsets = np.concatenate([[0], np.cumsum(counts[users])])
    return Sequences(users, offsets, events["item"].to_numpy(), config.repeats == "allow")


def _repeated_targets(events: pd.DataFrame, config: SplitConfig) -> int:
    """How many users with enough events end with an item they had met before."""
    counts = np.bincount(events.user_id.to_numpy())
    last = (np.cumsum(counts) - 1)[counts >= max(config.min_events, 3)]
    return int(events.met_before.to_numpy()[last].sum())


def _known_targets(cases: Cases) -> np.ndarray:
    """bool (n,): whether the history of a case holds its target."""
    case = np.repeat(np.arange(len(cases)), cases.history.lengths)
    return np.bincount(case[cases.history.items == cases.targets[case]], minlength=len(cases)) > 0


def time_gaps(interactions: pd.DataFrame) -> pd.DataFrame:
    """How much time lies between the events of a user: one row per event but each user's first.

    Columns: user_id int64, seconds (since the event before; float64 where times have fractions of one, else int64),
    from_end int64 (place counted from the end, 1 = last)
    """
    events = interactions.sort_values(["user_id", "timestamp"], kind="stable")
    timestamps = events.groupby("user_id").timestamp
    gaps = pd.DataFrame(
        {"user_id": events.user_id, "seconds": timestamps.diff(), "from_end": timestamps.cumcount(ascending=False) + 1}
    )
    gaps = gaps.dropna().astype(np.int64).reset_index(drop=True)
    ticks = ticks_per_second(interactions.timestamp)
    return gaps if ticks == 1 else gaps.assign(seconds=gaps.seconds / ticks)
