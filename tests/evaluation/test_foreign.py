"""Ledgers without a sidecar: `score` takes them, casts what loses nothing, and says what it cannot check."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from dualrec.__main__ import main
from dualrec.core.errors import StudyError
from dualrec.evaluation.foreign import read_any_ledger
from dualrec.evaluation.ledger import COLUMNS, read_ledger, write_ledger
from dualrec.types import Cases, RankedLists, Sequences

CASES = Cases(Sequences.from_lists([9, 4], [[1], [2]]), np.array([3, 4]))
LISTS = RankedLists(np.array([[3, 1, -1], [-1, 4, 2]]), np.array([[0.5, 0.25, 9], [9, 0, 1]], np.float32))
FULL = RankedLists(np.array([[3, 1, 2], [1, 4, 2]]))


def ledger_of(folder, lists=LISTS):
    """A ledger, and the path of its table without sidecar."""
    path = write_ledger(folder, "toy", CASES, lists, np.arange(5) * 10, {})
    ledger = read_ledger(path)
    path.with_suffix(".json").unlink()
    return ledger, path


LOSSLESS = {
    "as documented": lambda f: f,
    "narrow ids": lambda f: f.astype({"user_id": "int32", "target_id": "int16"}),
    "unsigned ids": lambda f: f.astype({"user_id": "uint64", "item_id": "UInt32"}),
    "wide ranks": lambda f: f.astype({"rank": "int64"}),
    "nullable everywhere": lambda f: f.astype({"user_id": "Int64", "rank": "Int32", "score": "Float64"}),
    "whole floats": lambda f: f.astype({"user_id": "float64", "rank": "float32"}),
    "items with NaN": lambda f: f.astype({"item_id": "float64"}),
    "scores in double precision": lambda f: f.astype({"score": "float64"}),
    "scores in words, of which there are none": lambda f: f.assign(score=None),
    "other columns, in another order": lambda f: f.assign(title="x")[["title", *reversed(COLUMNS)]],
}


@pytest.mark.parametrize("form", LOSSLESS)
def test_what_loses_nothing_is_cast(tmp_path, form):
    ledger, path = ledger_of(tmp_path)
    LOSSLESS[form](ledger).to_parquet(path)
    rows, sidecar = read_any_ledger(path)
    assert sidecar is None and rows.drop(columns="score").equals(ledger.drop(columns="score"))
    assert rows["score"].dtype == "float32"


def test_items_without_a_gap_may_be_plain(tmp_path):
    ledger, path = ledger_of(tmp_path, FULL)
    ledger.astype({"item_id": "int64"}).to_parquet(path)
    assert read_any_ledger(path)[0].equals(ledger)


REFUSED = {
    "half an id": (lambda f: f.assign(user_id=f["user_id"] + 0.5), "column 'user_id' is float64"),
    "an id that floats round": (lambda f: f.assign(target_id=2.0**60), "column 'target_id' is float64"),
    "an id beyond int64": (lambda f: f.assign(user_id=np.uint64(2**63)), "column 'user_id' is uint64"),
    "a rank beyond int32": (lambda f: f.assign(rank=f["rank"].astype("int64") + 2**40), "column 'rank' is int64"),
    "a user that is missing": (lambda f: f.astype({"user_id": "Int64"}).assign(user_id=pd.NA), "column 'user_id' is"),
    "truth for ranks": (lambda f: f.assign(rank=True), "column 'rank' is bool"),
    "scores in words": (lambda f: f.assign(score="high"), "column 'score' is"),
    "a column that is missing": (
        lambda f: f.drop(columns="score"),
        "has the columns user_id, target_id, rank, item_id;",
    ),
    "ranks from 0": (lambda f: f.assign(rank=f["rank"].astype("int64") - 1), "the ranks of user 9 are not"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_no_ledger_is_refused(tmp_path, fault):
    break_it, words = REFUSED[fault]
    ledger, path = ledger_of(tmp_path)
    break_it(ledger).to_parquet(path)
    with pytest.raises(StudyError, match=words):
        read_any_ledger(path)


def test_with_a_sidecar_it_is_read_as_ever(tmp_path):
    path = write_ledger(tmp_path, "toy", CASES, LISTS, np.arange(5) * 10, {"seed": 3})
    rows, sidecar = read_any_ledger(path)
    assert rows.equals(read_ledger(path)) and sidecar is not None and sidecar["seed"] == 3
    rows.astype({"rank": "int64"}).to_parquet(path, index=False)
    with pytest.raises(StudyError, match="'rank' is int64"):
        read_any_ledger(path)


def test_what_is_no_table_is_not_to_be_deleted(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,title\n")
    with pytest.raises(StudyError, match="items.csv is not a readable parquet file; name a ledger, such as"):
        read_any_ledger(tmp_path / "items.csv")


def test_score_says_what_it_cannot_check_and_prints_json(tmp_path, monkeypatch, capsys):
    ledger, path = ledger_of(tmp_path)
    ledger[ledger["user_id"] == 9].to_parquet(path)  # of one user, who has no interval
    monkeypatch.setattr(sys, "argv", ["dualrec", "score", str(path)])
    assert pytest.raises(SystemExit, main).value.code == 0
    printed = capsys.readouterr()
    assert "toy.parquet has no sidecar: whether it was changed since, and its data, protocol, seed" in printed.err
    metrics = json.loads(printed.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert metrics["HR@1"] == {"value": 1.0, "low": None, "high": None, "n": 1}
