"""A split as other tools read it: nothing is lost, nothing is added, and the order is the study's."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.export import FORMATS, NOTE, PARTS, split_table, write_split
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out
from dualrec.types import Sequences

# Bread is met twice; two events of ann share a time; bob has too few.
EVENTS = """user_id,item_id,timestamp
ann,soup,10
ann,bread,20
ann,"pie, cold",30
ann,bread,40
ann,curry,50
ann,rice,50
bob,soup,1
"""
ITEMS = 'item_id,title\nsoup,Soup\nbread,Bread\n"pie, cold",Pie\ncurry,Curry\nrice,Rice\ntea,Tea\n'


@pytest.fixture
def recipes(tmp_path):
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "interactions.csv").write_text(EVENTS)
    (folder / "items.csv").write_text(ITEMS)
    return load(str(folder))


def write(dataset, folder, form="csv", **rules):
    config = SplitConfig(**rules)
    return write_split(dataset, leave_one_out(dataset, config), config.repeats, form, folder, {"data": "recipes"})


def read(path: Path, separator=",") -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_plain_tables_by_hand(recipes, tmp_path):
    note = write(recipes, tmp_path / "split")
    header = ["user_id", "item_id", "order", "timestamp"]
    assert read(tmp_path / "split/train.csv") == [
        header,
        ["ann", "soup", "0", "10"],
        ["ann", "bread", "1", "20"],
        ["ann", "pie, cold", "2", "30"],
    ]
    assert read(tmp_path / "split/validation.csv") == [header, ["ann", "curry", "3", "50"]]
    assert read(tmp_path / "split/test.csv") == [header, ["ann", "rice", "4", "50"]]
    assert read(tmp_path / "split/items.csv")[:2] == [["item_id", "title"], ["bread", "Bread"]]
    assert len(read(tmp_path / "split/items.csv")) == 7, "what nobody met may be recommended, too"
    assert (note["users"], note["items"], note["events"]) == (1, 6, {"train": 3, "validation": 1, "test": 1})
    assert json.loads((tmp_path / "split" / NOTE).read_text()) == note and note["data"] == "recipes"
    assert "for evaluation alone" in note["rule"]


def test_where_items_come_again_they_stay(recipes, tmp_path):
    write(recipes, tmp_path / "split", repeats="allow", tie_rule="id_down")
    rows = [row[1:] for part in PARTS for row in read(tmp_path / f"split/{part}.csv")[1:]]
    wanted = [("soup", 10), ("bread", 20), ("pie, cold", 30), ("bread", 40), ("rice", 50), ("curry", 50)]
    assert rows == [[item, str(place), str(time)] for place, (item, time) in enumerate(wanted)]


def test_recbole_gets_a_typed_header_and_a_clock_that_rises(recipes, tmp_path):
    write(recipes, tmp_path / "cooked", "recbole")
    assert read(tmp_path / "cooked/cooked.inter", "\t") == [
        ["user_id:token", "item_id:token", "timestamp:float"],
        *[["ann", item, str(t)] for t, item in enumerate(["soup", "bread", "pie, cold", "curry", "rice"])],
    ]
    settings = (tmp_path / "cooked/cooked.yaml").read_text()
    assert 'dataset="cooked"' in settings and "split: {LS: valid_and_test}" in settings


def test_rectools_gets_its_columns_and_a_clock_that_rises(recipes, tmp_path):
    write(recipes, tmp_path / "split", "rectools")
    parts = [pd.read_csv(tmp_path / f"split/{part}.csv", parse_dates=["datetime"]) for part in PARTS]
    assert all(list(part) == ["user_id", "item_id", "weight", "datetime"] for part in parts)
    whole = pd.concat(parts)
    assert whole["datetime"].is_monotonic_increasing and whole["datetime"].is_unique and (whole["weight"] == 1).all()


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_may_be_written_again_and_is_the_same(recipes, tmp_path, form):
    folder = tmp_path / "split"
    folder.mkdir()
    contents = []
    for _ in range(2):
        note = write(recipes, folder, form)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1] and contents[0].keys() == {NOTE, *note["files"]}
    write(recipes, folder, "csv")
    assert {path.name for path in folder.iterdir()} == {NOTE, "items.csv", *(f"{part}.csv" for part in PARTS)}


@pytest.mark.parametrize("name", ["mine.py", "train.csv", NOTE])
def test_a_folder_of_something_else_is_left_alone(recipes, tmp_path, name):
    folder = tmp_path / "split"
    folder.mkdir()
    (folder / name).write_text("{}")
    with pytest.raises(StudyError, match=f"holds {name}, which `dualrec export-split` did not write"):
        write(recipes, folder)
    assert [path.name for path in folder.iterdir()] == [name] and (folder / name).read_text() == "{}"


def test_what_somebody_put_into_an_export_is_left_alone(recipes, tmp_path):
    write(recipes, tmp_path / "split")
    (tmp_path / "split/model.pt").write_text("weights")
    with pytest.raises(StudyError, match=r"holds model\.pt"):
        write(recipes, tmp_path / "split")
    assert (tmp_path / "split/model.pt").read_text() == "weights"


def test_a_file_is_no_folder(recipes, tmp_path):
    (tmp_path / "split").write_text("")
    with pytest.raises(StudyError, match="is a file, and `dualrec export-split` writes several"):
        write(recipes, tmp_path / "split")


@given(
    events=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(0, 5)), min_size=1, max_size=60),
    repeats=st.sampled_from(["first", "allow", "drop"]),
    rule=st.sampled_from(["file", "id_up", "id_down", "random:3"]),
)
def test_a_table_is_its_split(tmp_path_factory, events, repeats, rule):
    """Every sequence comes back, with times that rise and were in the data."""
    folder = tmp_path_factory.mktemp("data")
    lines = "".join(
        f"{user},{item},{time}\n" for user, item, time in [*events, *((5, item, 9) for item in range(1, 6))]
    )
    (folder / "interactions.csv").write_text("user_id,item_id,timestamp,rating\n" + lines.replace("\n", ",1\n"))
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"{i},Dish {i}\n" for i in range(1, 8)))
    config = SplitConfig(repeats=repeats, tie_rule=rule)
    try:
        dataset = load(str(folder))
    except StudyError:  # most events are written twice
        return
    split = leave_one_out(dataset, config)
    table = split_table(dataset, split, repeats)
    for part, wanted in {"train": split.train.items, "test": split.test.targets}.items():
        found = table[table["part"] == part]["item_id"]
        assert found.tolist() == dataset.catalogue.ids[wanted].tolist()
    assert table[table["part"] == "validation"]["item_id"].tolist() == (
        dataset.catalogue.ids[split.validation.targets].tolist()
    )
    whole = Sequences.from_lists(
        split.test.users, [group["item_id"] for _, group in table.groupby("user_id", sort=False)]
    )
    assert (dataset.user_ids[np.repeat(whole.users, whole.lengths)] == table["user_id"]).all()
    rising = table.groupby("user_id")["timestamp"].diff().dropna()
    assert (rising >= 0).all()
    there = {(user, item, time) for user, item, time in [*events, *((5, item, 9) for item in range(1, 6))]}
    assert {*zip(table["user_id"], table["item_id"], table["timestamp"], strict=True)} <= there
