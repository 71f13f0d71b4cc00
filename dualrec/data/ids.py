"""Original ids: one id for every way in which it is written, and the fixed random order of the items."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dualrec.data.columns import PLAIN_NUMBER, read_name

_ORDER = b"dualrec: order of the items"  # another key is another random order


def same_ids(*columns: pd.Series) -> tuple[list[pd.Series], list[np.ndarray]]:
    """Columns of one kind of ids as original ids, and for each whether a row wrote its id in another way.

    Blanks around an id and a `.0` behind a whole number, which programs add that take ids for measurements, are no part
    of it. The ids are int64 where all are whole numbers (a leading zero makes a name, not a number), else text.

    columns: int64, or text of which none is empty
    """
    read, rewritten = zip(*map(_tidy, columns), strict=True)
    numbers = all(column.dtype == np.int64 for column in read)
    return [column if numbers else column.astype(str) for column in read], list(rewritten)


def _tidy(column: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Ids without what is no part of them, int64 where all are whole numbers, and whether each had any of it."""
    if column.dtype == np.int64:
        return column, np.zeros(len(column), bool)
    tidy = column.str.strip().str.replace(rf"^({PLAIN_NUMBER})\.0*$", r"\1", regex=True)
    return read_name(tidy)[0], (tidy != column).to_numpy(bool)


def as_ids(ids: ArrayLike) -> np.ndarray:
    """Ids as an array of int64 or, where they are text, of text."""
    array = np.asarray(ids)
    return array.astype(np.int64 if array.dtype.kind in "iu" else np.str_)


def with_nobody(ids: np.ndarray) -> np.ndarray:
    """Ids with one in front that stands for none: 0, or empty text."""
    return np.concatenate([np.zeros(1, ids.dtype), ids])


def random_order(ids: np.ndarray) -> np.ndarray:
    """int64 (N,): the places of ids in an order that depends on nothing but the ids themselves.

    It is that of a keyed hash, so it is the same in every run and for every order of a file, and neither ids that count
    up nor popularity show in it.

    ids: (N,) int64 or text
    """
    hashes = [hashlib.blake2b(str(i).encode(), key=_ORDER, digest_size=8).digest() for i in ids.tolist()]
    return np.lexsort((ids, np.array([int.from_bytes(digest) for digest in hashes], np.uint64)))
