"""Lists as rows of a table with the ids of the data, one row per place: in ledgers, and in lists for everybody."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.types import RankedLists


def list_rows(system: str, user_ids: np.ndarray, lists: RankedLists, item_ids: np.ndarray) -> pd.DataFrame:
    """n x K rows with the columns user_id, rank, item_id and score, of the types of a ledger.

    system: whose lists they are, as an error calls it
    user_ids: int64 or text (n,), original ids of the users
    lists: one per user
    item_ids: int64 or text (N + 1,), original ids by item index

    Raises StudyError where a list names an item that is not there.
    """
    items = np.asarray(lists.items)
    if ((items != -1) & ((items < 1) | (items >= len(item_ids)))).any():
        raise StudyError(
            f"system '{system}' lists items outside 1..{len(item_ids) - 1}; use -1 where nothing valid was produced"
        )
    n, k = items.shape
    empty = items == -1
    scores = np.full((n, k), np.nan) if lists.scores is None else np.where(empty, np.nan, lists.scores)
    return pd.DataFrame(
        {
            "user_id": id_column(np.repeat(user_ids, k)),
            "rank": np.tile(np.arange(1, k + 1, dtype=np.int32), n),
            "item_id": id_column(item_ids[np.maximum(items, 0)].ravel(), empty.ravel()),
            "score": scores.ravel().astype(np.float32),
        }
    )


def id_column(ids: np.ndarray, missing: np.ndarray | None = None) -> pd.Series:
    """Original ids as a column of such a table.

    ids: (rows,) int64 or text
    missing: bool (rows,), where there is none; left out for a column that has one in every row
    """
    if ids.dtype.kind != "i":
        column = pd.Series(ids, dtype="str")
        return column if missing is None else column.mask(missing)
    return pd.Series(ids.astype(np.int64) if missing is None else pd.arrays.IntegerArray(ids.astype(np.int64), missing))
