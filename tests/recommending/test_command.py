"""`recommend`: titles that are typed by hand, and lists for everybody."""

import re
import sys

import numpy as np
import pandas as pd
import pytest

from dualrec import __main__ as cli
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.data.sources import load
from dualrec.data.title_matching import TitleMatcher
from dualrec.recommending.command import match_titles, recommend
from dualrec.systems.best import Best


@pytest.fixture
def command(monkeypatch, capsys, toy_folder, toy_profile, tmp_path):
    """Runs `recommend` on the toy data; returns its exit code and what it printed, to standard output and error."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))

    def call(*arguments: str):
        known = ["--data", str(toy_folder), "--profile", toy_profile]
        monkeypatch.setattr(sys, "argv", ["dualrec", "recommend", *known, *map(str, arguments)])
        code = pytest.raises(SystemExit, cli.main).value.code
        return code, *capsys.readouterr()

    return call


def test_it_shows_matches_and_prints_the_list(command, tmp_path):
    code, out, err = command(
        "--titles", "movie number 4", "--titles", "Movie nunber 5 (1965)", "-k", "3", "--system", "markov",
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert code == 0 and "'Movie nunber 5 (1965)' → Movie number 5 (1965)" in err
    lines = out.splitlines()
    assert len(lines) == 3 and lines[0] == " 1. Movie number 6 (1966)"


def test_without_a_system_the_best_on_validation_recommends_and_is_named(command, tmp_path, monkeypatch):
    monkeypatch.setattr("dualrec.systems.best.best_on_validation", lambda _: Best("markov", "the best of 2"))
    code, out, err = command("--titles", "movie number 4; Movie number 5", "-k", "1", "--out", tmp_path / "run")
    assert code == 0 and out == " 1. Movie number 6 (1966)\n"
    assert "ranking with Markov, first order (the best of 2; --system takes another)" in err


def test_everybody_gets_a_list_after_the_whole_history(command, tmp_path):
    """Toy users walk on from movie to movie: the next one is what has followed the last one of all twelve."""
    file = tmp_path / "lists.parquet"
    code, out, err = command("--users", "all", "--out", file, "-k", "3", "--system", "markov")
    assert code == 0 and out == f"{paths.readable(file)}\n" and "40/40" in err
    lists = pd.read_parquet(file)
    assert lists.user_id.tolist() == np.repeat(np.arange(1, 41), 3).tolist()
    first = lists[lists["rank"] == 1]
    assert first.item_id.tolist() == [(user * 3 + 12) % 30 + 1 for user in range(1, 41)]
    assert not (tmp_path / "lists.parquet.parts").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--titles"),
        (["--titles", "Heat", "--users", "all", "--out", "lists.parquet"], "--titles"),
        (["--users", "some", "--out", "lists.parquet"], "--users"),
        (["--users", "all"], "--out"),
        (["--users", "all", "--out", "lists.csv"], "--out"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(command, arguments, named):
    code, out, err = command(*arguments)
    assert code == 2 and not out and f"Invalid value for '{named}'" in err


def typed(catalogue, *titles: str) -> list[int]:
    return match_titles(
        [*titles], TitleMatcher(catalogue, np.zeros(len(catalogue) + 1)), catalogue.titles, "movies"
    ).tolist()


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


def test_the_guide_recommends_for_titles_that_movielens_has():
    catalogue = load("ml-100k").catalogue
    commands = paths.PACKAGE / "publishing" / "site" / "text" / "commands.md"
    text = commands.read_text(encoding="utf-8") + str(recommend.__doc__)
    examples = re.findall(r'recommend (?:[^"\n]*)--titles "([^"]+)"', text)
    assert len(examples) >= 5 and all(typed(catalogue, example) for example in examples)
