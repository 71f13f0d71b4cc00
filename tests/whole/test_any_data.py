"""Every notebook runs on data unlike the default: the paper's own layout, ids of text without years, other scripts.

The real small models, one warm process: `make` runs the same cells in a process per notebook.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import CapturedIO, capture_output

from dualrec import __main__ as cli
from dualrec.core import paths
from dualrec.evaluation.results import load_results
from dualrec.study import open_study
from tests.notebooks.test_committed import OF_MOVIES

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted(paths.PACKAGE.parent.glob("notebooks/[0-9]*.ipynb"))
USERS = 40  # of a data set
EVENTS = 16  # of each, where the data are made up
TINY = """
base = "smoke"
summary = "a test"
data = '{data}'
users = 4
seeds = 1
[llm]
users = 2
titles = 2
candidates = 5
prior_titles = 20
validation_users = 3
[lora]
users = 3
validation_users = 2
[reader]
positions = 3
epochs = 1
training_sizes = [5]
[audit]
users = 2
[domain]
{domain}
"""
BOOKS = 'item = "book"\nverb = "reads"\ninfinitive = "read"'
FILMS = 'item = "movie"\nverb = "watches"\ninfinitive = "watch"'
SONGS = 'item = "song"\nverb = "heard"\ninfinitive = "hear"'
IMPORTED = "Lists of another tool"
QUOTES = (".raw", "invented title")  # in cells that show what the language model wrote, whose words are its own


def real(name: str) -> Path | None:
    """The folder of a real data set, where DUALREC_DATA has it."""
    folder = Path(os.environ.get("DUALREC_DATA") or os.devnull) / name
    return folder if folder.is_dir() else None


def walks(items: list) -> list[tuple]:
    """(user, item, time): people who walk through the items in steps of their own."""
    return [(u, items[(u * 7 + t * (1 + u % 3)) % len(items)], t) for u in range(1, USERS + 1) for t in range(EVENTS)]


def movielens_1m(folder: Path) -> str:
    """The layout of ML-1M: a cut of the real one, or movies that do not exist."""
    if source := real("ml-1m"):
        names = ["user", "item", "rating", "time"]
        events = pd.read_csv(source / "ratings.dat", sep="::", engine="python", names=names)
        few = events.groupby("user").size().pipe(lambda sizes: sizes[sizes <= 40]).index[:USERS]
        events = events[events.user.isin(few)]
        lines = (source / "movies.dat").read_text(encoding="latin-1").splitlines()
        movies = [line for line in lines if int(line.split("::")[0]) in set(events["item"])]
        ratings = ["::".join(map(str, row)) for row in events.itertuples(index=False)]
    else:
        movies = [f"{i}::Movie {i}, The ({1900 + i})::{'Drama|War' if i % 2 else 'Comedy'}" for i in range(1, 91)]
        ratings = [f"{user}::{item}::4::{978300000 + t // 2}" for user, item, t in walks(list(range(1, 91)))]
    (folder / "movies.dat").write_text("\n".join(movies) + "\n", encoding="latin-1")
    (folder / "ratings.dat").write_text("\n".join(ratings) + "\n")
    return FILMS


def text_ids(folder: Path) -> str:
    """Ids of text, neither years nor genres: a cut of the real Beauty, or books that do not exist."""
    if source := real("amazon-beauty"):
        events = pd.read_csv(source / "interactions.csv")
        events = events[events.user_id.isin(events.user_id.unique()[:USERS])]
        items = pd.read_csv(source / "items.csv", usecols=["item_id", "title"])
        items = items[items.item_id.isin(events.item_id)]
    else:
        ids = [f"B{i:03}X" for i in range(90)]
        items = pd.DataFrame({"item_id": ids, "title": [f"The book of the number {i}, in words" for i in range(90)]})
        events = pd.DataFrame(walks(ids), columns=["user_id", "item_id", "order"]).assign(
            user_id=lambda rows: "U" + rows.user_id.astype(str)
        )
    events.to_csv(folder / "interactions.csv", index=False)
    items.to_csv(folder / "items.csv", index=False)
    return BOOKS


def other_scripts(folder: Path) -> str:
    """Titles in Cyrillic, Han, Kana, Arabic, Devanagari and Greek, some with years, few in Latin."""
    words = [
        "Ирония судьбы",
        "臥虎藏龍",
        "千と千尋の神隠し",
        "باب الحديد",
        "मुग़ल-ए-आज़म",
        "Ζορμπάς",
        "기생충",
        "Amélie",
        "Брат",
    ]
    items = pd.DataFrame({"item_id": range(1, 73)})
    items["title"] = [f"{words[i % 9]} {i // 9 + 1}" for i in range(72)]
    items["year"] = [1950 + i if i % 2 else "" for i in range(72)]
    items["genres"] = ["драма|コメディ" if i % 3 else "" for i in range(72)]
    items.to_csv(folder / "items.csv", index=False)
    events = pd.DataFrame(walks(list(range(1, 73))), columns=["user_id", "item_id", "timestamp"])
    events.to_csv(folder / "interactions.csv", index=False)
    return SONGS


@pytest.fixture
def shell(monkeypatch):
    """IPython as a notebook has it, without the notebook."""
    # IPython puts a module of its own in the place of this one, which processes that are spawned later would look for
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(colors="nocolor")
    InteractiveShell.clear_instance()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home of its own, but for the unpacked language model that all tests share."""
    home = tmp_path_factory.mktemp("home")
    paths.shared_cache().mkdir(parents=True, exist_ok=True)
    (home / "runs").mkdir()
    (home / "runs" / "cache").symlink_to(paths.shared_cache(), target_is_directory=True)
    return home


def import_popular(profile: Path, folder: Path, monkeypatch) -> None:
    """Lists of another tool in the run of a profile: the most popular items for everybody, met before or not."""
    study = open_study(str(profile))
    best = study.catalogue.ids[np.argsort(-study.popularity, kind="stable")[:10]]
    rows = [(user, item, rank) for user in study.data.user_ids[1:] for rank, item in enumerate(best, start=1)]
    pd.DataFrame(rows, columns=["user_id", "item_id", "rank"]).to_csv(folder / "mine.csv", index=False)
    arguments = ["import-lists", str(folder / "mine.csv"), "--name", "mine", "--label", IMPORTED]
    monkeypatch.setattr(sys, "argv", ["dualrec", *arguments, "--profile", str(profile)])
    assert pytest.raises(SystemExit, cli.main).value.code == 0


def shown(captured: CapturedIO) -> str:
    """All words that a cell put out."""
    parts = [str(part) for output in captured.outputs for part in (output.data or {}).values()]
    return "\n".join([captured.stdout, *parts])


@pytest.mark.parametrize("make", [movielens_1m, text_ids, other_scripts], ids=lambda make: make.__name__)
def test_every_notebook_runs(make, home, shell, monkeypatch, tmp_path):
    data, profile = tmp_path / "data", tmp_path / f"{make.__name__}.toml"
    data.mkdir()
    domain = make(data)
    profile.write_text(TINY.format(data=data, domain=domain), encoding="utf-8")
    monkeypatch.setenv("DUALREC_HOME", str(home))
    monkeypatch.setenv("DUALREC_PROFILE", str(profile))
    monkeypatch.chdir(NOTEBOOKS[0].parent)
    said = {}
    for notebook in NOTEBOOKS:
        shell.reset()
        if notebook.stem == "06_results":
            import_popular(profile, tmp_path, monkeypatch)
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                source = "".join(cell["source"])
                with capture_output() as captured:
                    result = shell.run_cell(source)
                assert result.success, f"{notebook.stem}, the cell\n{source}\n{captured.stdout[-3000:]}"
                if not any(quoting in source for quoting in QUOTES):
                    said[f"{notebook.stem}, the cell\n{source}"] = shown(captured)
    recorded = load_results(paths.results(make.__name__))["notebooks"]
    assert [notebook.stem for notebook in NOTEBOOKS] == list(recorded)
    results = [words for where, words in said.items() if where.startswith("06_results") and IMPORTED in words]
    assert any(f"{IMPORTED} against the improved LSTM" in words for words in results) and len(results) >= 2
    said |= {path.name: path.read_text(encoding="utf-8") for path in paths.figures(make.__name__).glob("*.svg")}
    if domain == FILMS or (make is text_ids and real("amazon-beauty")):  # real titles say what they say
        return
    assert [where for where, words in said.items() if OF_MOVIES.search(words)] == []
    item = domain.split('"')[1]
    assert f"share of {item}s" in said["01_long_tail.svg"]
