"""One id for every way in which it is written, and an order of items that depends on nothing else."""

import numpy as np
import pandas as pd
import pytest

from dualrec.data.ids import as_ids, random_order, same_ids, with_nobody


@pytest.mark.parametrize(
    ("written", "ids", "rewritten"),
    [
        (["5", "0", "-3"], [5, 0, -3], [0, 0, 0]),
        (["5", "5.0", "7.", "-3.00"], [5, 5, 7, -3], [0, 1, 1, 1]),
        ([" 5", "5 ", "\t5\t"], [5, 5, 5], [1, 1, 1]),
        (["5", "005"], ["5", "005"], [0, 0]),
        (["5.0", "B5", " B5"], ["5", "B5", "B5"], [1, 0, 1]),
        (["5.5", "5"], ["5.5", "5"], [0, 0]),
        (["1" * 18, "2"], [int("1" * 18), 2], [0, 0]),
        (["1" * 30, "2"], ["1" * 30, "2"], [0, 0]),
        (["+5", "5"], ["+5", "5"], [0, 0]),
        (["1e3", "5"], ["1e3", "5"], [0, 0]),
    ],
)
def test_ids_written_in_two_ways_are_one(written, ids, rewritten):
    (read,), (mask,) = same_ids(pd.Series(written))
    assert read.tolist() == ids and mask.tolist() == [bool(flag) for flag in rewritten]


def test_columns_of_one_kind_are_of_one_type():
    (items, used), _ = same_ids(pd.Series(["1", "2"]), pd.Series(["2", "B"]))
    assert items.tolist() == ["1", "2"] and used.tolist() == ["2", "B"]


def test_nobody_stands_in_front():
    assert with_nobody(as_ids([3, 4])).tolist() == [0, 3, 4]
    assert with_nobody(as_ids(["long", "x"])).tolist() == ["", "long", "x"]


ORDER = [2, 3, 10, 7, 4, 9, 6, 8, 5, 1]


def test_the_random_order_is_the_same_for_ever():
    """Another order would change every recorded number."""
    assert as_ids(range(1, 11))[random_order(np.arange(1, 11))].tolist() == ORDER
    shuffled = np.array([7, 3, 10, 1, 9, 2, 8, 4, 6, 5])
    assert shuffled[random_order(shuffled)].tolist() == ORDER
    text = shuffled.astype(str)
    assert [int(i) for i in text[random_order(text)]] == ORDER, "an id is what is written"
