"""Columns of text as numbers and times: exact, and what is none is marked."""

import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.data.columns import read_time, ticks_per_second


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["30", "-1", "+7"], [30, -1, 7]),
        (["1593878964.438", "1593878904.0", "1593878904"], [1593878964438, 1593878904000, 1593878904000]),
        (["1.5", "1.25", "1.0000001"], [1500000000, 1250000000, 1000000100]),
        (["900719925474099.75", "900719925474099.5"], [900719925474099750, 900719925474099500]),
        (["2020-07-04T16:08:24Z", "2020-07-04 18:08:23+02:00", "2020-07-04"], [1593878904, 1593878903, 1593820800]),
        (["2020-07-04T16:08:24.25Z", "2020-07-04T16:08:24.125"], [1593878904250, 1593878904125]),
        (["1969-12-31T23:59:59.5", "1970-01-01"], [-500, 0]),
        (["1.593878904e9", "1.593878905e9"], [1593878904, 1593878905]),
    ],
)
def test_times_keep_their_order_and_their_fractions(written, read):
    times, bad = read_time(pd.Series(written))
    assert times.tolist() == read and times.dtype == "int64" and not bad.any()


@given(st.lists(st.decimals(-(10**9), 10**9, allow_nan=False, places=6), min_size=1))
def test_any_fractions_keep_their_order(times):
    read = read_time(pd.Series([format(time, "f") for time in times]))[0].tolist()
    for (a, one), (b, two) in itertools.combinations(zip(times, read, strict=True), 2):
        assert (a < b, a == b) == (one < two, one == two)


@pytest.mark.parametrize("bad", ["yesterday", "2001-13-01", "nan", "1.0123456789", "1e40", "", "0x1f"])
def test_what_is_no_time_is_marked(bad):
    times, wrong = read_time(pd.Series(["5", bad, "7.5"]))
    assert wrong.tolist() == [False, True, False] and times.tolist() == [5000, 0, 7500]


def test_a_date_among_numbers_and_a_number_among_dates_are_none():
    assert read_time(pd.Series(["1", "2", "2001-01-01"]))[1].tolist() == [False, False, True]
    assert read_time(pd.Series(["2001-01-01", "2001-01-02", "2001"]))[1].tolist() == [False, False, True]
    assert read_time(pd.Series(["1066-10-14", "2001-01-02"]))[1].tolist() == [True, False]


@pytest.mark.parametrize(
    ("times", "ticks"), [(1593878904, 1), (5, 1), (1593878904438, 10**3), (1593878904438001, 10**6), (-(10**18), 10**9)]
)
def test_the_unit_of_a_clock_shows_in_its_size(times, ticks):
    assert ticks_per_second(pd.Series([times, times, 0])) == ticks
