"""Whatever lies in a folder of data: a result that is right, or one sentence that says what is wrong and where."""

import csv
import gzip
import io
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dualrec import __main__ as cli
from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.dataset import Dataset
from dualrec.data.layouts.movielens import GENRES_100K
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out

ITEMS = "item_id,title,genres\n" + "".join(f"{i},Movie {i} ({1990 + i}),Drama|War\n" for i in range(1, 9))
EVENTS = "user_id,item_id,rating,timestamp\n" + "".join(
    f"{u},{(u + t) % 8 + 1},4,{100 * t}\n" for u in range(1, 7) for t in range(5)
)
FLAGS = "|".join("0" for _ in GENRES_100K)
ARTISTS = {"artists_dat": "id\tname\n1\tA\n"}
TAGS = {"user__taggedartists_dat": "userID\tartistID\ttagID\tday\tmonth\tyear\n1\t1\t1\t1\t2\t2009\n"}
EVIL = "</script><b>x</b> {{ 7*7 }} {0} %s `x`"


def events(*rows: str) -> dict:
    """The good folder with more rows of interactions, from line 32 on."""
    return {"interactions.csv": EVENTS + "".join(f"{row}\n" for row in rows)}


def title(text: str) -> dict:
    """The good folder with one movie, item 9, of this title, which user 1 watched last."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([9, text, ""])
    return {"items.csv": ITEMS + line.getvalue(), **events("1,9,4,9000")}


def only(**files: str | bytes) -> dict:
    """Another layout than the plain one; in a name `_` stands for a dot, `__` for itself."""
    named = {name.replace("__", "\0").replace("_", ".").replace("\0", "_"): text for name, text in files.items()}
    return {"items.csv": None, "interactions.csv": None} | named


def ninth(expected: str) -> Callable[[Dataset], bool]:
    """Whether item 9 has this title."""
    return lambda data: data.catalogue.titles[data.catalogue.index_of([9])[0]] == expected


def times(*written: str) -> dict:
    """The good folder with the five times of every user written anew."""
    rows = [line.rsplit(",", 1)[0] for line in EVENTS.splitlines()[1:]]
    lines = [f"{row},{written[t % 5]}\n" for t, row in enumerate(rows)]
    return {"interactions.csv": EVENTS.partition("\n")[0] + "\n" + "".join(lines)}


def shuffled(change: dict) -> dict:
    """Its rows of interactions in another order, so that nothing but the times can put them right."""
    header, *rows = change["interactions.csv"].splitlines()
    random.Random(0).shuffle(rows)
    return {"interactions.csv": "\n".join([header, *rows]) + "\n"}


def in_order(data: Dataset) -> bool:
    """Whether the events of every user stand in the order of the good folder."""
    return all(order_of(data, user) == [(user + t) % 8 + 1 for t in range(5)] for user in range(1, 7))


REFUSED = [  # name, what differs from the good folder, what is said
    (
        "an items file that is missing",
        {"items.csv": None},
        r"holds no known layout; put one of these pairs of files there",
    ),
    ("nothing at all", only(), r"holds no known layout"),
    ("an empty file", {"interactions.csv": ""}, r"interactions\.csv is empty; write it again"),
    ("blank lines alone", {"interactions.csv": "\n\n\n"}, r"interactions\.csv is empty; write it again"),
    ("a header alone", {"interactions.csv": "user_id,item_id,timestamp\n"}, r"interactions\.csv holds no rows"),
    ("a header alone in items", {"items.csv": "item_id,title\n"}, r"items\.csv holds no rows"),
    (
        "a line cut within its fields",
        {"interactions.csv": EVENTS + "1,3"},
        r"interactions\.csv, line 32: \w+ is '', not a",
    ),
    (
        "a captive portal's page",
        {"interactions.csv": "<!DOCTYPE html>\n<html><body>Log in</body></html>\n"},
        r"lacks the columns user_id, item_id",
    ),
    (
        "a page as items",
        {"items.csv": "<html>\n<p>Log in, please\n"},
        r"items\.csv has more fields in a row than columns",
    ),
    (
        "a page without commas as items",
        {"items.csv": "<html>\n<p>Log in\n"},
        r"items\.csv lacks the columns item_id, title",
    ),
    ("semicolons", {"interactions.csv": EVENTS.replace(",", ";")}, r"lacks the columns user_id, item_id;.*by commas"),
    ("tabs", {"interactions.csv": EVENTS.replace(",", "\t")}, r"lacks the columns user_id, item_id"),
    (
        "a column that is missing",
        {"interactions.csv": EVENTS.replace("item_id", "movie", 1)},
        r"interactions\.csv lacks the column item_id",
    ),
    ("no header", {"interactions.csv": EVENTS.partition("\n")[2]}, r"lacks the columns user_id, item_id"),
    (
        "a column that stands there twice",
        {"interactions.csv": EVENTS.replace("rating", "user_id", 1)},
        r"the column user_id stands there twice",
    ),
    ("more fields than columns", events("1,2,3,4,5"), r"interactions\.csv"),
    ("an unclosed quote", {"items.csv": ITEMS + '9,"Open (1999),x\n'}, r"items\.csv cannot be read as a table"),
    (
        "a timestamp that is a word",
        events("1,2,4,yesterday"),
        r"interactions\.csv, line 32: timestamp is 'yesterday', not a time",
    ),
    ("a date as timestamp", events("1,2,4,2001-01-01"), r"line 32: timestamp is '2001-01-01'"),
    ("NaN as timestamp", events("1,2,4,NaN"), r"line 32: timestamp is 'NaN'"),
    ("infinity as timestamp", events("1,2,4,inf"), r"line 32: timestamp is 'inf'"),
    (
        "a whole column of words as timestamps",
        times("monday", "tuesday", "wednesday", "thursday", "friday"),
        r"line 2: timestamp is 'monday', not a time \(the first of 30 such rows among 30\); write the whole column",
    ),
    ("ten decimals of a second", events("1,2,4,1.0123456789"), r"line 32: timestamp is '1\.0123456789', not a time"),
    (
        "rows of unknown movies in the majority",
        {"interactions.csv": EVENTS + "".join(f"{u},77,4,{u}\n" for u in range(31))},
        r"31 of 61 rows \(50\.8%\) name an item that the items file lacks; check that both files belong together",
    ),
    (
        "every row three times",
        {"interactions.csv": EVENTS + 2 * EVENTS.partition("\n")[2]},
        r"60 of 90 rows \(66\.7%\) repeat an earlier row",
    ),
    ("ids written in two ways in items", {"items.csv": ITEMS + "8.0,Another (1999),\n"}, r"lists the id 8 2 times"),
    ("an archive", {"items.csv": None, "data.zip": b"PK"}, r"holds no known layout; unpack data\.zip"),
    (
        "half a packed file",
        {"items.csv": None, "items.csv.gz": gzip.compress(ITEMS.encode())[:-9]},
        r"items\.csv\.gz is not a whole gzip",
    ),
    ("artists without names", only(artists_dat="id\tnick\n1\tA\n", **TAGS), r"artists\.dat lacks the column name"),
    (
        "a day that there is not",
        only(**ARTISTS, user__taggedartists_dat="userID\tartistID\ttagID\tday\tmonth\tyear\n1\t1\t1\t30\t2\t2009\n"),
        r"user_taggedartists\.dat names a day that there is not, 2009-2-30",
    ),
    ("a timestamp beyond int64", events(f"1,2,4,{10**30}"), r"line 32: timestamp is '10{30}'"),
    ("an empty timestamp", events("1,2,4,"), r"line 32: timestamp is ''"),
    ("a rating that is a word", events("1,2,good,1"), r"line 32: rating is 'good', not a number"),
    ("NaN as rating", events("1,2,nan,1"), r"line 32: rating is 'nan'"),
    ("infinity as rating", events("1,2,-inf,1"), r"line 32: rating is '-inf'"),
    ("an empty user", events(",2,4,1"), r"line 32: user_id is '', not an id"),
    ("a blank item", events("1,  ,4,1"), r"line 32: item_id is '  ', not an id"),
    ("an item listed twice", {"items.csv": ITEMS + "8,Another (1999),\n"}, r"lists the id 8 2 times"),
    (
        "no rating that names a movie",
        {"interactions.csv": "user_id,item_id,order\n" + "1,77,1\n" * 5},
        r"no rating names an item",
    ),
    (
        "users of one event",
        {"interactions.csv": "user_id,item_id,order\n1,1,0\n2,2,0\n3,3,0\n"},
        r"no user has 5 events; use data",
    ),
    (
        "one user and one movie",
        {"items.csv": "item_id,title\n1,A\n", "interactions.csv": "user_id,item_id,order\n1,1,0\n"},
        r"no user has 5",
    ),
    ("a NUL", events("1,2,\0,4"), r"line 32: rating is"),
    ("noise", {"interactions.csv": bytes(range(256)) * 40}, r"interactions\.csv"),
    ("a picture as items", {"items.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256))}, r"items\.csv"),
    ("parquet under the name of text", {"interactions.csv": b"PAR1\x15\x04"}, r"is a parquet file; name it so"),
    ("half of UTF-16", {"interactions.csv": EVENTS.encode("utf-16")[:-1]}, r"interactions\.csv"),
    ("UTF-16 without a mark", {"interactions.csv": EVENTS.encode("utf-16-le")}, r"interactions\.csv"),
    (
        "control characters in a packed file's first line",
        only(ratings_csv="x\n", movies_csv=gzip.compress(b"\x1b[2J")),
        r"movies\.csv holds no rows|\\x1b\[2J",
    ),
    ("an archive", {"items.csv": b"PK\3\4" + bytes(range(200))}, r"items\.csv is packed with zip; unpack it"),
    (
        "bars in ratings.dat",
        only(ratings_dat="1|2|3|4\n", movies_dat="2::A (1999)::Drama\n"),
        r"ratings\.dat, line 1: \w+ is",
    ),
    (
        "a field too many in ratings.dat",
        only(ratings_dat="1::2::3::4::5\n", movies_dat="2::A::Drama\n"),
        r"ratings\.dat",
    ),
    (
        "a word as id in ratings.dat",
        only(ratings_dat="one::2::3::4\n", movies_dat="2::A::Drama\n"),
        r"ratings\.dat, line 1: user_id is 'one'",
    ),
    (
        "half an id in u.data",
        only(u_data="1.5\t2\t3\t4\n", u_item=f"2|A (1999)|||x|{FLAGS}\n"),
        r"u\.data, line 1: user_id is '1\.5'",
    ),
    (
        "flags cut short in u.item",
        only(u_data="1\t2\t3\t4\n", u_item="2|A (1999)|||x|0|1\n"),
        r"u\.item, line 1: \S+ is '', not a whole number",
    ),
    (
        "a page as ratings.csv",
        only(ratings_csv="<html>\n", movies_csv="movieId,title\n1,A\n"),
        r"ratings\.csv (holds no rows|lacks)",
    ),
]
KEPT = [  # name, what differs from the good folder, what is true of the result
    ("the good folder", {}, lambda data: len(data.interactions) == 30 and len(data.catalogue) == 8),
    (
        "a last line cut short to what is a number, too",
        {"interactions.csv": EVENTS[:-2]},
        lambda data: data.interactions.timestamp.iloc[-1] == 40,
    ),
    ("a negative timestamp", events("1,8,4,-5"), lambda data: order_of(data, 1)[0] == 8),
    ("a far-future timestamp", events(f"1,8,4,{10**15}"), lambda data: order_of(data, 1)[-1] == 8),
    ("a rating off the scale", events("1,8,-99,9000"), lambda data: data.interactions.rating.iloc[-1] == -99),
    (
        "a row twice",
        events("1,8,4,9000", "1,8,4,9000"),
        lambda data: order_of(data, 1).count(8) == 1 and data.notes["ratings_listed_twice"] == 1,
    ),
    (
        "every row twice",
        {"interactions.csv": EVENTS + EVENTS.partition("\n")[2]},
        lambda data: in_order(data) and data.notes["ratings_listed_twice"] == 30,
    ),
    (
        "a movie watched again",
        events("1,2,4,9000"),
        lambda data: in_order(data) and data.notes["ratings_listed_twice"] == 0,
    ),
    (
        "half of the ids with a decimal",
        {"interactions.csv": re.sub(r"(?m)^([456]),(\d+)", r"\1.0,\2.0", EVENTS)},
        lambda data: in_order(data) and data.notes["ids_written_in_two_ways"] == 15,
    ),
    (
        "blanks around ids",
        {"interactions.csv": EVENTS.replace("\n2,", "\n 2 ,"), "items.csv": ITEMS.replace("\n3,", "\n3 ,")},
        lambda data: in_order(data) and data.notes["ids_written_in_two_ways"] == 5,
    ),
    ("fractions of a second", shuffled(times("9.1", "9.25", "9.5", "10", "10.0000001")), in_order),
    (
        "dates",
        shuffled(times("2001-01-01", "2001-01-02", "2001-01-02T00:00:00.5Z", "2001-01-03 12:00", "2002-01-01")),
        in_order,
    ),
    (
        "scientific notation that keeps the order",
        shuffled(times("1e9", "1.1e9", "1.2e9", "1.3e9", "1.4e9")),
        lambda data: in_order(data) and data.notes["times_tied_by_scientific_notation"] == 0,
    ),
    (
        "scientific notation that loses it",
        times("1.5e9", "1.5e9", "1.6e9", "1.6e9", "1.7e9"),
        lambda data: data.notes["times_tied_by_scientific_notation"] == 24,
    ),
    ("UTF-16", {"interactions.csv": EVENTS.encode("utf-16"), "items.csv": ITEMS.encode("utf-16")}, in_order),
    ("a packed file", {"interactions.csv": None, "interactions.csv.gz": gzip.compress(EVENTS.encode())}, in_order),
    ("a packed file under a plain name", {"items.csv": gzip.compress(ITEMS.encode())}, in_order),
    ("a rating of an unknown movie", events("1,77,4,9000"), lambda data: data.notes["ratings_of_unknown_items"] == 1),
    (
        "a movie without ratings",
        {"items.csv": ITEMS + "9,Never (2000),\n"},
        lambda data: data.notes["items_without_ratings"] == 1,
    ),
    ("a user of one event", events("99,1,4,1"), lambda data: leave_one_out(data, SplitConfig()).left_out == 1),
    ("huge ids", events(f"{10**17},8,4,9000"), lambda data: data.user_ids.max() == 10**17),
    ("ids beyond int64", events(f"{10**30},8,4,9000"), lambda data: data.interactions.user_id.nunique() == 7),
    ("ids that are words", events("zoe,8,4,9000"), lambda data: data.interactions.user_id.nunique() == 7),
    (
        "more columns than are read",
        {"items.csv": ITEMS.replace("genres", "genres,poster", 1).replace("War\n", "War,x\n")},
        lambda d: len(d.catalogue) == 8,
    ),
    (
        "a byte order mark",
        {"interactions.csv": b"\xef\xbb\xbf" + EVENTS.encode()},
        lambda data: len(data.interactions) == 30,
    ),
    ("UTF-16", {"interactions.csv": EVENTS.encode("utf-16")}, lambda data: len(data.interactions) == 30),
    ("latin-1", {"items.csv": ITEMS.encode() + "9,Amélie (2001),\n".encode("latin-1")}, ninth("Amélie (2001)")),
    ("UTF-8", {"items.csv": ITEMS + "9,千と千尋の神隠し (2001),\n"}, ninth("千と千尋の神隠し (2001)")),
    (
        "line ends of Windows",
        {"interactions.csv": EVENTS.replace("\n", "\r\n")},
        lambda data: len(data.interactions) == 30,
    ),
    (
        "line ends of an old Mac",
        {"interactions.csv": EVENTS.replace("\n", "\r")},
        lambda data: len(data.interactions) == 30,
    ),
    (
        "blank lines between",
        {"interactions.csv": EVENTS.replace("\n", "\n\n")},
        lambda data: len(data.interactions) == 30,
    ),
    ("an empty title", title(""), ninth("Item 9")),
    ("a title of blanks", title("  \t "), ninth("Item 9")),
    ("quotes in a title", title('"Quoted" (2000)'), ninth('"Quoted" (2000)')),
    ("a line break in a title", title("Two\nLines (2000)"), ninth("Two Lines (2000)")),
    ("control characters in a title", title("\x07Bell\x1b[31m (2000)"), ninth("Bell [31m (2000)")),
    ("right-to-left marks in a title", title("\u202eevil\u202c (2000)"), ninth("evil (2000)")),
    ("HTML and templates in a title", title(f"{EVIL} (2000)"), ninth(f"{EVIL} (2000)")),
    ("a title of 10,000 letters", title("x" * 10_000), ninth("x" * 299 + "…")),
    (
        "an unknown genre",
        {"items.csv": ITEMS + "9,New (2000),Telenovela\n"},
        lambda data: "Telenovela" in data.catalogue.genre_names,
    ),
    (
        "a strange year",
        {"items.csv": ITEMS + "9,Old (0000),\n"},
        lambda data: data.catalogue.years[data.catalogue.index_of([9])[0]] == 0,
    ),
]


def order_of(data: Dataset, user: int) -> list[int]:
    """A user's original item ids in the order of the split."""
    split = leave_one_out(data, SplitConfig(min_events=3))
    row = int(np.flatnonzero(data.user_ids[split.test.users] == user)[0])
    return data.catalogue.ids[[*split.test.history.sequence(row), split.test.targets[row]]].tolist()


def write(folder: Path, change: dict) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in ({"items.csv": ITEMS, "interactions.csv": EVENTS} | change).items():
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_the_tables_hold_more_than_sixty_cases():
    assert len(REFUSED) + len(KEPT) >= 60


@pytest.mark.parametrize(("change", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_refused_in_one_sentence_that_says_where(tmp_path, change, said):
    with pytest.raises(StudyError, match=said) as refused:
        leave_one_out(load(str(write(tmp_path / "bad", change))), SplitConfig())
    assert str(refused.value).isprintable() and len(str(refused.value)) < 700


@pytest.mark.parametrize(("change", "true_of"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_what_is_odd_and_not_wrong_is_read(tmp_path, change, true_of):
    data = load(str(write(tmp_path / "odd", change)))
    assert true_of(data)
    assert all(text.isprintable() for text in data.catalogue.titles)
    assert len(leave_one_out(data, SplitConfig(min_events=3)).test) >= 6


BY_SHELL = [
    row
    for row in REFUSED
    if row[0] in ("an empty file", "a captive portal's page", "NaN as timestamp", "users of one event", "noise")
]


@pytest.mark.parametrize("change", [row[1] for row in BY_SHELL], ids=[row[0] for row in BY_SHELL])
def test_a_shell_sees_one_line_and_keeps_what_it_had(tmp_path, toy_profile, monkeypatch, capsys, change):
    folder, out = write(tmp_path / "data", {}), tmp_path / "out"
    arguments = ["--data", str(folder), "--profile", toy_profile, "--systems", "popularity", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["dualrec", "evaluate", *arguments])
    assert pytest.raises(SystemExit, cli.main).value.code == 0
    before = (out / "lists/popularity.parquet").read_bytes()
    write(folder, change)
    capsys.readouterr()
    assert pytest.raises(SystemExit, cli.main).value.code == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("dualrec: ") and len(said.err.splitlines()) == 1
    assert (out / "lists/popularity.parquet").read_bytes() == before


def test_a_folder_in_place_of_a_file_and_a_link_to_a_folder(tmp_path):
    good = write(tmp_path / "good", {})
    (tmp_path / "link").symlink_to(good, target_is_directory=True)
    assert len(load(str(tmp_path / "link")).interactions) == 30
    (good / "items.csv").unlink()
    (good / "items.csv").mkdir()
    with pytest.raises(StudyError, match="holds no known layout"):
        load(str(good))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_the_right_to_read_is_named(tmp_path):
    folder = write(tmp_path / "data", {})
    (folder / "items.csv").chmod(0)
    with pytest.raises(StudyError, match=r"items\.csv cannot be read \(Permission denied\)"):
        load(str(folder))


def test_no_home_directory_is_no_trouble(tmp_path, monkeypatch):
    monkeypatch.delenv("HOME", raising=False)
    assert len(load(str(write(tmp_path / "data", {}))).catalogue) == 8


@pytest.mark.torture
def test_a_million_movies_fit(tmp_path):
    items = "item_id,title,genres\n" + "".join(
        f"{i},Movie {i} ({1900 + i % 120}),{('Drama', 'War')[i % 2]}\n" for i in range(1, 1_000_001)
    )
    code = (
        "import resource, sys\nfrom dualrec.data.sources import load\nprint(len(load(sys.argv[1]).catalogue))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)"
    )
    folder = write(tmp_path / "large", {"items.csv": items})
    movies, gib = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert int(movies) == 1_000_000 and float(gib) < 3
