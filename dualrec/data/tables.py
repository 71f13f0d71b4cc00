"""Delimited text files as typed tables, with errors that name file and line."""

from __future__ import annotations

import csv
import gzip
import io
import warnings
import zlib
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.core.text import decode, printable
from dualrec.data.columns import KINDS

NAMED = 300  # characters of a foreign file's column names in an error
_GZIP = b"\x1f\x8b"
_PACKED = {b"PK\3\4": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}


def read_table(
    path: Path, separator: str, columns: list[str] | None, kinds: dict[str, str], required: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read a delimited text file with typed columns.

    path: UTF-8, UTF-16 or latin-1; packed by gzip or not, with `.gz` behind the name or not
    separator: one character, or `::`
    columns: their names; None where the first line has them
    kinds: column -> "int", "float", "name" (text that must not be empty) or "time" (int64, see `columns.read_time`);
        other columns are text, empty where missing. Where times are in scientific notation, a column `scientific`
        (bool) says in which rows.
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
            # pandas only warns where it cuts off surplus fields
            warnings.simplefilter("error", pd.errors.ParserWarning)
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
    for name in [name for name in kinds if name in table]:
        column = pd.Series(table[name])
        kind = KINDS[kinds[name]]
        values, bad = kind.read(column)
        if bad.any():
            row = int(bad.to_numpy().argmax())
            reader = rows()
            # pandas skips blank lines, so a row's number is not its line's
            lines = [reader.line_num for fields in reader if len(fields) > 1 or "".join(fields).strip()]
            line = lines[row if columns else row + 1]
            fault = f"{name} is {column.iloc[row]!r}, not {kind.one}"
            raise StudyError(f"{path}, line {line}: {fault}{_advice(int(bad.sum()), len(table), name, kind.all)}")
        table[name] = values
        if kinds[name] == "time" and (scientific := column.str.contains("e", case=False)).any():
            table["scientific"] = scientific
    return table


def stored(path: Path) -> Path:
    """The file itself, or where there is only a packed one, that."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.is_file() and not path.exists() else path


def _advice(bad: int, rows: int, column: str, wanted: str) -> str:
    """What to do about some bad rows of a column."""
    if bad == 1:
        return "; correct or remove the line"
    if bad <= rows / 2:
        return f" (the first of {bad} such rows); correct or remove them"
    return f" (the first of {bad} such rows among {rows}); write the whole column {column} as {wanted}"


def _read_text(path: Path) -> str:
    """A file's text. Raises StudyError where it cannot be read."""
    path = stored(path)
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(_GZIP) else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StudyError(f"{path} is not a whole gzip file; pack or fetch it again") from error
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}); check the folder") from error
    if packing := next((name for mark, name in _PACKED.items() if content.startswith(mark)), None):
        raise StudyError(f"{path} is packed with {packing}; unpack it")
    try:
        return decode(content)
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _named(columns: Iterable) -> str:
    """Column names as an error may show them: a foreign file's may hold control characters, and be long."""
    return printable(", ".join(map(str, columns)))[:NAMED]
