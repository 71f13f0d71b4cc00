"""Ledgers of others: any parquet file with the five columns, whether or not a sidecar lies beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype, is_numeric_dtype

from dualrec.core import paths
from dualrec.evaluation.ledger import COLUMNS, check_ledger, read_ledger, read_rows, read_sidecar, require_file

EXACT = 2**53  # up to which a float holds every whole number


def read_any_ledger(path: Path) -> tuple[pd.DataFrame, dict | None]:
    """A ledger, and what its sidecar says; None where it has none, so that nobody knows how it was made.

    path: of the parquet file

    Without a sidecar, columns may stand in any order, others beside them are left out, and types are cast where no
    value changes: whole numbers of any width, scores of any precision.
    Raises StudyError as `read_ledger` does, but for a sidecar that is missing.
    """
    path = Path(path)
    require_file(path)
    if path.with_suffix(".json").exists():
        return read_ledger(path), read_sidecar(path)
    rows = read_rows(path, "name a ledger, such as runs/laptop/lists/lstm.parquet")
    if set(COLUMNS) <= set(rows.columns):
        rows = pd.DataFrame({name: _cast(pd.Series(rows[name]), name) for name in COLUMNS})
    check_ledger(rows, paths.readable(path))
    return rows, None


def _cast(column: pd.Series, name: str) -> pd.Series:
    """A column in the type of a ledger, where that changes no value; else as it is, for `check_ledger` to refuse."""
    if name == "score":
        if is_numeric_dtype(column) or column.isna().all():
            with np.errstate(over="ignore"):  # no metric reads a score
                return column.astype("float32")
        return column
    present = column.dropna()
    whole = is_integer_dtype(column) and present.le(np.iinfo(np.int64).max).all()
    if is_float_dtype(column):
        whole = bool((present.eq(present.round()) & present.abs().lt(EXACT)).all())
    if not whole or is_bool_dtype(column) or (name != "item_id" and len(present) < len(column)):
        return column
    if name == "item_id":
        return column.astype("Int64")
    fits = name != "rank" or present.abs().le(np.iinfo(np.int32).max).all()
    return column.astype("int32" if name == "rank" else "int64") if fits else column
