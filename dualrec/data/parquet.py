"""Parquet files as typed tables, with errors that name file and row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types
from pyarrow.parquet import ParquetFile

from dualrec.core.errors import StudyError
from dualrec.data.columns import KINDS, LARGEST, coarsest
from dualrec.data.tables import advice, check_columns

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # to the second
_WANTED = {
    "float": "numbers",
    "name": "whole numbers (of int64) or text",
    "text": "text",
    "time": "whole numbers, fractions, text or timestamps",
}
# What pyarrow raises where a file is no parquet file, or bytes of one are damaged.
_UNREADABLE = (ValueError, OSError, TypeError, LookupError, NotImplementedError, pa.ArrowException)


def read_parquet(path: Path, kinds: dict[str, str], required: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read those columns of a parquet file that `kinds` names, typed as `tables.read_table` types those of a text file.

    path: of the file
    kinds: column -> "float", "name", "time" or "text", see `tables.read_table`. Text is read as there. Ids may also be
        whole numbers, numbers of any type, and times whole numbers, fractions, days or timestamps, UTC unless they name
        another zone. Only text may be missing, and is empty then.
    required: columns that must be there

    Raises StudyError naming the file, and where it can the row (from 1), for a missing file or column, a column of
    another type and a wrong value.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}); check the folder") from error
    with stream:  # pyarrow takes no path that is not UTF-8
        try:
            file = ParquetFile(stream)
            names = file.schema_arrow.names
            check_columns(path, names, file.metadata.num_rows, required)
            # one after the other, so that never more than one is in memory twice
            table = {name: _typed(path, name, file.read([name]), kind) for name, kind in kinds.items() if name in names}
        except _UNREADABLE as error:
            raise StudyError(f"{path} is not a readable parquet file; write it again, unpacked") from error
    return pd.DataFrame(table, copy=False)


def _typed(path: Path, name: str, table: pa.Table, kind: str) -> pd.Series:
    """The one column of a table. Raises StudyError where there are several, and for a wrong type or value."""
    if table.num_columns > 1:
        raise StudyError(f"{path}: the column {name} stands there twice; rename or remove one of them")
    column = table.column(0)
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        values, bad = _read(column, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
        raise StudyError(
            f"{path}: the column {name} is of type {column.type}; write the whole column as {_WANTED[kind]}"
        ) from error
    if bad.any():
        row = int(bad.to_numpy().argmax())
        value = column[row].as_py()
        fault = f"{name} is {'missing' if value is None else repr(value)}, not {KINDS[kind].one}"
        what_to_do = advice(int(bad.sum()), len(bad), name, _WANTED[kind], "row")
        raise StudyError(f"{path}, row {row + 1}: {fault}{what_to_do}")
    return values


def _read(column: pa.ChunkedArray, kind: str) -> tuple[pd.Series, pd.Series]:
    """A column's values, and whether each is none of its kind, as `columns.Kind.read` gives them.

    Raises KeyError, ArrowInvalid or ArrowNotImplementedError where the type of the column does not fit.
    """
    found = column.type
    if types.is_date(found):
        column, found = column.cast(pa.timestamp("s")), pa.timestamp("s")
    missing = column.is_null().to_pandas()
    if kind == "time" and types.is_timestamp(found):
        return coarsest(_numbers(column.cast(pa.int64()), 0), _TICKS[found.unit]), missing
    if kind in ("name", "time") and types.is_integer(found):
        values = _numbers(column.cast(pa.int64()), 0)
        return values, missing | ((values.abs() >= LARGEST) & (kind == "time"))
    number = types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)
    if kind == "float" and number:
        return KINDS[kind].read(_numbers(column.cast(pa.float64(), safe=False), float("nan")))
    if kind == "time" and types.is_floating(found):
        values = _numbers(column.cast(pa.float64()), float("nan"))
        bad = ~(values.abs() < LARGEST)
        if ((values % 1 == 0) | bad).all():
            return values.mask(bad, 0).astype("int64"), bad
    texts = (pa.string(), pa.large_string(), pa.string_view(), pa.null())
    if found not in texts and not (kind == "text" or kind == "time" and number):
        raise KeyError(found)
    return KINDS[kind].read(pc.fill_null(column.cast(pa.large_string()), "").to_pandas())


def _numbers(column: pa.ChunkedArray, missing: float) -> pd.Series:
    """Numbers, with one in place of those that are missing."""
    return pc.fill_null(column, missing).to_pandas()
