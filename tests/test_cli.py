import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dualrec import __main__ as cli
from dualrec.cli import match_titles, recommend
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.data.sources import load
from dualrec.data.title_matching import TitleMatcher

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


def test_recommend_shows_matches_and_prints_the_list(toy_folder, toy_profile):
    done = dualrec(
        "recommend", "--data", str(toy_folder), "--profile", toy_profile, "--out", str(toy_folder / "run"),
        "--titles", "movie number 4", "--titles", "Movie nunber 5 (1965)", "-k", "3", "--system", "markov",
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


def typed(catalogue, *titles: str) -> list[int]:
    return match_titles([*titles], TitleMatcher(catalogue, np.zeros(len(catalogue) + 1)), catalogue.titles).tolist()


def test_titles_are_matched_by_hand(toy_catalogue, capsys):
    assert typed(toy_catalogue, "toy story; the postman (1994); les miserables") == [1, 3, 5]
    assert "'the postman (1994)' → The Postman (Il Postino) (1994)" in capsys.readouterr().out
    assert typed(toy_catalogue, "Misérables, Les (1995)", "Heat 1995") == [5, 2], "one title each"


@pytest.mark.parametrize("title", ["Inception", "Toy Story 2", "Star", "Heat (1986)", "qqqqqqqq xxxxxxx"])
def test_a_title_that_is_not_there_is_refused_and_the_nearest_are_named(toy_catalogue, title):
    with pytest.raises(StudyError, match=r"is no title in the catalogue of 8 movies; the nearest are \w+") as error:
        typed(toy_catalogue, f"Heat; {title}")
    assert f"'{title}'" in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(StudyError, match=r"'\?' is no title in the catalogue of 8 movies; check its spelling"):
        typed(toy_catalogue, "?")
    if title == "Toy Story 2":
        assert "nearest are Toy Story (1995), " in str(error.value)


def test_a_title_that_two_movies_share_is_refused_and_both_are_named(toy_catalogue):
    toy_catalogue.titles[8], toy_catalogue.years[8] = "Heat (1986)", 1986
    with pytest.raises(StudyError, match=r"'heat' is the title of 2 movies: Heat \(1995\), Heat \(1986\); write one"):
        typed(toy_catalogue, "heat")
    assert typed(toy_catalogue, "heat (1986); heat (1995)") == [8, 2]


def test_a_title_may_hold_a_semicolon(toy_catalogue):
    toy_catalogue.titles[8] = "Toy Story; Heat (1977)"
    assert typed(toy_catalogue, "toy story; heat") == typed(toy_catalogue, "Toy Story; Heat (1977)") == [8]
    assert typed(toy_catalogue, "toy story; heat;") == [8]
    assert typed(toy_catalogue, "toy story; heat (1995)") == [1, 2]
    assert typed(toy_catalogue, "Heat", "Toy Story; Heat") == [2, 8]
    with pytest.raises(StudyError, match="holds no title"):
        typed(toy_catalogue, ";")


def test_the_readme_recommends_for_titles_that_movielens_has():
    catalogue = load("ml-100k").catalogue
    text = (paths.PACKAGE.parent / "README.md").read_text(encoding="utf-8") + str(recommend.__doc__)
    examples = re.findall(r'recommend (?:[^"\n]*)--titles "([^"]+)"', text)
    assert len(examples) >= 5 and all(typed(catalogue, example) for example in examples)
