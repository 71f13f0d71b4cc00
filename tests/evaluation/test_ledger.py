import json

import numpy as np
import pandas as pd
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import as_lists, check_ledger, read_ledger, read_sidecar, write_ledger
from dualrec.types import Cases, RankedLists, Sequences

IDS = np.array([0, 50, 7, 2**60 + 1, 0])  # original ids may be huge, and may be 0 like padding
CASES = Cases(Sequences.from_lists([9, 4], [[1], [2]]), np.array([3, 4]))  # users in case order, not sorted
LISTS = RankedLists(
    np.array([[3, 1, -1], [-1, 4, 2]]),
    np.array([[0.5, 0.25, 9], [9, np.nan, 1]], np.float32),
    counts={"written": np.array([3, 4])},
)
META = {
    "profile": "smoke",
    "protocol": "audited",
    "seed": 0,
    "config_hash": "ab",
    "wall_seconds": 1.5,
    "peak_memory_mib": 10.0,
}


@pytest.fixture
def path(tmp_path):
    return write_ledger(tmp_path / "lists", "toy", CASES, LISTS, IDS, META)


@pytest.fixture
def ledger(path):
    return read_ledger(path)


def test_rows_are_the_lists_in_original_ids(path, ledger):
    assert path.name == "toy.parquet"
    assert ledger.dtypes.astype(str).to_dict() == {
        "user_id": "int64",
        "target_id": "int64",
        "rank": "int32",
        "item_id": "Int64",
        "score": "float32",
    }
    assert ledger["user_id"].tolist() == [9, 9, 9, 4, 4, 4]
    assert ledger["target_id"].tolist() == [2**60 + 1] * 3 + [0] * 3
    assert ledger["rank"].tolist() == [1, 2, 3, 1, 2, 3]
    assert ledger["item_id"].tolist() == [2**60 + 1, 50, pd.NA, pd.NA, 0, 7]
    # the score of a place without an item is not kept, a missing score of an item stays missing
    np.testing.assert_array_equal(ledger["score"], np.array([0.5, 0.25, np.nan, np.nan, np.nan, 1], np.float32))


def test_a_list_without_scores_has_null_scores(tmp_path):
    ledger = read_ledger(write_ledger(tmp_path, "toy", CASES, RankedLists(LISTS.items), IDS, {}))
    assert ledger["score"].isna().all() and ledger["score"].dtype == np.float32


def test_pandas_alone_reads_it_with_nulls(path):
    plain = pd.read_parquet(path)
    assert plain["item_id"].isna().sum() == 2 and plain["score"].isna().sum() == 3


def test_sidecar_tells_how(path):
    sidecar = read_sidecar(path)
    assert META.items() <= sidecar.items()
    assert sidecar["schema"] == 1 and sidecar["system"] == "toy" and sidecar["n"] == 2 and sidecar["k"] == 3
    assert sidecar["counts"] == {"written": 7} and sidecar["commit"]


def test_same_lists_give_the_same_bytes_whatever_the_clock_says(path, tmp_path):
    other = write_ledger(tmp_path / "again", "toy", CASES, LISTS, IDS, META | {"wall_seconds": 99.0})
    assert other.read_bytes() == path.read_bytes()
    assert sorted(p.name for p in other.parent.iterdir()) == ["toy.json", "toy.parquet"]  # nothing temporary is left


def test_arrays_keep_misses_apart_from_item_zero(ledger):
    lists = as_lists(ledger)
    assert lists.users.tolist() == [9, 4] and lists.targets.tolist() == [2**60 + 1, 0]
    assert lists.valid.tolist() == [[True, True, False], [False, True, True]]
    assert lists.items[lists.valid].tolist() == [2**60 + 1, 50, 0, 7]


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (np.array([[1, 2]]), "1 lists for 2 cases"),
        (np.array([[0, 1], [1, 2]]), "outside 1..4"),
        (np.array([[5, 1], [1, 2]]), "outside 1..4"),
        (np.array([[-2, 1], [1, 2]]), "outside 1..4"),
        (np.array([[1, 1], [1, 2]]), "item 50 is listed twice for user 9"),
        (np.empty((2, 0), np.int64), "no recommendations"),
    ],
)
def test_lists_that_do_not_fit_are_not_written(tmp_path, lists, words):
    with pytest.raises(StudyError, match=words):
        write_ledger(tmp_path, "toy", CASES, RankedLists(lists), IDS, {})
    assert not list(tmp_path.iterdir())


def swap_rows(frame):
    return frame.iloc[[1, 0, 2, 3, 4, 5]]


BROKEN = {
    "missing column": (lambda f: f.drop(columns="target_id"), "has the columns user_id, rank"),
    "extra column": (lambda f: f.assign(title="x"), "has the columns"),
    "other column order": (lambda f: f[["rank", "user_id", "target_id", "item_id", "score"]], "has the columns"),
    "float items": (lambda f: f.astype({"item_id": "float64"}), "'item_id' is float64, but must be Int64"),
    "wide ranks": (lambda f: f.astype({"rank": "int64"}), "'rank' is int64, but must be int32"),
    "text users": (lambda f: f.assign(user_id=f["user_id"].astype(str)), "'user_id' is str"),
    "empty": (lambda f: f.iloc[:0], "no recommendations"),
    "duplicate rank": (
        lambda f: f.assign(rank=np.array([1, 2, 3, 1, 1, 3], "int32")),
        "ranks of user 4 are not 1 to 3",
    ),
    "rank from 0": (lambda f: f.assign(rank=(f["rank"] - 1).astype("int32")), "ranks of user 9"),
    "missing row": (lambda f: f.drop(index=1), "ranks of user 9"),
    "cut off": (lambda f: f.iloc[:-1], "ranks of user 4"),
    "shuffled": (swap_rows, "ranks of user 9"),
    "users mixed": (lambda f: f.assign(user_id=[9, 4, 9, 4, 9, 4]), "ranks of user 4"),
    "user twice": (lambda f: f.assign(user_id=9), "user 9 has more than one list"),
    "two targets": (lambda f: f.assign(target_id=[1, 1, 1, 1, 2, 1]), "user 4 has more than one target"),
    "item twice": (lambda f: f.assign(item_id=f["item_id"].fillna(0)), "item 0 is listed twice for user 4"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_ledger_is_refused(ledger, path, fault):
    break_it, words = BROKEN[fault]
    broken = break_it(ledger)
    with pytest.raises(StudyError, match=words):
        check_ledger(broken, "here")
    broken.to_parquet(path, index=False)
    with pytest.raises(StudyError, match=words):
        read_ledger(path)


def test_a_ledger_changed_within_the_schema_is_refused(ledger, path):
    ledger.assign(score=ledger["score"] + np.float32(1)).to_parquet(path, index=False)
    with pytest.raises(StudyError, match="not the file its sidecar toy.json describes"):
        read_ledger(path)


def test_missing_and_foreign_files_are_refused(path):
    with pytest.raises(StudyError, match="no ledger .*other.parquet"):
        read_ledger(path.with_name("other.parquet"))
    path.write_bytes(b"PAR1 but not really")
    with pytest.raises(StudyError, match="not a readable parquet file"):
        read_ledger(path)


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"schema": 2}), json.dumps({})])
def test_a_sidecar_of_another_version_is_refused(path, text):
    path.with_suffix(".json").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="toy.json"):
        read_ledger(path)


def test_a_ledger_without_sidecar_is_refused(path):
    path.with_suffix(".json").unlink()
    with pytest.raises(StudyError, match="sidecar"):
        read_ledger(path)
