import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from dualrec.cli import match_titles
from dualrec.core.errors import StudyError

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
    assert all(line.endswith("not distinguishable") for line in same)
    (out / "lists" / "markov.json").unlink()
    broken = dualrec("score", markov)
    assert (
        broken.returncode == 1
        and "sidecar of a ledger, is missing" in broken.stderr
        and "Traceback" not in broken.stderr
    )


def test_recommend_shows_matches_and_prints_the_list(toy_folder, toy_profile):
    done = dualrec(
        "recommend", "--data", str(toy_folder), "--profile", toy_profile, "--out", str(toy_folder / "run"),
        "--titles", "movie number 4; Movie nunber 5 (1965)", "-k", "3", "--system", "markov",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "'Movie nunber 5 (1965)' → Movie number 5 (1965)" in done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and lines[0] == " 1. Movie number 6 (1966)"


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


def test_titles_are_matched_by_hand(toy_catalogue, capsys):
    assert match_titles("toy story; the postman (1994); les miserables", toy_catalogue).tolist() == [1, 3, 5]
    assert "'the postman (1994)' → The Postman (Il Postino) (1994)" in capsys.readouterr().out
    with pytest.raises(StudyError, match="resembles no title"):
        match_titles("qqqqqqqq xxxxxxx", toy_catalogue)
