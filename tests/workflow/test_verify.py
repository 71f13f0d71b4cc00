"""Two runs that say the same, and every way in which they may not."""

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from dualrec import __main__ as cli
from dualrec.core.artifacts import file_sha256
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import write_ledger
from dualrec.evaluation.results import record
from dualrec.types import Cases, RankedLists, Sequences
from dualrec.workflow.verify import first_difference


@pytest.fixture
def runs(tmp_path):
    """Two folders of the same small run."""
    first = tmp_path / "a" / "runs" / "toy"
    cases = Cases(Sequences.from_lists([7, 9], [[1, 2], [3]]), np.array([3, 1]))
    lists = RankedLists(np.array([[3, -1], [2, 1]]), np.array([[0.5, np.nan], [2.0, 1.0]], np.float32), [], {})
    meta = {"seed": 0, "wall_seconds": 1.0, "peak_memory_mib": 100.0}
    write_ledger(first / "lists", "lstm", cases, lists, np.array([0, 10, 20, 30]), meta)
    facts = {"profile": "toy", "data": "d", "protocol": "p", "commit": "1a2b3c4", "hardware": "2 cores"}
    record(first / "figures" / "results.json", "study", facts)
    record(first / "figures" / "results.json", "notebooks", {"01_one": {"share": 0.5, "rows": [1, {"x": 2}]}})
    second = tmp_path / "b" / "runs" / "toy"
    shutil.copytree(first, second)
    return first, second


def change_json(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_same_run_elsewhere_says_the_same(runs):
    change_json(runs[1] / "lists/lstm.json", wall_seconds=9.0, peak_memory_mib=1.0, commit="other")
    change_json(runs[1] / "figures/results.json", commit="other", hardware="a GPU", side_runs={"x": {}})
    assert first_difference(*runs) is None
    assert first_difference(*(run / "figures/results.json" for run in runs)) is None


@pytest.mark.parametrize(
    ("row", "item", "difference"),
    [(2, 30, "user 9, rank 1, item_id: 20 and 30"), (1, 20, "user 7, rank 2, item_id: <NA> and 20")],
    ids=["another item", "a place that one run left empty"],
)
def test_the_first_row_that_differs_is_named(runs, row, item, difference):
    path = runs[1] / "lists/lstm.parquet"
    ledger = pd.read_parquet(path)
    ledger.loc[row, "item_id"] = item
    ledger.to_parquet(path, index=False)
    change_json(path.with_suffix(".json"), sha256=file_sha256(path))
    assert first_difference(*runs) == f"ledger lstm: {difference}"


def test_a_ledger_that_is_missing_is_a_difference(runs):
    (runs[0] / "lists/lstm.parquet").unlink()
    assert first_difference(*runs) == f"only {runs[1] / 'lists'} has a ledger of lstm"


@pytest.mark.parametrize(
    ("notebook", "difference"),
    [
        ({"share": 0.6, "rows": [1, {"x": 2}]}, "results: notebooks.01_one.share is 0.5 and 0.6"),
        ({"share": 0.5, "rows": [1, {"x": 3}]}, "results: notebooks.01_one.rows[1].x is 2 and 3"),
        ({"share": 0.5, "rows": [1]}, "results: notebooks.01_one.rows is [1, {'x': 2}] and [1]"),
        ({"share": 0.5, "rows": [1, {"x": 2}], "more": 1}, "results: notebooks.01_one.more is in one of them only"),
    ],
)
def test_the_first_result_that_differs_is_named(runs, notebook, difference):
    change_json(runs[1] / "figures/results.json", notebooks={"01_one": notebook})
    assert first_difference(*runs) == difference


def test_the_seed_of_a_ledger_counts(runs):
    change_json(runs[1] / "lists/lstm.json", seed=1)
    assert first_difference(*runs) == "sidecar of lstm: seed is 0 and 1"


def test_what_is_no_run_is_refused(runs, tmp_path):
    with pytest.raises(StudyError, match="are not two runs"):
        first_difference(runs[0], tmp_path / "nowhere")


def test_the_command_says_it_and_exits_with_1(runs, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dualrec", "verify", *map(str, runs)])
    assert pytest.raises(SystemExit, cli.main).value.code == 0 and capsys.readouterr().out == "the same\n"
    change_json(runs[1] / "lists/lstm.json", seed=1)
    assert pytest.raises(SystemExit, cli.main).value.code == 1
    assert (
        capsys.readouterr().err
        == f"dualrec: {runs[0]} and {runs[1]} differ, first in sidecar of lstm: seed is 0 and 1\n"
    )
