"""Parquet in place of text: the same data set from both, every type of ids and times, and what is refused."""

import datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from dualrec.core.errors import StudyError
from dualrec.data.layouts import plain
from dualrec.data.parquet import read_parquet
from dualrec.data.sources import load

EVENTS = pd.DataFrame(
    [(user, (user + t) % 8 + 1, 4.5, 100 * t) for user in range(1, 7) for t in range(5)],
    columns=["user_id", "item_id", "rating", "timestamp"],
)
ITEMS = pd.DataFrame(
    {"item_id": range(1, 9), "title": [f"Movie {i}" for i in range(1, 9)], "year": 1999, "genres": "Drama|War"}
)


def folder(path, events, items, forms=("parquet", "parquet")):
    """A folder in the plain layout, each table in a form of its own."""
    path.mkdir()
    for name, table, form in zip(("interactions", "items"), (events, items), forms, strict=True):
        if form == "csv":
            table.to_csv(path / f"{name}.csv", index=False)
        else:
            table.to_parquet(path / f"{name}.parquet", index=False)
    return path


@pytest.mark.parametrize("forms", [("parquet", "parquet"), ("parquet", "csv"), ("csv", "parquet")])
@pytest.mark.parametrize("ids", [int, "Int32", "uint16", str, "category", "B{}".format, "{}.0".format])
def test_the_same_data_set_in_any_mixture_of_forms(tmp_path, forms, ids):
    as_ids = (lambda column: column.map(ids)) if callable(ids) and ids not in (int, str) else lambda c: c.astype(ids)
    events = EVENTS.assign(user_id=as_ids(EVENTS.user_id), item_id=as_ids(EVENTS.item_id))
    items = ITEMS.assign(item_id=as_ids(ITEMS.item_id))
    text, mixed = (
        load(str(folder(tmp_path / name, events, items, f))) for name, f in (("a", ("csv",) * 2), ("b", forms))
    )
    assert text.digest == mixed.digest and text.notes == mixed.notes
    pd.testing.assert_frame_equal(text.interactions, mixed.interactions)
    assert mixed.catalogue.titles[1].endswith("(1999)") and mixed.catalogue.genre_names == ("Drama", "War")


def test_whole_numbers_and_text_of_them_are_the_same_ids(tmp_path):
    data = load(str(folder(tmp_path / "a", EVENTS.astype({"item_id": str}), ITEMS)))
    assert data.catalogue.ids.dtype == "int64" and data.notes["ratings_of_unknown_items"] == 0
    one_word = pd.concat([ITEMS, ITEMS[:1].assign(item_id="B")]).astype({"item_id": str})
    data = load(str(folder(tmp_path / "b", EVENTS, one_word)))
    assert data.catalogue.ids.dtype.kind == "U" and data.notes["ratings_of_unknown_items"] == 0


def column(path, values, kind):
    pq.write_table(pa.table({"x": values}), path)
    return read_parquet(path, {"x": kind}).x


NOON = datetime.datetime(2020, 7, 4, 12)
SECONDS = 1593864000


@pytest.mark.parametrize(
    ("written", "times"),
    [
        (pa.array([30, -1], pa.int8()), [30, -1]),
        (pa.array([1593878904.438, 1593878904.0]), [1593878904438, 1593878904000]),
        (pa.array([1e9, 2e9]), [10**9, 2 * 10**9]),
        (pa.array([1e9, 2e9], pa.float32()), [10**9, 2 * 10**9]),
        (pa.array([Decimal("1.50"), Decimal("2.25")]), [1500, 2250]),
        (pa.array(["2020-07-04T12:00:00Z", "2020-07-04"]), [SECONDS, SECONDS - 12 * 3600]),
        (pa.array([NOON], pa.timestamp("ns")), [SECONDS]),
        (pa.array([NOON], pa.timestamp("s")), [SECONDS]),
        (pa.array([NOON], pa.timestamp("us", "Europe/Berlin")), [SECONDS]),  # Arrow keeps UTC beside the zone
        (pa.array([NOON + datetime.timedelta(milliseconds=250)], pa.timestamp("us")), [SECONDS * 1000 + 250]),
        (pa.array([NOON.date()]), [SECONDS - 12 * 3600]),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_every_type_of_time(tmp_path, written, times):
    read = column(tmp_path / "t.parquet", written, "time")
    assert read.tolist() == times and read.dtype == "int64"


@given(values=st.lists(st.integers(-(2**62) + 1, 2**62 - 1) | st.none(), min_size=1))
def test_whole_times_are_exact_and_what_is_missing_is_named_with_its_row(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    if None in values:
        with pytest.raises(StudyError, match=rf"t\.parquet, row {values.index(None) + 1}: x is missing, not a time"):
            column(path, pa.array(values, pa.int64()), "time")
    else:
        assert column(path, pa.array(values, pa.int64()), "time").tolist() == values


@pytest.mark.parametrize(
    ("kind", "written", "said"),
    [
        ("name", pa.array([1, None, 3]), "row 2: x is missing, not an id; correct or remove the row"),
        (
            "name",
            pa.array(["a", None, None, "b", " "]),
            r"row 2: x is missing, not an id \(the first of 3 such rows among",
        ),
        ("name", pa.array(["a", " ", "b"]), "row 2: x is ' ', not an id"),
        ("name", pa.array([None, None]), "row 1: x is missing"),
        ("name", pa.array([1.0, 2.0]), "the column x is of type double; write the whole column as whole numbers"),
        ("name", pa.array([2**63], pa.uint64()), "the column x is of type uint64"),
        ("name", pa.array([NOON]), r"the column x is of type timestamp\[us\]"),
        ("name", pa.array([[1]]), "the column x is of type list"),
        ("time", pa.array([True]), "the column x is of type bool"),
        ("time", pa.array([datetime.timedelta(1)]), "the column x is of type duration"),
        ("time", pa.array([1, 2**62]), "row 2: x is 4611686018427387904, not a time"),
        ("time", pa.array([1.5, float("nan"), 2]), "row 2: x is nan, not a time"),
        ("time", pa.array([1.0, float("inf"), 2]), "row 2: x is inf, not a time"),
        ("time", pa.array(["1", "soon", "2"]), "row 2: x is 'soon', not a time"),
        ("time", pa.array([NOON, None]), "row 2: x is missing, not a time"),
        ("float", pa.array([1.5, None]), "row 2: x is missing, not a number"),
        ("float", pa.array([4, 10**19], pa.uint64()), "row 2: x is 10000000000000000000, not a number"),
        ("float", pa.array(["1", "good"]), "row 2: x is 'good', not a number"),
        ("float", pa.array([NOON]), "the column x is of type timestamp"),
        ("text", pa.array([{"a": 1}]), "the column x is of type struct"),
    ],
)
def test_what_is_none_of_its_kind_is_refused(tmp_path, kind, written, said):
    with pytest.raises(StudyError, match=rf"t\.parquet[:,] {said}") as refused:
        column(tmp_path / "t.parquet", written, kind)
    assert str(refused.value).isprintable()


def test_text_may_be_missing_and_need_be_none(tmp_path):
    assert column(tmp_path / "t.parquet", pa.array(["é", None]), "text").tolist() == ["é", ""]
    assert column(tmp_path / "t.parquet", pa.array([1994.0, None]), "text").tolist() == ["1994", ""]
    assert column(tmp_path / "t.parquet", pa.array([None, None]), "text").tolist() == ["", ""]


def test_numbers_of_any_type_are_ratings(tmp_path):
    for written in (pa.array([4, 5]), pa.array([4, 5], pa.float32()), pa.array([Decimal(4), Decimal(5)])):
        read = column(tmp_path / "t.parquet", written, "float")
        assert read.tolist() == [4, 5] and read.dtype == "float32"


def test_columns_that_nobody_asks_for_are_not_read(tmp_path):
    pq.write_table(pa.table({"x": [1], "y": [{"a": 1}]}), tmp_path / "t.parquet")
    assert [*read_parquet(tmp_path / "t.parquet", {"x": "name", "z": "time"})] == ["x"]


def test_columns_and_rows_that_are_missing_are_named(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"y\x1b": [1]}), path)
    with pytest.raises(StudyError, match=r"t\.parquet lacks the columns x, z; its columns are y\\x1b"):
        read_parquet(path, {"x": "name"}, ("x", "z"))
    pq.write_table(pa.table({"x": pa.array([], pa.int64())}), path)
    with pytest.raises(StudyError, match=r"t\.parquet holds no rows"):
        read_parquet(path, {"x": "name"}, ("x",))
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"]), path)
    with pytest.raises(StudyError, match="the column x stands there twice"):
        read_parquet(path, {"x": "name"}, ("x",))
    with pytest.raises(StudyError, match=r"none\.parquet cannot be read"):
        read_parquet(tmp_path / "none.parquet", {})


@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_one_sentence(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damaged") / "interactions.parquet"
    EVENTS.to_parquet(path, index=False)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([None, -1, 99, 3, 0]))])
    try:
        read_parquet(path, plain._EVENTS, ("user_id", "item_id"))
    except StudyError as error:
        assert str(error).isprintable() and len(str(error)) < 700


def test_a_table_in_both_forms_is_refused(tmp_path):
    both = folder(tmp_path / "a", EVENTS, ITEMS)
    ITEMS.to_csv(both / "items.csv.gz", index=False)
    with pytest.raises(StudyError, match=r"holds both items\.csv\.gz and items\.parquet; keep the one that counts"):
        load(str(both))


def test_text_under_the_name_of_parquet_is_no_parquet(tmp_path):
    other = folder(tmp_path / "a", EVENTS, ITEMS)
    EVENTS.to_csv(other / "interactions.parquet", index=False)
    with pytest.raises(StudyError, match=r"interactions\.parquet is not a readable parquet file"):
        load(str(other))
