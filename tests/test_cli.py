import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from dualrec import __main__ as cli

pytestmark = pytest.mark.slow


def dualrec(*arguments: str, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "dualrec", *arguments], capture_output=True, text=True, cwd=cwd)


def test_evaluate_prints_one_json_object_and_writes_ledgers(toy_folder, toy_profile, tmp_path):
    out = tmp_path / "out"
    arguments = ["evaluate", "--data", str(toy_folder), "--profile", toy_profile]
    arguments += ["--systems", "popularity,markov,lstm", "--out", str(out)]
    done = dualrec(*arguments)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert list(report) == ["popularity", "markov", "lstm"]
    assert report["markov"]["HR@1"] == 1 and report["markov"]["n"] == 40
    assert {"HR@1", "HR@10", "NDCG@10"} <= report["lstm"].keys()
    ledger = pd.read_parquet(out / "lists" / "markov.parquet")
    first = ledger[ledger["rank"] == 1]
    assert (first.item_id == first.target_id).all()
    again = dualrec(*arguments)
    assert again.stdout == done.stdout and "LSTM:" not in again.stderr, "what was trained is not trained again"


def test_a_ledger_is_scored_and_compared_alone(toy_folder, toy_profile, tmp_path):
    out = tmp_path / "out"
    arguments = ["evaluate", "--data", str(toy_folder), "--profile", toy_profile]
    made = dualrec(*arguments, "--systems", "popularity,markov", "--out", str(out))
    markov, popularity = (str(out / "lists" / f"{name}.parquet") for name in ("markov", "popularity"))
    scored = json.loads(dualrec("score", markov).stdout)
    report = json.loads(made.stdout)["markov"]
    assert {
        metric: round(scored[metric]["value"], 6) for metric in ("HR@1", "HR@10", "NDCG@10", "MRR")
    }.items() <= report.items()
    compared = dualrec("compare", markov, popularity)
    rows = {line.split()[0]: line.split() for line in compared.stdout.splitlines()[1:]}
    assert rows["HR@1"][1] == "1.0" and rows["HR@1"][-1] == "better" and "40 users in both" in compared.stderr
    same = dualrec("compare", markov, markov).stdout.splitlines()[1:]
    assert all(line.endswith("cannot tell") for line in same)
    (out / "lists" / "markov.json").unlink()
    alone = dualrec("score", markov)
    assert json.loads(alone.stdout) == scored and "has no sidecar: whether it was changed since" in alone.stderr


def test_two_data_sets_are_not_compared(toy_folder, toy_profile, tmp_path, write_toy):
    """Users of both are numbered alike."""
    ledgers = []
    for folder in (toy_folder, write_toy(tmp_path / "other", 30)):
        out = tmp_path / f"out-{folder.name}"
        arguments = ["--data", str(folder), "--profile", toy_profile, "--systems", "markov", "--out", str(out)]
        assert dualrec("evaluate", *arguments).returncode == 0
        ledgers.append(str(out / "lists" / "markov.parquet"))
    done = dualrec("compare", *ledgers)
    assert done.returncode == 1 and not done.stdout and "the data 'toy' and 'other' differ in content" in done.stderr


@pytest.mark.parametrize("seed", ["-1", str(2**32), "one"])
@pytest.mark.parametrize("command", [["evaluate"], ["compare", "a", "b"]])
def test_a_seed_that_is_none_is_wrong_usage(monkeypatch, capsys, command, seed):
    monkeypatch.setattr(sys, "argv", ["dualrec", *command, "--seed", seed])
    assert pytest.raises(SystemExit, cli.main).value.code == 2
    assert "'--seed'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--systems", "popularty"], "did you mean 'popularity'"),
        (["evaluate", "--systems", ","], "names no system"),
        (["evaluate", "--profile", "laptp"], "did you mean 'laptop'"),
        (["evaluate", "--data", "no-such-folder"], "neither a registered data set"),
        (["recommend", "--titles", " ; "], "holds no title"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(arguments, message):
    done = dualrec(*arguments)
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr and not done.stdout


def test_a_console_without_a_letter_stops_no_command():
    done = subprocess.run(
        [sys.executable, "-m", "dualrec", "--help"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert done.returncode == 0, done.stderr
    assert rb"\u0394" in done.stdout, "the Greek letter is written as its number"
