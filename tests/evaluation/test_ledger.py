import json

import numpy as np
import pandas as pd
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import COLUMNS, as_lists, check_ledger, read_ledger, read_sidecar, write_ledger
from dualrec.evaluation.metrics import per_user, summarise
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


NAMES = np.array(["", "B000", "7", "007", "x y"])  # of items; the ids of users below are text, too
USERS = np.array(["", *"abcdefgh", "zoë"])


@pytest.fixture
def text_path(tmp_path):
    return write_ledger(tmp_path / "text", "toy", CASES, LISTS, NAMES, META, USERS)


def test_ids_of_text_are_written_and_read_as_text(text_path):
    ledger = read_ledger(text_path)
    assert ledger["user_id"].tolist() == ["zoë"] * 3 + ["d"] * 3
    assert ledger["target_id"].tolist() == ["007"] * 3 + ["x y"] * 3
    assert ledger["item_id"].fillna("(none)").tolist() == ["007", "B000", "(none)", "(none)", "x y", "7"]
    assert [str(ledger[column].dtype) for column in COLUMNS] == ["str", "str", "int32", "str", "float32"]
    lists = as_lists(ledger)
    assert lists.users.tolist() == ["zoë", "d"] and lists.items.tolist() == [["007", "B000", ""], ["", "x y", "7"]]
    assert lists.valid.tolist() == [[True, True, False], [False, True, True]]


def test_ids_of_text_have_the_metrics_of_the_same_lists_with_numbers(text_path, ledger):
    text, number = per_user(read_ledger(text_path)), per_user(ledger)
    np.testing.assert_array_equal(text.to_numpy(), number.to_numpy())
    assert text.index.tolist() == ["zoë", "d"] and number["HR@1"].tolist() == [1, 0]
    vectors, genres = np.eye(5, dtype=np.float32), np.eye(5, 2, dtype=np.float32)
    of_text = summarise(read_ledger(text_path), NAMES, genres, vectors, 20)["metrics"]
    of_numbers = summarise(ledger, IDS, genres, vectors, 20)["metrics"]
    assert of_text == {metric: pytest.approx(interval, nan_ok=True) for metric, interval in of_numbers.items()}
    with pytest.raises(StudyError, match="item 007 of the ledger is not in the catalogue"):
        summarise(read_ledger(text_path), np.array(["", "B000", "7"]), genres[:3])


def test_ids_of_text_are_held_to_the_same_schema(text_path):
    ledger = read_ledger(text_path)
    for change, words in (
        (ledger.assign(user_id=ledger["user_id"].mask(ledger["rank"] == 2)), "'user_id' is null in a row"),
        (ledger.assign(item_id=ledger["item_id"].fillna("7")), "item 7 is listed twice for user d"),
        (ledger.assign(user_id="d"), "user d has more than one list"),
    ):
        with pytest.raises(StudyError, match=words):
            check_ledger(change, "here")


def test_users_go_by_their_original_ids(tmp_path):
    ids = np.arange(10) * 100
    ledger = read_ledger(write_ledger(tmp_path, "toy", CASES, LISTS, IDS, META, ids))
    assert ledger["user_id"].tolist() == [900] * 3 + [400] * 3 and ledger["user_id"].dtype == "int64"


def swap_rows(frame):
    return frame.iloc[[1, 0, 2, 3, 4, 5]]


BROKEN = {
    "missing column": (lambda f: f.drop(columns="target_id"), "has the columns user_id, rank"),
    "extra column": (lambda f: f.assign(title="x"), "has the columns"),
    "other column order": (lambda f: f[["rank", "user_id", "target_id", "item_id", "score"]], "has the columns"),
    "float items": (lambda f: f.astype({"item_id": "float64"}), "'item_id' is float64, but must be Int64"),
    "wide ranks": (lambda f: f.astype({"rank": "int64"}), "'rank' is int64, but must be int32"),
    "text targets": (lambda f: f.assign(target_id=f["target_id"].astype(str)), "'target_id' and 'item_id' one is text"),
    "text ranks": (lambda f: f.assign(rank=f["rank"].astype(str)), "'rank' is str, but must be int32"),
    "text scores": (lambda f: f.assign(score="x"), "'score' is str, but must be float32"),
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
