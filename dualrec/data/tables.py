"""Delimited text files as typed tables, with errors that name file and line."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.core.text import encoding_of, printable

NAMED = 300  # characters of a foreign file's column names in an error
PACKED = {b"\x1f\x8b": "gzip", b"PK\3\4": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}
EXPECTED = {"int": "a whole number", "float": "a number", "name": "an id"}


def read_table(
    path: Path, separator: str, columns: list[str] | None, kinds: dict[str, str], required: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read a delimited text file with typed columns.

    path: in UTF-8, in UTF-16 with a byte-order mark, or else in latin-1
    separator: one character, or `::`
    columns: their names; None where the first line has them
    kinds: column -> "int", "float" or "name" (text that must not be empty); other columns are text, empty where missing
    required: columns that must be there

    Raises StudyError naming the file, and where it can the line, for a missing file or column and for a malformed row.
    """
    text = _read_text(path)
    if separator == "::":  # one character lets pandas use its fast parser
        separator = "\x1f"
        text = text.replace("::", separator)
    quoting = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # pandas only warns where it cuts off surplus fields
            table = pd.read_csv(
                io.StringIO(text),
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
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StudyError(
            f"{path} cannot be read as a table: {printable(str(error).strip())}; correct or remove the line"
        ) from error

    def rows():
        return csv.reader(io.StringIO(text, newline=None), delimiter=separator, quoting=quoting)

    header = [] if columns else next(rows())
    if twice := [name for name in header if header.count(name) > 1]:  # pandas gives the second one another name
        raise StudyError(f"{path}: the column {_named(twice[:1])} stands there twice; rename or remove one of them")
    missing = [name for name in required if name not in table]
    if missing or table.empty:
        fault = (
            f"lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}" if missing else "holds no rows"
        )
        raise StudyError(f"{path} {fault}; its columns are {_named(table.columns)}")
    for name in kinds.keys() & set(table.columns):
        try:
            table[name] = _typed(pd.Series(table[name]), kinds[name])
        except _BadRow as bad:
            row = bad.args[0]
            reader = rows()
            # pandas skips blank lines, so a row's number is not its line's
            lines = [reader.line_num for fields in reader if len(fields) > 1 or "".join(fields).strip()]
            line = lines[row if columns else row + 1]
            fault = f"{name} is {table[name].iloc[row]!r}, not {EXPECTED[kinds[name]]}"
            raise StudyError(f"{path}, line {line}: {fault}; correct or remove the line") from None
    return table


def _read_text(path: Path) -> str:
    """A file's text. Raises StudyError where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}); check the folder") from error
    packing = next((name for mark, name in PACKED.items() if content.startswith(mark)), None)
    if packing:
        raise StudyError(f"{path} is packed with {packing}; unpack it")
    try:
        return content.decode(encoding_of(content))
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _named(columns: Iterable) -> str:
    """Column names as an error may show them: a foreign file's may hold control characters, and be long."""
    return printable(", ".join(map(str, columns)))[:NAMED]


class _BadRow(ValueError):
    """The row, counted from 0, whose value is not of its column's kind."""


def _typed(column: pd.Series, kind: str) -> pd.Series:
    """A text column as int64, float32 or unchanged text.

    kind: "int", "float" or "name"

    Raises _BadRow for the first value that is not of this kind.
    """
    if kind == "name":
        bad, values = column.str.strip() == "", column
    else:
        values = pd.Series(pd.to_numeric(column, errors="coerce"))
        bad = ~values.abs().lt(2**62)  # true for what is no number, too
        if kind == "int":
            bad |= values != values.round()
    if bad.any():
        raise _BadRow(int(bad.to_numpy().argmax()))
    return values if kind == "name" else values.astype("int64" if kind == "int" else "float32")
