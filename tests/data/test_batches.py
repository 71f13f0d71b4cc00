"""Plain files in batches: the same tables as by the careful way, and whatever is not plain is left to that."""

import gzip
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dualrec.core.errors import StudyError
from dualrec.data import batches, tables
from dualrec.data.batches import read_batches
from dualrec.data.tables import read_table

KINDS = {"user": "name", "item": "int", "rating": "float", "time": "time", "note": "text"}
WHOLE = st.integers(-(10**18) + 1, 10**18 - 1)
LETTERS = st.text(st.characters(codec="utf-8", exclude_characters='"\0\x1f,:\t\r\n'), max_size=9)
ROWS = st.lists(
    st.tuples(
        WHOLE | LETTERS.filter(str.strip),
        WHOLE,
        st.floats(-1e9, 1e9) | st.integers(0, 5),
        WHOLE,
        LETTERS | st.integers(0, 99),
    ),
    min_size=1,
    max_size=40,
)


def both_ways(path, separator, columns, kinds, batch=batches._BATCH):
    """What is read, or said, with and without batches."""
    outcomes = []
    for way in (read_batches, lambda *_: None):
        with patch.object(tables, "read_batches", way), patch.object(batches, "_BATCH", batch):
            try:
                outcomes.append(read_table(path, separator, columns, kinds))
            except StudyError as error:
                outcomes.append(str(error))
    return outcomes


def assert_same(one, two):
    if isinstance(one, str) or isinstance(two, str):
        assert one is two or one == two
    else:
        pd.testing.assert_frame_equal(one, two)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("batches") / "t.csv"


@given(ROWS, st.sampled_from([",", "\t", "::"]), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_plain_files_give_the_same_table_by_both_ways(path, rows, separator, headed, end, packed):
    lines = [separator.join(map(str, row)) for row in ([tuple(KINDS)] if headed else []) + rows]
    content = "".join(line + end for line in lines).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    columns = None if headed else list(KINDS)
    assert read_batches(path, separator, columns, KINDS) is not None
    assert_same(*both_ways(path, separator, columns, KINDS, batch=256))


CELLS = st.sampled_from(
    ["1", "-2", "007", "+5", " 5", "5.0", "1e3", "0x1f", "", " ", "nan", "inf", "x", "é", '"q"', '"a', '"a,b"', "a:b"]
    + ["9" * 19, "-0", "4.25", "2001-01-01", "NA", "\0", "\x1f", "\ufeff1", "1:", ":1"]
)


@settings(max_examples=300)
@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6),
    st.sampled_from([",", "\t", "::"]),
    st.sampled_from([None, "a,b,c", "a,b,a", "a,,c", "\ufeffa,b,c", "\na,b,c", "a b,b,c"]),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
@example([["1", "2", "3"]] * 9 + [["5.0", "soon", "x"]], ",", "a,b,c", "\n", "utf-8")
def test_whatever_a_file_holds_both_ways_read_or_say_the_same(path, rows, separator, header, end, encoding):
    lines = [separator.join(row) for row in rows]
    lines = lines if header is None else [header.replace(",", separator), *lines]
    path.write_bytes(end.join(lines).encode(encoding, "replace"))
    columns = ["a", "b", "c"] if header is None else None
    assert_same(*both_ways(path, separator, columns, {"a": "name", "b": "time", "c": "float"}, batch=64))


def columns_of(path, content, kinds, separator=",", batch=2**22):
    path.write_text(content)
    with patch.object(batches, "_BATCH", batch):
        return read_batches(path, separator, None, kinds)


def test_whole_numbers_are_never_text_and_text_that_follows_them_loses_nothing(path):
    kinds = {"user": "name", "time": "time", "rating": "float"}
    head = "user,time,rating,place\n"
    plain = columns_of(path, head + "1,-3,4.5,7\n" * 99, kinds)
    assert [str(kind) for kind in plain.dtypes] == ["int64", "int64", "float32", "str"]
    mixed = columns_of(path, head + "1,-3,4.5,7\n" * 99 + "007,1.50,3,é\n", kinds, batch=64)
    assert mixed.iloc[[0, -1]].to_numpy().tolist() == [["1", "-3", 4.5, "7"], ["007", "1.50", 3.0, "é"]]


@pytest.mark.parametrize(
    "content",
    [
        'a,b\n1,"2"\n',
        "a,b\n1,2,3\n",
        "a,b\n1\n",
        "a,b\n1,x\n",
        "a,b\n1,nan\n",
        "a,a\n1,2\n",
        "a,b c\n1,2\n",
        "a\n1\n",
        "a,b\r1,2\r",
        "a,b\n",
        "",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_way(path, content):
    assert columns_of(path, content, {"a": "name", "b": "float"}) is None


def test_a_file_cut_short_is_left_to_the_careful_way(path):
    rng = np.random.default_rng(0)
    rows = "".join(f"{a},{b}\n" for a, b in rng.integers(0, 10**9, (2000, 2)))
    path.write_bytes(gzip.compress(f"a,b\n{rows}".encode())[:-9])
    assert read_batches(path, ",", None, {"a": "int", "b": "int"}) is None
    assert read_batches(path.with_name("none.csv"), ",", None, {}) is None


@pytest.mark.torture
def test_five_million_ratings_fit_in_a_gibibyte(tmp_path):
    rng = np.random.default_rng(0)
    rows = np.column_stack([np.repeat(np.arange(50_000), 100), rng.integers(0, 9_000, 5_000_000)])
    ratings = pd.DataFrame(rows, columns=["userId", "movieId"])
    ratings.assign(rating=4.5, timestamp=np.arange(len(rows))).to_csv(tmp_path / "ratings.csv", index=False)
    (tmp_path / "movies.csv").write_text("movieId,title\n" + "".join(f"{i},Movie {i}\n" for i in range(9_000)))
    code = (
        "import resource, sys\nfrom dualrec.config import SplitConfig\nfrom dualrec.data.sources import load\n"
        "from dualrec.data.splits import leave_one_out\nleave_one_out(load(sys.argv[1]), SplitConfig())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    assert float(said) < 1
