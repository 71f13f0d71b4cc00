"""Plain delimited text in little memory: read a batch at a time, and numbers are not kept as text."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from dualrec.data.columns import KINDS, compute, plain_numbers

GZIP = b"\x1f\x8b"  # first bytes of a packed file
_BATCH = 2**22  # bytes
_HEADER = 2**16  # bytes of a first line, at most
_WHOLE = ("int", "name", "time")  # kinds that a whole number may be of
_UNCLEAR = r'["\x00\x1f]'  # quotes, and what pandas takes for an end or a separator


def read_batches(path: Path, separator: str, columns: list[str] | None, kinds: dict[str, str]) -> pd.DataFrame | None:
    """The columns of a file as `tables.read_table` types them, or None where the file is not plain.

    Plain is UTF-8 without quotes, whose columns have words for names and whose rows have a field for each of them.
    Columns of kind "float" are float32; those of kinds that whole numbers may be of are int64 where all values are
    whole numbers without ornament, and all others text as it stands in the file: nothing of it is lost.
    """
    try:
        with _unpacked(path) as stream:
            names = columns or _header(stream, separator)
            pieces = _pieces(stream, separator, names, kinds)
            return pd.DataFrame({name: _joined(pieces.pop(name)) for name in names}, copy=False)
    except (ValueError, OSError, EOFError, zlib.error, pa.ArrowException):
        return None
    finally:
        pa.default_memory_pool().release_unused()  # Arrow would keep as much as all pieces took


def _unpacked(path: Path) -> io.BufferedReader | gzip.GzipFile:
    """The bytes of a file."""
    stream = path.open("rb")
    if stream.peek(2)[:2] != GZIP:
        return stream
    stream.close()
    return gzip.open(path)


def _header(stream: io.BufferedReader | gzip.GzipFile, separator: str) -> list[str]:
    """The names in the first line, behind which the stream stands then. Raises ValueError where they are not plain."""
    line = stream.readline(_HEADER).decode("utf-8-sig")
    names = line.rstrip("\r\n").split(separator)
    words = len(set(names)) == len(names) and all(name.isidentifier() for name in names)
    if not words or not line.endswith("\n") or stream.peek(3)[:3] == codecs.BOM_UTF8:
        raise ValueError("no plain header")
    return names


def _pieces(stream, separator: str, names: list[str], kinds: dict[str, str]) -> dict[str, list]:
    """Every column as one piece a batch. Raises ValueError where a batch is not plain."""
    fields = names
    if separator == "::":  # Arrow parts fields by one character: between two colons lies an empty field
        fields = [field for name in names for field in (name, f"{name}::")][:-1]
    if len(fields) < 2:  # whose blank lines would count as rows
        raise ValueError("a single column")
    batches = csv.open_csv(
        stream,
        csv.ReadOptions(block_size=_BATCH, column_names=fields),
        csv.ParseOptions(delimiter=separator[0], quote_char=False),
        csv.ConvertOptions(column_types=dict.fromkeys(fields, pa.string()), null_values=[], strings_can_be_null=False),
    )
    pieces = {name: [] for name in names}
    for batch in batches:
        for field, column in zip(fields, batch.columns, strict=True):
            if field in pieces:
                pieces[field].append(_compact(column, kinds.get(field)))
            elif compute.max(compute.binary_length(column)).as_py():
                raise ValueError("a colon that separates nothing")
    return pieces


def _compact(column: pa.StringArray, kind: str | None) -> np.ndarray | pa.StringArray:
    """One batch of a column: int64, float32 or text. Raises ValueError where it is not plain."""
    if kind in _WHOLE and (numbers := plain_numbers(column)) is not None:
        return numbers
    if kind == "float":  # there are few different ones
        coded = column.dictionary_encode()
        values, bad = KINDS[kind].read(_plain(coded.dictionary).to_pandas())
        if bad.any():
            raise ValueError("no number")
        return values.to_numpy()[coded.indices.to_numpy()]
    return _plain(column)


def _plain(text: pa.StringArray) -> pa.StringArray:
    """The text itself. Raises ValueError where a character in it means something to one parser alone."""
    if compute.any(compute.match_substring_regex(text, _UNCLEAR)).as_py():
        raise ValueError("an unclear character")
    return text


def _joined(pieces: list) -> np.ndarray | pd.Series:
    """The pieces of one column as a whole, text where any of them is text."""
    if not any(isinstance(piece, pa.Array) for piece in pieces):
        return np.concatenate(pieces)
    text = [piece if isinstance(piece, pa.Array) else pa.array(piece).cast(pa.string()) for piece in pieces]
    return pa.chunked_array(text).to_pandas()
