"""`evaluate --data` on folders as people have them: results are right, counted, and go by the ids of the files."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualrec import __main__ as cli
from dualrec.evaluation.ledger import read_ledger, read_sidecar

# (user, item, time): everybody walks on from item to item
WALK = [(user, (user * 3 + t) % 30 + 1, t) for user in range(1, 41) for t in range(8)]


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))


def write(folder: Path, events: list[tuple], items: list) -> Path:
    """A folder in the plain layout; every item is called after its id."""
    folder.mkdir(parents=True)
    rows = "".join(",".join(map(str, row)) + "\n" for row in events)
    (folder / "interactions.csv").write_text("user_id,item_id,timestamp\n" + rows)
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"{i},Song {i}\n" for i in items))
    return folder


@pytest.fixture
def evaluate(monkeypatch, capsys, toy_profile, tmp_path):
    """Evaluates a folder; returns the report, what was said beside it, and the folder of the ledgers."""

    def call(data, *arguments: str, profile: str = toy_profile):
        known = {*(tmp_path / "home").glob("runs/*")}
        arguments = ("--data", str(data), "--profile", profile, "--systems", "popularity,markov", *arguments)
        monkeypatch.setattr(sys, "argv", ["dualrec", "evaluate", *arguments])
        code = pytest.raises(SystemExit, cli.main).value.code
        said = capsys.readouterr()
        assert code == 0, said.err
        new = {*(tmp_path / "home").glob("runs/*")} - known
        return json.loads(said.out), said.err, new.pop() / "lists" if new else None

    return call


def test_equal_scores_do_not_depend_on_the_order_of_the_items_file(evaluate, tmp_path):
    """Forty items of the same popularity: the order of their file once decided who is first."""
    events = [(user, (user + t) % 40 + 1, t) for user in range(1, 41) for t in range(8)]
    rng = np.random.default_rng(0)
    orders = [range(1, 41), range(40, 0, -1), rng.permutation(range(1, 41)).tolist()]
    reports, ledgers = [], []
    for number, items in enumerate(orders):
        report, _, lists = evaluate(write(tmp_path / str(number), events, items))
        reports.append(report)
        ledgers.append([(lists / f"{system}.parquet").read_bytes() for system in report])
    assert reports[0] == reports[1] == reports[2] and ledgers[0] == ledgers[1] == ledgers[2]


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda user, item, t: (f"{user}.0", f"{item}.0", t) if user > 20 else (user, item, t),
        lambda user, item, t: (f" {user}", f"{item} ", t) if t % 2 else (user, item, t),
        lambda user, item, t: (user, item, 1_593_878_904 + t / 8),
        lambda user, item, t: (user, item, f"2020-07-04T16:08:{t:02}.5Z"),
    ],
    ids=["decimals", "blanks", "fractions", "dates"],
)
def test_another_way_of_writing_changes_no_number(evaluate, tmp_path, rewritten):
    plain, _, _ = evaluate(write(tmp_path / "plain", WALK, range(1, 31)))
    other, _, _ = evaluate(write(tmp_path / "other", [rewritten(*row) for row in WALK], range(1, 31)))
    assert plain == other and plain["markov"]["HR@1"] == 1 and plain["markov"]["n"] == 40


def test_parquet_in_place_of_text_is_the_same_data(evaluate, tmp_path):
    folder = write(tmp_path / "songs", WALK, range(1, 31))
    plain, _, lists = evaluate(folder)
    for text in folder.glob("*.csv"):
        pd.read_csv(text).to_parquet(text.with_suffix(".parquet"))
        text.unlink()
    other, _, new_lists = evaluate(folder)
    assert plain == other and lists is not None and new_lists is None, "nothing is computed again"


def test_rows_written_twice_count_once(evaluate, tmp_path):
    plain, _, _ = evaluate(write(tmp_path / "plain", WALK, range(1, 31)))
    twice, said, lists = evaluate(write(tmp_path / "twice", [row for row in WALK for _ in range(2)], range(1, 31)))
    assert plain == twice and "warning: 320 of 640 rows (50.0%) repeat an earlier row and are left out;" in said
    assert read_sidecar(lists / "markov.parquet")["notes"]["ratings_listed_twice"] == 320


def test_ids_of_text_are_those_of_the_files_whatever_the_order_of_their_rows(evaluate, tmp_path):
    events = [(f"{user:08x}-0000-4000", f"B{item:03}", t) for user, item, t in WALK]
    items = [f"B{item:03}" for item in range(1, 31)]
    _, _, lists = evaluate(write(tmp_path / "a", events, items))
    _, _, again = evaluate(write(tmp_path / "b", events[::-1], items[::-1]))
    ledger = read_ledger(lists / "markov.parquet")
    last = pd.DataFrame(events, columns=["user", "item", "t"]).groupby("user")["item"].last()
    assert ledger.groupby("user_id").target_id.first().to_dict() == last.to_dict()
    assert set(ledger.item_id.dropna()) <= set(items)
    assert (lists / "markov.parquet").read_bytes() == (again / "markov.parquet").read_bytes()


def test_a_ledger_has_k_places_in_a_tiny_catalogue(evaluate, tmp_path):
    events = [(user, (user + t) % 6 + 1, t) for user in range(1, 11) for t in range(5)]
    report, _, lists = evaluate(write(tmp_path / "tiny", events, range(1, 7)))
    ledger = read_ledger(lists / "popularity.parquet")
    assert ledger["rank"].max() == 10 and len(ledger) == 100 and report["popularity"]["fill"] == 0.2
    assert ledger.groupby("user_id").item_id.count().eq(2).all()


def test_repeated_targets_are_reached_or_left_out_and_counted(evaluate, toy_settings, tmp_path):
    """Half of the users end with the first item they met."""
    events = WALK + [(user, user * 3 % 30 + 1, 8) for user in range(1, 41, 2)]
    folder = write(tmp_path / "plays", events, range(1, 31))
    reports = {}
    for rule in ("first", "allow", "drop"):
        profile = tmp_path / f"{rule}.toml"
        profile.write_text(f'{toy_settings}[split]\nrepeats = "{rule}"\n')
        reports[rule], said, lists = evaluate(folder, profile=str(profile))
        assert "20 of 40 users (50.0%) end with an item they had met before (`repeats`)" in said
        assert "warning" not in said
        ledger = read_ledger(lists / "markov.parquet")
        met = {user: {item for u, item, t in events if u == user and t < 7} for user in range(1, 41)}
        listed = ledger[ledger.item_id.notna()]
        seen = [item in met[user] for user, item in zip(listed.user_id, listed.item_id, strict=True)]
        assert any(seen) == (rule == "allow")
    assert {rule: report["markov"]["n"] for rule, report in reports.items()} == {"first": 40, "allow": 40, "drop": 20}
    assert reports["first"]["markov"]["HR@1"] == reports["drop"]["markov"]["HR@1"] == 1


def test_times_that_lost_their_digits_are_warned_of(evaluate, tmp_path):
    rounded = [(user, item, f"{1_593_878_904 + t:.5e}") for user, item, t in WALK]
    _, said, _ = evaluate(write(tmp_path / "rounded", rounded, range(1, 31)))
    assert "warning: 320 of 320 rows (100.0%) have a time in scientific notation" in said


def test_data_of_one_name_and_other_seeds_leave_each_other_s_ledgers_alone(evaluate, tmp_path, monkeypatch):
    a = write(tmp_path / "a" / "processed", WALK, range(1, 31))
    b = write(tmp_path / "b" / "processed", WALK[:240], range(1, 61))
    folders = [evaluate(a)[2], evaluate(b)[2], evaluate(a, "--seed", "1")[2]]
    assert None not in folders and len({*folders}) == 3
    monkeypatch.chdir(b)
    before = (folders[0] / "markov.parquet").read_bytes()
    assert evaluate(".")[2] is None, "the same data again"
    assert (folders[0] / "markov.parquet").read_bytes() == before
