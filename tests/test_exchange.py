"""The way out and back in: another tool trains on the exported split, and its lists are judged as the study's are."""

import json
import sys

import pandas as pd
import pytest

from dualrec import __main__ as cli
from dualrec.data.export import FORMATS
from dualrec.evaluation.ledger import read_ledger, read_sidecar
from dualrec.exchange import Format


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def ask(monkeypatch, capfd):
    """Asks a command as a shell does; returns what it prints, to standard output and error."""

    def call(*arguments, code: int = 0):
        monkeypatch.setattr(sys, "argv", ["dualrec", *map(str, arguments)])
        ended = pytest.raises(SystemExit, cli.main).value.code
        said = capfd.readouterr()
        assert ended == code, said.err
        return said

    return call


def popular(split, k: int) -> pd.DataFrame:
    """What another tool may make of a split: the most popular items that each user has not met, by pandas alone."""
    train, validation = (pd.read_csv(split / f"{part}.csv") for part in ("train", "validation"))
    counts = train["item_id"].value_counts()
    met = pd.concat([train, validation]).groupby("user_id")["item_id"].agg(set)
    rows = []
    for user, items in met.items():
        best = counts[~counts.index.isin(items)].index[:k]
        rows += [(user, item, rank, counts[item]) for rank, item in enumerate(best, start=1)]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rank", "score"])


def write_cooks(folder):
    """Sixty cooks; of two dishes one is always cooked by more of them, so that popularity has no ties to settle."""
    folder.mkdir()
    dishes = [f"dish-{d:02}" for d in range(20)]
    events = [
        f"cook-{cook:02},{dish},{(cook * 5 + place * 15) % 29}\n"
        for place, dish in enumerate(dishes)
        for cook in range(60 - 3 * place)
    ]
    (folder / "interactions.csv").write_text("user_id,item_id,timestamp\n" + "".join(events))
    (folder / "items.csv").write_text("item_id,title\n" + "".join(f"{dish},{dish.title()}\n" for dish in dishes))
    return folder


LOANS = "reader;branch;shelfmark;lent\n01;a;007;27.5.2021\n01;a;008;28.5.2021\n;b;007;1.6.2021\n"
COLUMNS = ("--user", "reader", "--item", "shelfmark", "--time", "lent", "--time-format", "%d.%m.%Y")


def test_a_table_of_one_s_own_becomes_a_folder_of_data(ask, tmp_path):
    (tmp_path / "loans.csv").write_text(LOANS)
    said = ask("import-data", "loans.csv", *COLUMNS, "--out", "loans")
    assert said.out.endswith("loans: 2 events of 1 users with 2 items, 2021-05-27 to 2021-05-28\n")
    lost = ["1 of 3 rows (33.3%) have no reader and are left out", "2 of 2 items have no title and go by their id"]
    assert (
        said.err.splitlines() == lost and json.loads((tmp_path / "loans/import.json").read_text())["left_out"] == lost
    )
    refused = ask("import-data", "loans.csv", *COLUMNS[:-2], "--out", "loans", code=1)
    assert "--time-format" in refused.err and not refused.out
    assert "import-data" in ask("evaluate", "--data", "loans.csv", code=1).err


def test_popularity_made_elsewhere_is_the_study_s_own(ask, toy_profile, tmp_path):
    """Where no two items are equally popular, the lists are the same, and so is every number."""
    data = write_cooks(tmp_path / "cooks")
    about = ["--data", data, "--profile", toy_profile]
    said = ask("export-split", *about, "--out", "split")
    note = json.loads((tmp_path / "split/split.json").read_text())
    assert said.out.startswith(f"split: {note['users']} users, 20 items, events: ")
    assert "have too few events and are left out" in said.err and note["left_out"] == said.err.splitlines()
    table = popular(tmp_path / "split", 10)
    counts = pd.read_csv(tmp_path / "split/train.csv")["item_id"].value_counts()
    assert counts.is_unique, "no ties"
    table.to_csv("mine.csv", index=False)
    out = ["--out", "run"]
    own = json.loads(ask("evaluate", *about, *out, "--systems", "popularity").out)
    imported = ask("import-lists", "mine.csv", "--name", "mine", *about, *out)
    assert json.loads(imported.out) == {"mine": own["popularity"]} and own["popularity"]["HR@10"] > 0
    lists = tmp_path / "run/lists"
    assert read_ledger(lists / "mine.parquet").equals(read_ledger(lists / "popularity.parquet"))
    assert "differ" not in ask("compare", lists / "mine.parquet", lists / "popularity.parquet").err
    scored = json.loads(ask("score", lists / "mine.parquet").out)
    assert scored["HR@10"]["value"] == pytest.approx(own["popularity"]["HR@10"], abs=1e-6)
    mine, theirs = (read_sidecar(lists / f"{name}.parquet") for name in ("mine", "popularity"))
    assert mine["imported"] and mine["label"] == "mine"
    same = ("data_digest", "protocol", "split", "seed", "config_hash", "notes", "commit", "n", "k")
    assert {fact: mine[fact] for fact in same} == {fact: theirs[fact] for fact in same}


def test_what_recommend_writes_for_everybody_comes_back_in(ask, toy_profile, toy_folder, tmp_path):
    """Lists from whole histories, so the target is among what was met: none of it is listed, and every list misses."""
    about = ["--data", toy_folder, "--profile", toy_profile]
    ask("recommend", "--users", "all", "--out", "lists.parquet", "--system", "popularity", *about)
    said = ask("import-lists", "lists.parquet", "--name", "everybody", "--label", "From whole histories", *about)
    metrics = json.loads(said.out)["everybody"]
    assert metrics["n"] == 40 and metrics["HR@10"] == 0 and metrics["fill"] == 1
    assert "From whole histories: n = 40; runs/toy-toy-" in said.err


def test_lists_may_be_imported_again_under_their_own_name_alone(ask, toy_profile, toy_folder, tmp_path):
    about = ["--data", toy_folder, "--profile", toy_profile, "--out", "run"]
    (tmp_path / "mine.csv").write_text("user_id,item_1\n1,1\n2,30\n")
    first = ask("import-lists", "mine.csv", "--name", "mine", *about)
    assert "users without a list, which is a miss, of 40: 38" in first.err
    (tmp_path / "mine.csv").write_text("user_id,item_1\n1,1\n2,29\n")
    ask("import-lists", "mine.csv", "--name", "mine", *about)
    assert read_sidecar(tmp_path / "run/lists/mine.parquet")["imported"]
    refused = ask("import-lists", "mine.csv", "--name", "other", "--label", "mine", *about, code=1)
    assert "already the name of other lists" in refused.err and not refused.out
    refused = ask("import-lists", "mine.csv", "--name", "lstm", *about, code=1)
    assert "'lstm' is a system of the study" in refused.err


def test_every_format_has_a_writer():
    assert {form.value for form in Format} == FORMATS.keys()
