"""The data card says what was read and whether it is the official file, and makes nothing up of a folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from dualrec.core.artifacts import file_sha256
from dualrec.data.card import data_card
from dualrec.data.registry import SOURCES


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path) -> Path:
    """A DUALREC_DATA with nothing in it."""
    monkeypatch.setenv("DUALREC_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", SOURCES)
def test_a_registered_data_set_has_every_line(name):
    card = data_card(name)
    assert list(card) == ["data set", "read from", "an event", "order", "repeats", "licence", "cite"]
    assert all(card.values()) and "\n" not in "".join(card.values())


def test_of_a_folder_nothing_is_made_up(data):
    assert data_card(str(data)) == {
        "data set": "a folder of your own",
        "licence": "not known here",
        "cite": "as its authors ask",
    }


def test_what_was_not_put_there_by_hand_is_official():
    assert data_card("ml-100k")["read from"] == "an installed package; its ratings are the official u.data, bit for bit"
    assert data_card("ml-1m")["read from"] == "the official archive, known by its SHA-256"
    assert data_card("lastfm-2k")["read from"] == "nowhere, its files are not there yet"


def put(data: Path, name: str, *files: str) -> list[Path]:
    (data / name).mkdir()
    for file in files:
        (data / name / file).write_text(file)
    return [data / name / file for file in files]


def test_the_file_that_was_read_is_named_and_compared_with_the_official_one(data, monkeypatch):
    official, derived = "user_taggedartists-timestamps.dat", "user_taggedartists-timestamps.derived.dat"
    (path, _) = put(data, "lastfm-2k", derived, "user_taggedartists.dat")
    verdict = f"by its SHA-256 it is not the official {official}"
    assert data_card("lastfm-2k")["read from"] == f"{derived} in DUALREC_DATA; {verdict}"
    (data / "lastfm-2k" / official).write_text("tags")
    assert data_card("lastfm-2k")["read from"] == f"{official} in DUALREC_DATA; {verdict}"
    known = replace(SOURCES["lastfm-2k"], events_sha256=file_sha256(data / "lastfm-2k" / official))
    monkeypatch.setitem(SOURCES, "lastfm-2k", known)
    assert data_card("lastfm-2k")["read from"] == f"{official} in DUALREC_DATA, by its SHA-256 the official file"


def test_where_no_hash_is_known_that_is_said(data):
    put(data, "amazon-beauty", "interactions.csv")
    assert data_card("amazon-beauty")["read from"].startswith("interactions.csv in DUALREC_DATA; no SHA-256 ")
    put(data, "ml-1m", "ratings.csv")
    assert data_card("ml-1m")["read from"].startswith("DUALREC_DATA, from files of another layout")


def test_order_and_ties_of_beauty_are_said_beside_its_numbers():
    order = data_card("amazon-beauty")["order"]
    assert "no times" in order and "cannot be undone" in order
    assert SOURCES["amazon-beauty"].ties == " (within a day by product id)"
