"""Columns of text as numbers, ids and times, each with the rows that are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

compute: Any = pyarrow.compute  # Any: it makes most of its functions when it is imported
LARGEST = 2**62  # of a whole number or a time in its unit
PLAIN_NUMBER = r"(?:0|-?[1-9][0-9]{0,17})"  # a whole number as it is written without ornament, and fits int64
_WHOLE = r"[+-]?\d{1,18}"
_DIGITS = 9  # decimals of a time, at most
_YEARS = (1678, 2261)  # that int64 holds in nanoseconds


@dataclass(frozen=True)
class Kind:
    """What a column holds.

    read: a text column -> (its values, whether each row is none of this kind)
    one: how an error calls a single value
    all: how it should be written where most rows are wrong
    """

    read: Callable[[pd.Series], tuple[pd.Series, pd.Series]]
    one: str
    all: str


def plain_numbers(text: pa.Array | pa.ChunkedArray) -> np.ndarray | None:
    """int64 where all of a text column are whole numbers without ornament, else None."""
    if not compute.all(compute.match_substring_regex(text, f"^{PLAIN_NUMBER}$")).as_py():
        return None
    return text.cast(pa.int64()).to_numpy()


def read_whole(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """int64 values."""
    if (numbers := plain_numbers(pa.array(column))) is not None:
        return pd.Series(numbers, column.index), pd.Series(False, column.index)
    values = _numbers(column)
    bad = ~(values.abs() < LARGEST) | (values != values.round())  # true for what is no number, too
    return values.mask(bad, 0).astype("int64"), bad


def read_number(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """float32 values."""
    values = _numbers(column)
    bad = ~(values.abs() < LARGEST)
    return values.astype("float32"), bad


def read_name(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """int64 where all are whole numbers without ornament, else text as it is; only blanks are none."""
    if (numbers := plain_numbers(pa.array(column))) is not None:
        return pd.Series(numbers, column.index), pd.Series(False, column.index)
    return column, column.str.strip() == ""


def read_text(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Text as it is, whatever it is."""
    return column, pd.Series(False, column.index)


def read_time(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """int64 times in the column's own order, none of whose digits is lost.

    Whole numbers stay as they are. With fractions, and where most rows are dates in ISO form (UTC unless they name
    another zone), the unit is the largest of second, millisecond, microsecond and nanosecond in which all are whole.
    """
    if (plain := plain_numbers(pa.array(column))) is not None:
        return pd.Series(plain, column.index), pd.Series(False, column.index)
    text = column.str.strip()
    numbers = _numbers(text).abs() < LARGEST
    dates = pd.Series(pd.to_datetime(text.mask(numbers, ""), format="ISO8601", utc=True, errors="coerce"))
    dated = dates.dt.year.between(*_YEARS)
    if dated.sum() <= numbers.sum():
        return _scaled(text, ~numbers)
    dates = dates.where(dated, pd.Timestamp(0, tz="UTC")).dt.as_unit("ns")
    return coarsest(dates.astype("int64"), 10**9), ~dated


def coarsest(times: pd.Series, ticks: int) -> pd.Series:
    """Times in the largest unit in which all are whole: second, millisecond, microsecond or nanosecond.

    times: int64
    ticks: of their unit, to the second
    """
    unit = next(10**digits for digits in (9, 6, 3, 0) if 10**digits <= ticks and not (times % 10**digits).any())
    return times // unit if unit > 1 else times


def ticks_per_second(times: pd.Series) -> int:
    """The unit of times since 1970, told by their size: 1, 1,000, 1,000,000 or 1,000,000,000 to the second.

    times: int64; a clock that starts elsewhere is taken to count seconds
    """
    typical = times.abs().median()
    return next((10**digits for digits in (9, 6, 3) if typical > 10 ** (digits + 8)), 1)


def _numbers(column: pd.Series) -> pd.Series:
    """Text as numbers, NaN for what is none; each distinct text is read once, since most columns repeat few."""
    places, distinct = pd.factorize(column, use_na_sentinel=False)
    return pd.Series(pd.Series(pd.to_numeric(pd.Series(distinct), errors="coerce")).to_numpy()[places], column.index)


def _scaled(text: pd.Series, bad: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Numbers with fractions as whole ones: decimal by decimal, since a float would round them."""
    whole = text.mask(bad, "0")
    if whole.str.fullmatch(_WHOLE).all():
        return whole.astype("int64"), bad
    exact = [Decimal(0) if skipped else Decimal(value) for value, skipped in zip(text, bad, strict=True)]
    decimals = np.array([max(0, -int(value.normalize().as_tuple().exponent)) for value in exact])
    bad = bad | (decimals > _DIGITS)
    power = -(-int(decimals[~bad].max(initial=0)) // 3) * 3
    whole = [0 if skipped else int(value.scaleb(power)) for value, skipped in zip(exact, bad, strict=True)]
    bad |= pd.Series([abs(value) >= LARGEST for value in whole], text.index)
    return pd.Series([0 if skipped else v for v, skipped in zip(whole, bad, strict=True)], text.index, "int64"), bad


KINDS = {
    "int": Kind(read_whole, "a whole number", "whole numbers"),
    "float": Kind(read_number, "a number", "numbers"),
    "name": Kind(read_name, "an id", "ids, one in every row"),
    "text": Kind(read_text, "text", "text"),
    "time": Kind(read_time, "a time", "seconds since 1970, or as dates such as 2001-12-31T23:59:59"),
}
