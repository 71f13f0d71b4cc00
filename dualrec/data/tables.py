"""Delimited text files as typed tables, with errors that name file and line."""

from __future__ import annotations

import csv
import gzip
import io
import warnings
import zlib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.core.text import decode, printable
from dualrec.data.batches import GZIP, read_batches
from dualrec.data.columns import KINDS

NAMED = 300  # characters of a foreign file's column names in an error
_OTHER_SEPARATORS = ";\t|"  # than the comma that a file with a header should have
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
_PARQUET = b"PAR1"
_PACKED = {b"PK\3\4": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}


class Fault(NamedTuple):
    """The first value of a table that is none of its column's kind.

    row: its number, from 0
    said: what is wrong with it, and what to do
    """

    row: int
    said: str


def read_table(
    path: Path, separator: str, columns: list[str] | None, kinds: dict[str, str], required: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read a delimited text file with typed columns.

    path: UTF-8, UTF-16 or latin-1; packed by gzip or not, with `.gz` behind the name or not
    separator: one character, or `::`
    columns: their names; None where the first line has them
    kinds: column -> "int", "float", "name" (int64 where all are plain whole numbers, else text that must not be empty),
        "time" (int64, see `columns.read_time`) or "text"; other columns are text, empty where missing. Where times are
        in scientific notation, a column `scientific` (bool) says in which rows.
    required: columns that must be there

    Raises StudyError naming the file, and where it can the line, for a missing file or column and for a malformed row.
    """
    # Two ways to one table: a plain file, however large, is read in batches that need little memory, but what is not
    # plain, or wrong, is read by the second way, which understands more and can say in which line it failed.
    table = read_batches(stored(path), separator, columns, kinds)
    if table is not None and {*required} <= {*table} and not type_columns(table, kinds):
        return table
    del table  # it may be large
    return _read_whole(path, separator, columns, kinds, required)


def type_columns(table: pd.DataFrame, kinds: dict[str, str]) -> Fault | None:
    """Give the columns of text their kinds, in place, unless one holds what is none of its kind; those of numbers stay.

    Where times are in scientific notation, a column `scientific` (bool) says in which rows.
    """
    for name in [name for name in kinds if name in table and pd.api.types.is_string_dtype(table[name])]:
        column, kind = pd.Series(table[name]), KINDS[kinds[name]]
        values, bad = kind.read(column)
        if bad.any():
            row = int(bad.to_numpy().argmax())
            what_to_do = advice(int(bad.sum()), len(table), name, kind.all, "line")
            return Fault(row, f"{name} is {column.iloc[row]!r}, not {kind.one}{what_to_do}")
        table[name] = values
        if kinds[name] == "time" and (scientific := column.str.contains("e", case=False)).any():
            table["scientific"] = scientific
    return None


def _read_whole(
    path: Path, separator: str, columns: list[str] | None, kinds: dict[str, str], required: tuple[str, ...]
) -> pd.DataFrame:
    """See `read_table`."""
    text = text_of(path)
    if separator == "::":  # one character lets pandas use its fast parser
        separator = "\x1f"
        text = text.replace("::", separator)
    content = text.encode()  # a StringIO would take four bytes a character
    del text
    quoting = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    try:
        with warnings.catch_warnings():
            # pandas only warns where it cuts off surplus fields
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.BytesIO(content),
                sep=separator,
                names=columns,
                header=None if columns else 0,
                dtype=str,
                index_col=False,
                keep_default_na=False,
                quoting=quoting,
            )
    except pd.errors.ParserWarning as error:
        raise StudyError(f"{path} has more fields in a row than columns; quote or remove what is too much") from error
    except pd.errors.ParserError as error:
        raise StudyError(
            f"{path} cannot be read as a table: {printable(str(error).strip())}; correct or remove the line"
        ) from error
    reader = csv.reader(
        io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=None), delimiter=separator, quoting=quoting
    )
    # pandas skips blank lines, so a row's number is not its line's
    rows = ((reader.line_num, fields) for fields in reader if len(fields) > 1 or "".join(fields).strip(" \t"))
    _, header = (0, []) if columns else next(rows, (0, []))
    if twice := [name for name in header if header.count(name) > 1]:  # pandas gives the second one another name
        raise StudyError(f"{path}: the column {_named(twice[:1])} stands there twice; rename or remove one of them")
    check_columns(path, table.columns, len(table), required)
    if fault := type_columns(table, kinds):
        line, _ = next(islice(rows, fault.row, None), (reader.line_num, []))
        raise StudyError(f"{path}, line {line}: {fault.said}")
    return table


def check_columns(path: Path, columns: Iterable, rows: int, required: tuple[str, ...]) -> None:
    """Raise StudyError where a required column or every row is missing."""
    missing = [name for name in required if name not in columns]
    if missing or not rows:
        fault = (
            f"lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}" if missing else "holds no rows"
        )
        as_one = len(header := [*map(str, columns)]) == 1 and any(mark in header[0] for mark in _OTHER_SEPARATORS)
        remedy = ", read as one: part them by commas" if as_one else ""
        raise StudyError(f"{path} {fault}; its columns are {_named(header)}{remedy}")


def stored(path: Path) -> Path:
    """The file itself, or where there is only a packed one, that."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() and not path.exists() else path


def advice(bad: int, rows: int, column: str, wanted: str, place: str) -> str:
    """What to do about some bad rows of a column.

    wanted: how the column should be written where most rows are wrong
    place: what an error calls the place of a row, `line` or `row`
    """
    if bad == 1:
        return f"; correct or remove the {place}"
    if bad <= rows / 2:
        return f" (the first of {bad} such rows); correct or remove them"
    return f" (the first of {bad} such rows among {rows}); write the whole column {column} as {wanted}"


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16 or latin-1, packed by gzip or not. Raises StudyError where it has none."""
    path = stored(path)
    if path.suffix.lower() in _SPREADSHEETS:
        raise StudyError(f"{path} is a spreadsheet; save it as CSV")
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(GZIP) else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StudyError(f"{path} is not a whole gzip file; pack or fetch it again") from error
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}); check the folder") from error
    if content.startswith(_PARQUET):
        raise StudyError(f"{path} is a parquet file; name it so, with .parquet at its end")
    if packing := next((name for mark, name in _PACKED.items() if content.startswith(mark)), None):
        raise StudyError(f"{path} is packed with {packing}; unpack it")
    try:
        text = decode(content)
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if not text.strip():
        raise StudyError(f"{path} is empty; write it again")
    return text


def _named(columns: Iterable) -> str:
    """Column names as an error may show them: a foreign file's may hold control characters, and be long."""
    return printable(", ".join(map(str, columns)))[:NAMED]
