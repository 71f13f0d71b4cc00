"""Leave-one-out per user under a declared tie rule: the last event is the test target, the one before validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.data.dataset import Dataset
from dualrec.errors import StudyError
from dualrec.profiles import SplitConfig
from dualrec.types import Cases, Sequences


@dataclass(frozen=True)
class Split:
    """train: sequences without the last two events; validation and test: one case per user; left_out: users too short."""

    train: Sequences
    validation: Cases
    test: Cases
    left_out: int


def leave_one_out(dataset: Dataset, config: SplitConfig) -> Split:
    """Split a data set by time order within each user. Raises StudyError where no user is long enough."""
    split = split_sequences(order(dataset.interactions, config.tie_rule), config.min_events)
    if not len(split.test):
        raise StudyError(f"data set '{dataset.name}': no user has {max(config.min_events, 3)} events; use data with longer histories")
    return split


def split_sequences(sequences: Sequences, min_events: int) -> Split:
    """The same split for sequences already in order; test history holds the validation event too.

    min_events: shorter users are left out; at least 3, so that every user has something to train on
    """
    long_enough = np.flatnonzero(sequences.lengths >= max(min_events, 3))
    kept = sequences.take(long_enough)
    last = kept.offsets[1:]
    return Split(
        kept.drop_last(2),
        Cases(kept.drop_last(2), kept.items[last - 2]),
        Cases(kept.drop_last(1), kept.items[last - 1]),
        len(sequences) - len(kept),
    )


def order(interactions: pd.DataFrame, tie_rule: str) -> Sequences:
    """Users ascending, events by timestamp; events with the same timestamp by the tie rule.

    tie_rule: `file` (file order), `id_up`, `id_down` (by item index) or `random:SEED`
    Raises StudyError for any other rule.
    """
    n = len(interactions)
    rule, _, seed = tie_rule.partition(":")
    if rule == "random" and seed.isdecimal():
        tie = np.random.default_rng(int(seed)).permutation(n)
    elif tie_rule in ("file", "id_up", "id_down"):
        item = interactions.item.to_numpy()
        tie = {"file": np.arange(n), "id_up": item, "id_down": -item}[tie_rule]
    else:
        raise StudyError(f"unknown tie rule '{tie_rule}'; choose file, id_up, id_down or random:SEED (for example random:0)")
    users = interactions.user_id.to_numpy()
    sort = np.lexsort((tie, interactions.timestamp.to_numpy(), users))
    names, counts = np.unique(users, return_counts=True)
    return Sequences(names, np.concatenate([[0], np.cumsum(counts)]), interactions.item.to_numpy()[sort])


def time_gaps(interactions: pd.DataFrame) -> pd.DataFrame:
    """One row per event but each user's first: user_id, seconds since the event before, place counted from the end (1 = last)."""
    events = interactions.sort_values(["user_id", "timestamp"], kind="stable")
    by_user = events.groupby("user_id").timestamp
    gaps = pd.DataFrame({"user_id": events.user_id, "seconds": by_user.diff(), "from_end": by_user.cumcount(ascending=False) + 1})
    return gaps.dropna().astype(np.int64).reset_index(drop=True)
