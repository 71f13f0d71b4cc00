"""The k-core: by hand, against every subset there is, in any order of the rows, and on the data that others count."""

import os
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue
from dualrec.data.dataset import Dataset, Reading, build_dataset
from dualrec.data.k_core import core_rows, k_core
from dualrec.data.losses import loss_lines
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out, time_gaps

# Users 1 and 2 have items 1 and 2 between them. Item 3 has two users as well, but the one of them, user 3, has nothing
# else that anybody has; without user 3 item 3 has one user, and without item 3 user 4 has one item.
CHAIN = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (3, 5), (4, 3), (4, 1)]


def dataset(pairs) -> Dataset:
    """A data set of (user, item) rows, one a second."""
    frame = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(timestamp=range(len(pairs)), rating=1.0)
    items = range(1, 10)
    return build_dataset(
        "toy", Reading(build_catalogue(items, [f"Movie {i}" for i in items], [["Drama"] for _ in items]), frame)
    )


def pairs_of(data: Dataset) -> list[tuple[int, int]]:
    """Original ids of user and item, row by row."""
    events = data.interactions
    return list(zip(data.user_ids[events.user_id].tolist(), data.catalogue.ids[events["item"]].tolist(), strict=True))


def test_one_pass_is_not_enough():
    data = dataset(CHAIN)
    core = k_core(data, 2, once=True)
    assert pairs_of(core) == CHAIN[:4], "items 5, then user 3, then item 3, then user 4"
    assert core.user_ids.tolist() == [0, 1, 2] and sorted(core.catalogue.ids) == [0, 1, 2]
    assert core.interactions.timestamp.tolist() == [0, 1, 2, 3] and core.interactions.index.tolist() == [0, 1, 2, 3]
    assert core.interactions.dtypes.tolist() == data.interactions.dtypes.tolist()
    assert [core.catalogue.titles[i] for i in core.catalogue.index_of([1, 2])] == ["Movie 1", "Movie 2"]
    assert core.digest != data.digest


def test_what_is_left_out_is_counted_and_said():
    core = k_core(dataset(CHAIN), 2, once=True)
    assert {name: core.notes[name] for name in core.notes if "core" in name or name == "items_without_ratings"} == {
        "ratings_outside_the_core": 4,
        "users_outside_the_core": 2,
        "items_outside_the_core": 7,
        "items_without_ratings": 0,
    }
    assert core.totals == {"rows": 8, "users": 4, "items": 9}
    assert [line.partition(" (")[0] for line in loss_lines(core.notes, core.totals)] == [
        "4 of 8 rows",
        "2 of 4 users",
        "7 of 9 items",
    ]


def test_no_core_is_the_data_as_they_are():
    data = dataset(CHAIN)
    assert k_core(data, 0, once=True) is data


def test_first_encounters_count_once_and_all_rows_of_those_who_stay_are_kept():
    again = [(1, 1), (1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (3, 3), (3, 3)]
    assert pairs_of(k_core(dataset(again), 2, once=True)) == again[:5]
    assert pairs_of(k_core(dataset(again), 2, once=False)) == again, "three events are enough for user 3 and item 3"


def test_a_core_of_nothing_is_refused():
    with pytest.raises(StudyError, match=r"data set 'toy': no users and items have 3 events each; lower `core`"):
        k_core(dataset(CHAIN), 3, once=True)


def subsets(numbers):
    return chain.from_iterable(combinations(numbers, size) for size in range(len(numbers) + 1))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=14), st.integers(1, 3), st.randoms())
def test_it_is_the_largest_subset_and_none_of_it_is_below_k(pairs, k, random):
    """Every choice of users and items that all have k events lies in it, whatever the order of the rows."""

    def kept(rows):
        return [rows[row] for row in core_rows(np.array(rows, np.int64).reshape(-1, 2), k)]

    def holds(rows):
        return all(sum(row[side] == one for row in rows) >= k for side in (0, 1) for one in {row[side] for row in rows})

    core = kept(pairs)
    assert holds(core) and kept(core) == core
    for users in subsets(range(4)):
        for items in subsets(range(4)):
            some = [pair for pair in pairs if pair[0] in users and pair[1] in items]
            if holds(some):
                assert set(some) <= set(core)
    random.shuffle(pairs)
    assert sorted(kept(pairs)) == sorted(core)


def test_the_five_core_of_lastfm_is_the_one_that_others_count():
    folder = Path(os.environ.get("DUALREC_DATA") or os.devnull) / "lastfm-2k"
    if not folder.is_dir():
        pytest.skip("DUALREC_DATA holds no lastfm-2k")
    core = k_core(load(str(folder)), 5, once=True)
    assert (len(core.user_ids) - 1, len(core.catalogue)) == (1090, 3646)
    split = leave_one_out(core, SplitConfig())
    assert len(split.test) == 1090 and split.left_out == 0
    first = core.interactions.sort_values(["user_id", "timestamp"], kind="stable").drop_duplicates(["user_id", "item"])
    assert len(first) == 52_551
    gaps = time_gaps(first)
    assert (gaps.seconds[gaps.from_end == 1] == 0).sum() == 517
