"""The k-core of a data set: the most users and items of which each still has k events with the others.

Leaving out items shortens users and the other way round, so one pass is not enough: both go on until all that is left
has its k events. Whatever the order in which users and items leave, the same ones remain.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.data.dataset import Dataset, digest_of, oddities
from dualrec.data.ids import with_nobody


def k_core(dataset: Dataset, k: int, once: bool) -> Dataset:
    """A data set reduced to its k-core, with users and items numbered anew, and counts of what is left out.

    k: events that every user and every item has; 0 for the data set as it is
    once: whether only a user's first encounter with an item counts as an event; all rows of those who stay are kept

    Raises StudyError where nothing is left.
    """
    if not k:
        return dataset
    events = dataset.interactions
    pairs = events[["user_id", "item"]]
    counted = (pairs.drop_duplicates() if once else pairs).to_numpy()
    core = counted[core_rows(counted, k)]
    if not len(core):
        raise StudyError(f"data set '{dataset.name}': no users and items have {k} events each; lower `core`")
    users, items = (np.unique(column) for column in core.T)
    inside = np.isin(events["user_id"].to_numpy(), users) & np.isin(events["item"].to_numpy(), items)
    kept = pd.DataFrame(events[inside])
    kept = kept.assign(
        user_id=np.searchsorted(users, kept.user_id) + 1, item=np.searchsorted(items, kept["item"]) + 1
    ).reset_index(drop=True)
    catalogue, user_ids = dataset.catalogue.take(items), with_nobody(dataset.user_ids[users])
    notes = dataset.notes | oddities(catalogue, kept)
    notes["ratings_outside_the_core"] = len(events) - len(kept)
    notes["users_outside_the_core"] = len(dataset.user_ids) - len(user_ids)
    notes["items_outside_the_core"] = len(dataset.catalogue) - len(catalogue)
    return Dataset(dataset.name, catalogue, kept, user_ids, digest_of(catalogue, kept, user_ids), notes)


def core_rows(pairs: np.ndarray, k: int) -> np.ndarray:
    """int64 (m,): the rows of the k-core, ascending.

    pairs: int64 (n, 2), numbers of user and item of every event
    k: events that every user and every item has
    """
    rows = np.arange(len(pairs))
    while True:
        left = pairs[rows]
        enough = [np.bincount(numbers)[numbers] >= k for numbers in left.T]
        stays = enough[0] & enough[1]
        if stays.all():
            return rows
        rows = rows[stays]
