"""The same conclusions between machines: values within intervals, verdicts that are the same."""

import json
import sys

import numpy as np
import pytest

from dualrec import __main__ as cli
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import write_ledger
from dualrec.evaluation.results import record
from dualrec.types import Cases, RankedLists, Sequences
from dualrec.workflow.conclusions import agreement

FACTS = {"profile": "toy", "data": "d", "protocol": "p", "commit": "1a2b3c4", "hardware": "2 cores"}


def interval(value, low=0.1, high=0.3) -> dict:
    return {"value": value, "low": low, "high": high, "n": 20}


def results(path, hr=0.2, ndcg=0.2, verdict="better", bounds=(0.1, 0.3), facts=FACTS, system="lstm", protocol="p"):
    """A `results.json` of one system and one comparison."""
    record(path, "study", facts)
    metrics = {"HR@10": interval(hr, *bounds), "NDCG@10": interval(ndcg), "MRR": interval(0.2)}
    entry = {"label": "LSTM", "n": 20, "k": 10, "seed": 0, "protocol": protocol, "metrics": metrics, "counts": {}}
    record(path, "systems", {system: entry})
    record(path, "notebooks", {"06": {"rows": [{"metric": "HR@1", "delta": hr, "verdict": verdict}]}})
    record(path, "side_runs", {"toy": {"verdict": hr}})
    return path


def ledgers(folder, hits: int, data: str = "d"):
    """What `evaluate --out` leaves of twenty users, some of whom are hits."""
    users = list(range(1, 21))
    items = np.array([[1 if row < hits else 2] for row in range(20)])
    cases = Cases(Sequences.from_lists(users, [[2]] * 20), np.ones(20, np.int64))
    write_ledger(folder / "lists", "lstm", cases, RankedLists(items), np.arange(3), {"data": data, "protocol": "p"})
    return folder


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        ({}, []),
        ({"hr": 0.29, "ndcg": 0.11}, []),
        ({"hr": 0.31, "bounds": (0.2, 0.4)}, ["lstm, HR@10: 0.200 [0.100, 0.300] and 0.310 [0.200, 0.400]"]),
        ({"hr": 0.25, "bounds": (0.22, 0.3)}, ["lstm, HR@10: 0.200 [0.100, 0.300] and 0.250 [0.220, 0.300]"]),
        ({"hr": None, "bounds": (None, None)}, ["lstm, HR@10: 0.200 [0.100, 0.300] and –"]),
        ({"verdict": "worse"}, ["06.rows[0] (HR@1): better and worse"]),
    ],
)
def test_values_within_intervals_and_verdicts(tmp_path, change, differences):
    compared = agreement(results(tmp_path / "a.json"), results(tmp_path / "b.json", **change))
    assert (compared.systems, compared.verdicts, compared.differences) == (1, 1, differences)


def test_values_that_nobody_has_agree(tmp_path):
    nobody = {"hr": None, "bounds": (None, None)}
    assert not agreement(results(tmp_path / "a.json", **nobody), results(tmp_path / "b.json", **nobody)).differences


def test_ledgers_stand_in_for_results(tmp_path):
    many, few, none = (ledgers(tmp_path / str(hits), hits) for hits in (10, 9, 0))
    assert agreement(many, few).differences == []
    assert len(agreement(many, none).differences) == 2
    recorded = results(tmp_path / "recorded.json", hr=0.5, bounds=(0.3, 0.7))
    (difference,) = agreement(recorded, many).differences
    assert difference.startswith("lstm, NDCG@10: 0.200 [0.100, 0.300] and 0.500 [")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"facts": FACTS | {"data": "other"}}, "lstm in .* the data 'd' and 'other' have different names"),
        ({"protocol": "q"}, "the protocol is 'p' for the one and 'q' for the other"),
        ({"system": "sasrec"}, "have no system in common"),
    ],
)
def test_runs_of_two_studies_are_refused(tmp_path, change, words):
    with pytest.raises(StudyError, match=words):
        agreement(results(tmp_path / "a.json"), results(tmp_path / "b.json", **change))


def test_what_is_no_run_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(StudyError, match="is no run; name a folder such as runs/smoke, or a results.json"):
            agreement(results(tmp_path / "a" / "a.json"), path)


def test_the_command_names_every_difference_and_exits_with_1(tmp_path, monkeypatch, capsys):
    a, b = results(tmp_path / "a.json"), results(tmp_path / "b.json", hr=0.9, verdict="worse", bounds=(0.8, 1.0))
    monkeypatch.setattr(sys, "argv", ["dualrec", "verify", "--within", "intervals", str(a), str(a)])
    assert pytest.raises(SystemExit, cli.main).value.code == 0
    assert capsys.readouterr().out == "the same conclusions; compared were 1 systems and 1 verdicts\n"
    sys.argv[-1] = str(b)
    assert pytest.raises(SystemExit, cli.main).value.code == 1
    printed = capsys.readouterr()
    assert [line.split(":")[0] for line in printed.out.splitlines()] == ["lstm, HR@10", "06.rows[0] (HR@1)"]
    assert printed.err == f"dualrec: {a} and {b} come to other conclusions in 2 places\n"
    json.loads(a.read_text(encoding="utf-8"), parse_constant=pytest.fail)
