"""Every kind of bad input at every door through which it can come: one sentence that says what to do, and an exit code.

What a reader makes of each malformed file is tested beside the reader; here the commands are asked as a shell asks.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualrec import __main__ as cli
from dualrec.core import paths
from dualrec.evaluation.ledger import write_ledger
from dualrec.types import Cases, RankedLists, Sequences

pytestmark = pytest.mark.slow

EVENTS = "user_id,item_id,timestamp\n" + "".join(f"{u},{(u + t) % 9},{t}\n" for u in range(8) for t in range(6))
ITEMS = "item_id,title\n" + "".join(f"{i},Song {i}\n" for i in range(9))
GOOD = {"interactions.csv": EVENTS, "items.csv": ITEMS}
DATA = {  # kind -> (the files of a data folder; what is said)
    "no known layout": ({"notes.txt": "x"}, "holds no known layout; put one of these pairs of files there"),
    "an archive that is not unpacked": ({"ml-1m.zip": b"PK\3\4"}, "unpack ml-1m.zip and name the folder"),
    "files in an inner folder": (
        {f"ml/{name}": text for name, text in GOOD.items()},
        r"its folder .*ml does: name that one",
    ),
    "a column is missing": (GOOD | {"items.csv": "item_id,name\n1,A\n"}, "items.csv lacks the column title"),
    "a malformed row": (GOOD | {"interactions.csv": EVENTS + "1,2,soon\n"}, "line 50: timestamp is 'soon'"),
    "a column in another unit": (
        GOOD | {"interactions.csv": EVENTS.replace(",0\n", ",Monday\n").replace(",1\n", ",Tuesday\n")},
        r"the first of 16 such rows\); correct or remove them",
    ),
    "an item listed twice": (GOOD | {"items.csv": ITEMS + "1,Other\n"}, "lists the id 1 2 times"),
    "items that do not belong": (GOOD | {"items.csv": "item_id,title\n77,A\n"}, "both files belong together"),
    "most rows name unknown items": (
        GOOD | {"items.csv": "item_id,title\n" + "".join(f"{i},A\n" for i in range(4))},
        r"\(5\d\.\d%\) name an item that the items file lacks",
    ),
    "most rows written again": (GOOD | {"interactions.csv": EVENTS + EVENTS[26:] * 2}, "repeat an earlier row"),
    "short histories": (
        GOOD | {"interactions.csv": "user_id,item_id,order\n" + "".join(f"{u},{u},0\n" for u in range(9))},
        "no user has 5 events; use data with longer histories",
    ),
    "a packed file that is cut short": (GOOD | {"items.csv": b"\x1f\x8b\x08junk"}, "is not a whole gzip file"),
    "a foreign packing": (GOOD | {"items.csv": b"BZh91AY"}, "is packed with bzip2; unpack it"),
    "an empty file": (GOOD | {"interactions.csv": ""}, "interactions.csv is empty; write it again"),
}
DATA_DOORS = {
    "evaluate": ["evaluate", "--systems", "popularity", "--data", "{data}"],
    "recommend": ["recommend", "--titles", "Song 1", "--system", "popularity", "--data", "{data}"],
    "export-split": ["export-split", "--out", "split", "--data", "{data}"],
    "import-lists": ["import-lists", "mine.csv", "--name", "mine", "--data", "{data}"],
    "grid-search": ["grid-search", "--profile", "{profile}"],
    "seeds": ["seeds", "--profile", "{profile}"],
    "precision": ["precision", "--profile", "{profile}"],
    "protocols": ["protocols", "--profile", "{profile}"],
    "audit": ["audit", "--profile", "{profile}"],
    "hints": ["hints", "--profile", "{profile}"],
    "evidence": ["evidence", "--profile", "{profile}"],
    "lora-examples": ["lora-examples", "--profile", "{profile}"],
    "representation": ["representation", "--profile", "{profile}"],
}
PROFILES = {  # kind -> (content of the profile, or None for none; what is said)
    "no such file": (None, "unknown profile '.*mine.toml'; choose one of beauty, laptop"),
    "no TOML": ("summary = \n", "is not valid TOML"),
    "not text": (b"\xff\xfe\xff", "is not valid TOML"),
    "an unknown key": ("user = 5\n", r"unknown key 'user' \(did you mean 'users'\?\)"),
    "another type": ('users = "5"\n', "'users' must be a whole number, but is '5'"),
    "out of range": ("users = -1\n", "'users' must be at least 0, but is -1"),
    "an unknown base": ('base = "lptop"\n', "lptop"),
    "data that there are not": (
        'base = "laptop"\nsummary = "mine"\ndata = "ml-2m"\n',
        "'data' names nothing known, 'ml-2m'",
    ),
}
PROFILE_DOORS = {
    "evaluate": ["evaluate", "--systems", "popularity", "--profile", "{profile}"],
    "recommend": ["recommend", "--titles", "Alien", "--profile", "{profile}"],
    "export-split": ["export-split", "--out", "split", "--profile", "{profile}"],
    "import-lists": ["import-lists", "mine.csv", "--name", "mine", "--profile", "{profile}"],
    "run": ["run", "--profile", "{profile}"],
    "doctor": ["doctor", "--profile", "{profile}"],
    "grid-search": ["grid-search", "--profile", "{profile}"],
    "seeds": ["seeds", "--profile", "{profile}"],
    "precision": ["precision", "--profile", "{profile}"],
    "protocols": ["protocols", "--profile", "{profile}"],
    "audit": ["audit", "--profile", "{profile}"],
    "hints": ["hints", "--profile", "{profile}"],
    "evidence": ["evidence", "--profile", "{profile}"],
    "lora-examples": ["lora-examples", "--profile", "{profile}"],
    "representation": ["representation", "--profile", "{profile}"],
    "demo": ["demo", "--no-browser", "--profile", "{profile}"],
}


def ledger(folder: Path, name: str, **changes) -> Path:
    """A ledger of three users and two places each."""
    history = Sequences.from_lists([1, 2, 3], [[1], [2], [3]])
    lists = RankedLists(np.array([[4, 5], [4, 1], [5, -1]]))
    meta = {"data": "toy", "data_digest": "d", "protocol": "p", "split": {"min_events": 5}, "seed": 0} | changes
    return write_ledger(folder, name, Cases(history, np.array([4, 5, 1])), lists, np.arange(6) * 10, meta)


def damaged(path: Path, change) -> None:
    """Change a ledger's rows and take its sidecar away, which would tell."""
    change(pd.read_parquet(path)).to_parquet(path, index=False)
    path.with_suffix(".json").unlink()


LEDGERS = {  # kind -> (what happens to a good ledger; what is said)
    "no such file": (lambda path: path.unlink(), "there is no ledger"),
    "no parquet": (lambda path: path.write_bytes(b"PAR1junk"), "is not a readable parquet file"),
    "another table": (
        lambda path: damaged(path, lambda rows: rows.rename(columns={"rank": "place"})),
        "has the columns .*place",
    ),
    "no rows": (lambda path: damaged(path, lambda rows: rows[:0]), "holds no recommendations"),
    "a rank twice": (lambda path: damaged(path, lambda rows: rows.assign(rank=np.int32(1))), "rank"),
    "an item twice": (lambda path: damaged(path, lambda rows: rows.assign(item_id=10).astype(rows.dtypes)), "twice"),
    "another type": (lambda path: damaged(path, lambda rows: rows.astype({"rank": str})), "'rank'"),
    "rows that were changed": (
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        "is not the file its sidecar|not a readable parquet",
    ),
    "a damaged sidecar": (lambda path: path.with_suffix(".json").write_text("{"), "sidecar of a ledger, is missing or"),
}
LEDGER_DOORS = {
    "table": ["table", "{run}"],
    "score": ["score", "{bad}"],
    "compare, first": ["compare", "{bad}", "{good}"],
    "compare, second": ["compare", "{good}", "{bad}"],
}
LISTS = {  # kind -> (content of the file, or None for none; what is said)
    "no such file": (None, "mine.csv cannot be read"),
    "no table": ("", "mine.csv is empty; write it again"),
    "semicolons": ("user_id;item_id;rank\n1;1;1\n", "lacks the column user_id.*part them by commas"),
    "neither form": ("user_id,title\n1,A\n", "neither the columns item_id and rank nor item_1"),
    "no users": ("item_id,rank\n1,1\n", "lacks the column user_id"),
    "no ranks": ("user_id,item_id\n1,1\n", "lacks the column rank"),
    "a malformed row": ("user_id,item_id,rank\n1,1,first\n", "line 2: rank is 'first'"),
    "places from 0": ("user_id,item_0,item_1\n1,1,2\n", "places count from 1"),
    "ranks from 0": ("user_id,item_id,rank\n1,1,0\n", "ranks count from 1"),
    "targets": ("user_id,target_id,item_1\n1,1,1\n", "names targets"),
    "a rank twice": ("user_id,item_id,rank\n1,1,1\n1,2,1\n", "user 1 has two rows at rank 1"),
    "users of others": ("user_id,item_1\nx,1\ny,1\n", "2 of 2 users are not in the data"),
    "items of others": ("user_id,item_1\n1,x\n2,y\n", "2 of 2 items are not in the data"),
    "no parquet": (b"PAR1junk", "is not a readable parquet file"),
}
OTHERS = {  # kind -> (changes of the facts in the sidecar; what is said)
    "other data": ({"data_digest": "e"}, "data"),
    "another protocol": ({"protocol": "q"}, "protocol"),
    "another split": ({"split": {"min_events": 9}}, "split"),
}
FACTS = dict.fromkeys(("profile", "data", "protocol", "commit", "hardware"), "x")
RESULTS = {  # kind -> (content of results.json, or None for none; what is said)
    "no such file": (None, "are not two runs; name two folders"),
    "no JSON": ("{", "is not readable JSON"),
    "another schema": ('{"schema": 99}', "schema"),
    "no facts": ('{"schema": 1}', "is missing or not text"),
    "text for a section": (
        json.dumps({"schema": 1} | FACTS | {"systems": "x", "notebooks": {}, "side_runs": {}}),
        "systems",
    ),
}
RESULT_DOORS = {"verify, first": ["verify", "{bad}", "{good}"], "verify, second": ["verify", "{good}", "{bad}"]}
COLUMNS = ("--user", "u", "--item", "i", "--time", "t")
WORDS = {  # kind and door -> (arguments; exit code; what is said)
    "evaluate: an unknown system": (["evaluate", "--systems", "lstn"], 1, r"lstn.*(did you mean|lstm)"),
    "evaluate: no system": (["evaluate", "--systems", " , "], 1, "--systems names no system"),
    "evaluate: a system of one's own that is not there": (["evaluate", "--systems", "nowhere:Mine"], 1, "nowhere"),
    "evaluate: data that are not there": (["evaluate", "--data", "nowhere"], 1, "neither a registered data set"),
    "evaluate: data that are a file": (
        ["evaluate", "--data", __file__],
        1,
        "is a file, and data are read from a folder",
    ),
    "evaluate: a seed below 0": (["evaluate", "--seed", "-1"], 2, "--seed"),
    "evaluate: a seed that is no number": (["evaluate", "--seed", "one"], 2, "--seed"),
    "import-data: no columns": (["import-data", "mine.csv", "--out", "mine"], 2, "--user"),
    "import-data: no folder": (["import-data", "mine.csv", *COLUMNS], 2, "--out"),
    "import-data: no such file": (["import-data", "mine.csv", *COLUMNS, "--out", "mine"], 1, "mine.csv cannot be read"),
    "import-data: other columns": (
        ["import-data", __file__, *COLUMNS, "--out", "mine"],
        1,
        "lacks the columns u, i, t",
    ),
    "import-data: a folder of something else": (
        ["import-data", __file__, *COLUMNS, "--out", "{folder}"],
        1,
        "which `dualrec import-data` did not write",
    ),
    "table: no run": (["table", "nowhere"], 1, "nowhere/lists has no ledger"),
    "export-split: no folder": (["export-split"], 2, "--out"),
    "export-split: an unknown format": (["export-split", "--out", "split", "--format", "excel"], 2, "--format"),
    "export-split: a folder of something else": (
        ["export-split", "--out", "{folder}"],
        1,
        "which `dualrec export-split` did not write",
    ),
    "export-split: a file": (["export-split", "--out", __file__], 1, "is a file, and .* writes several"),
    "import-lists: no name": (["import-lists", "mine.csv"], 2, "--name"),
    "import-lists: no file": (["import-lists", "--name", "mine"], 2, "(?i)missing argument .lists"),
    "import-lists: the name of a system": (["import-lists", "mine.csv", "--name", "lstm"], 1, "is a system of the"),
    "import-lists: no name of a file": (["import-lists", "mine.csv", "--name", "a/b"], 1, "is no name for a file"),
    "import-lists: a label that is taken": (
        ["import-lists", "mine.csv", "--name", "mine", "--label", "SASRec"],
        1,
        "already the name of other lists",
    ),
    "recommend: an unknown title": (["recommend", "--titles", "Inception"], 1, "Inception.*nearest|nearest.*Inception"),
    "recommend: a sequel that is not there": (["recommend", "--titles", "Toy Story 3"], 1, "Toy Story 3"),
    "recommend: a title of two films": (["recommend", "--titles", "Sabrina"], 1, r"1954.*1995|1995.*1954"),
    "recommend: no title": (["recommend", "--titles", " ; "], 1, "title"),
    "recommend: no place": (["recommend", "--titles", "Alien", "-k", "0"], 2, "-k"),
    "recommend: an unknown system": (["recommend", "--titles", "Alien", "--system", "lstn"], 1, "lstn"),
    "recommend: no titles at all": (["recommend"], 2, "--titles"),
    "run: an unknown notebook": (["run", "--only", "99"], 1, "no notebook '99'"),
    "seeds: fewer than none": (["seeds", "--count", "-1"], 2, "--count"),
    "seeds: a record of nothing": (["seeds", "--count", "0"], 1, "no shard of seeds .* run `make seeds COUNT=1`"),
    "precision: a record of nothing": (["precision", "--count", "0"], 1, "no shard of precision .* COUNT=1`"),
    "lora-examples: none": (["lora-examples", "--count", "0"], 2, "--count"),
    "demo: no such port": (["demo", "--port", "0"], 2, "--port"),
    "badges: no repository": (["badges", "--repository", "nobody"], 1, "OWNER/NAME"),
    "report: nothing run yet": (["report"], 1, "make all|run"),
    "publish: nothing run yet": (["publish"], 1, "make all|run"),
    "verify: an unknown measure": (["verify", "a", "b", "--within", "reason"], 2, "--within"),
    "any command: an unknown device": (
        ["doctor", "--device", "gpu"],
        2,
        "--device is 'gpu'; choose cpu or cuda or mps",
    ),
    "any command: an unknown precision": (["--precision=half", "run"], 2, "choose float32 or bfloat16"),
    "any command: a device that is not there": (["seeds", "--device", "mps"], 1, "'mps' is chosen and not there"),
    "an unknown command": (["evalute"], 2, "evalute"),
}
TABLE = ((DATA, DATA_DOORS), (PROFILES, PROFILE_DOORS), (LEDGERS, LEDGER_DOORS), (RESULTS, RESULT_DOORS))
PAIRS = [(kind, door) for kinds, doors in TABLE for kind in kinds for door in doors]
PAIRS += [(kind, "import-lists: lists") for kind in LISTS]
PAIRS += [(kind, "compare") for kind in OTHERS] + [(kind, "") for kind in WORDS]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notebooks").symlink_to(paths.PACKAGE.parent / "notebooks", target_is_directory=True)
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DUALREC_DATA", raising=False)
    monkeypatch.setenv("DUALREC_DEVICE", "")
    monkeypatch.setenv("DUALREC_PRECISION", "")


@pytest.fixture
def refused(monkeypatch, capfd):
    """Asks a command as a shell does; returns what it says where it refuses in a sentence and prints no result."""

    def call(doors: dict[str, list[str]], door: str, code: int = 1, **values) -> str:
        arguments = [argument.format(**values) for argument in doors[door]]
        monkeypatch.setattr(sys, "argv", ["dualrec", *arguments])
        ended = pytest.raises(SystemExit, cli.main).value.code
        out, err = capfd.readouterr()
        assert ended == code and "Traceback" not in err and "should not happen" not in err, err
        if arguments[0] == "doctor":  # its report is what it prints
            return out + err
        assert out == "" and len(err.strip().splitlines()[-1]) < 700
        return err

    return call


def test_the_table_has_at_least_120_pairs():
    assert len(PAIRS) == len(set(PAIRS)) >= 120


@pytest.mark.parametrize("door", DATA_DOORS)
@pytest.mark.parametrize("kind", DATA)
def test_data(kind, door, refused, tmp_path):
    files, said = DATA[kind]
    for name, content in files.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    profile = tmp_path / "mine.toml"
    profile.write_text(f"base = 'smoke'\nsummary = 'mine'\ndata = '{tmp_path / 'data'}'\n")
    assert re.search(said, refused(DATA_DOORS, door, data=tmp_path / "data", profile=profile))


@pytest.mark.parametrize("door", PROFILE_DOORS)
@pytest.mark.parametrize("kind", PROFILES)
def test_profiles(kind, door, refused, tmp_path):
    content, said = PROFILES[kind]
    if content is not None:
        (tmp_path / "mine.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert re.search(said, refused(PROFILE_DOORS, door, profile=tmp_path / "mine.toml"))


@pytest.mark.parametrize("door", LEDGER_DOORS)
@pytest.mark.parametrize("kind", LEDGERS)
def test_ledgers(kind, door, refused, tmp_path):
    spoil, said = LEDGERS[kind]
    good, bad = (ledger(tmp_path / "lists", name) for name in ("markov", "lstm"))
    spoil(bad)
    if door == "table" and not (bad.is_file() and bad.with_suffix(".json").is_file()):
        return  # what has no sidecar is no ledger of the run
    assert re.search(said, refused(LEDGER_DOORS, door, good=good, bad=bad, run=tmp_path))


@pytest.mark.parametrize("kind", LISTS)
def test_lists(kind, refused, tmp_path):
    content, said = LISTS[kind]
    path = tmp_path / ("mine.parquet" if isinstance(content, bytes) else "mine.csv")
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, text in GOOD.items():
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_text(text)
    door = {"": ["import-lists", "{lists}", "--name", "mine", "--data", "{data}"]}
    assert re.search(said, refused(door, "", lists=path, data=tmp_path / "data"))


@pytest.mark.parametrize("kind", OTHERS)
def test_ledgers_that_are_not_comparable(kind, refused, tmp_path):
    facts, said = OTHERS[kind]
    good, bad = ledger(tmp_path, "good"), ledger(tmp_path, "bad", **facts)
    assert re.search(f"must not be compared.*{said}", refused(LEDGER_DOORS, "compare, first", good=good, bad=bad))


@pytest.mark.parametrize("door", RESULT_DOORS)
@pytest.mark.parametrize("kind", RESULTS)
def test_results(kind, door, refused, tmp_path):
    content, said = RESULTS[kind]
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"schema": 1} | FACTS | {"systems": {}, "notebooks": {}, "side_runs": {}}))
    if content is not None:
        bad.write_text(content)
    assert re.search(said, refused(RESULT_DOORS, door, good=good, bad=bad))


@pytest.mark.parametrize("kind", WORDS)
def test_words(kind, refused, tmp_path):
    arguments, code, said = WORDS[kind]
    assert re.search(said, refused({kind: arguments}, kind, code, folder=tmp_path))
