"""The embedded ML-100K, DUALREC_DATA before anything else, and downloads from a server of our own."""

import hashlib
import io
import re
import threading
import zipfile
from dataclasses import replace
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
import requests

from dualrec.core import paths
from dualrec.core.artifacts import file_sha256
from dualrec.core.errors import StudyError
from dualrec.data import sources
from dualrec.data.registry import SOURCES, U_DATA_SHA256
from dualrec.data.sources import load


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.delenv("DUALREC_DATA", raising=False)
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@cache
def embedded():
    return sources.load_embedded()


def test_ml_100k_facts():
    data = embedded()
    events, catalogue = data.interactions, data.catalogue
    assert (events.user_id.nunique(), len(catalogue), len(events)) == (943, 1682, 100_000)
    user, item, time, rating = events.iloc[0].tolist()
    assert (data.user_ids[int(user)], catalogue.ids[int(item)], time, rating) == (
        196,
        242,
        881250949,
        3,
    )  # the first line of u.data
    assert sorted(catalogue.ids) == list(range(1683)) and data.user_ids.tolist() == list(range(944))
    story, unknown = catalogue.index_of([1, 267])
    assert catalogue.titles[story] == "Toy Story (1995)" and catalogue.years[story] == 1995
    genres = [g for g, flag in zip(catalogue.genre_names, catalogue.genres[story], strict=True) if flag]
    assert genres == ["Animation", "Children's", "Comedy"]
    assert len(catalogue.genre_names) == 18
    assert (catalogue.titles[unknown], catalogue.years[unknown], catalogue.genres[unknown].sum()) == ("unknown", 0, 0)
    assert data.rows_read == 100_000 and data.notes == {
        "ratings_of_unknown_items": 0,
        "ratings_listed_twice": 0,
        "items_without_ratings": 0,
        "items_with_a_title_used_twice": 18,
        "items_without_year": 1,
        "items_without_genre": 2,
    }


def test_ml_100k_is_the_official_file_bit_for_bit():
    events = embedded().interactions.astype({"rating": int})
    originals = events.assign(
        user_id=embedded().user_ids[events.user_id], item=embedded().catalogue.ids[events["item"]]
    )
    rows = originals[["user_id", "item", "rating", "timestamp"]].to_numpy()
    text = "".join("{}\t{}\t{}\t{}\n".format(*row) for row in rows.tolist())
    assert hashlib.sha256(text.encode()).hexdigest() == U_DATA_SHA256


def test_ml_100k_lists_some_films_under_two_ids():
    catalogue = embedded().catalogue
    both = catalogue.index_of([266, 680])
    assert (catalogue.same_title[both] == both.min()).all()
    assert {catalogue.titles[item] for item in both} == {"Kull the Conqueror (1997)"}


def test_changed_ratings_are_not_taken_for_ml_100k(monkeypatch):
    read = pd.read_parquet
    monkeypatch.setattr(pd, "read_parquet", lambda path: read(path).iloc[::-1])
    with pytest.raises(StudyError, match="differ from the official"):
        sources.load_embedded()


def own_folder(folder, title="Mine (2001)"):
    folder.mkdir(parents=True)
    (folder / "movies.dat").write_text(f"7::{title}::Drama\n")
    (folder / "ratings.dat").write_text("1::7::5::1\n")
    return folder


@pytest.mark.parametrize("name", SOURCES)
def test_dualrec_data_is_looked_at_first(monkeypatch, tmp_path, name):
    own_folder(tmp_path / "data" / name)
    monkeypatch.setenv("DUALREC_DATA", str(tmp_path / "data"))
    data = load(name)
    assert (data.name, data.catalogue.titles[1]) == (name, "Mine (2001)")


def test_an_empty_dualrec_data_means_none(monkeypatch, tmp_path):
    own_folder(tmp_path / "ml-100k")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUALREC_DATA", "")
    assert len(load("ml-100k").catalogue) == 1682


def test_an_unknown_name_is_refused():
    names = re.escape(", ".join(SOURCES))
    with pytest.raises(StudyError, match=rf"'ml-2m' is neither a registered data set \({names}\) nor a folder"):
        load("ml-2m")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "amazon-beauty",
            r"data set 'amazon-beauty' has no official archive in this form: .*IDGenRec.* put both in "
            r"DUALREC_DATA/amazon-beauty/$",
        ),
        (
            "lastfm-2k",
            r"data set 'lastfm-2k' is not downloaded, since no SHA-256 is known .*lastfm-2k\.zip by other means and "
            r"unpack it to DUALREC_DATA/lastfm-2k/$",
        ),
    ],
)
def test_what_cannot_be_checked_is_not_downloaded_and_the_error_says_where_it_is(name, said):
    with pytest.raises(StudyError, match=said):
        load(name)


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """Serve files as the archive of ml-1m; returns how often the archive was asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    (tmp_path / "www").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "www")))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def publish(members, sha256=None):
        path = tmp_path / "www" / "ml-1m.zip"
        if isinstance(members, bytes):
            path.write_bytes(members)
        else:
            with zipfile.ZipFile(path, "w") as archive:
                for name, text in members.items():
                    archive.writestr(name, text)
        url = f"http://127.0.0.1:{server.server_port}/ml-1m.zip"
        archive = replace(SOURCES["ml-1m"].archive, url=url, sha256=sha256 or file_sha256(path))
        monkeypatch.setitem(SOURCES, "ml-1m", replace(SOURCES["ml-1m"], archive=archive))
        return asked

    yield publish
    server.shutdown()
    server.server_close()


GOOD = {
    "ml-1m/movies.dat": "7::Heat (1995)::Drama\n",
    "ml-1m/ratings.dat": "1::7::5::1\n",
    "../../evil.txt": "!",
    "ml-1m/README": "x",
}


def test_a_download_is_unpacked_once_and_only_what_is_needed(serve, tmp_path):
    asked = serve(GOOD)
    assert load("ml-1m").catalogue.titles == ["", "Heat (1995)"]
    (paths.shared_cache() / "data" / "ml-1m.zip").unlink()  # the unpacked files are enough
    assert load("ml-1m").name == "ml-1m" and len(asked) == 1
    folder = paths.shared_cache() / "data" / "ml-1m"
    assert sorted(path.name for path in folder.iterdir()) == ["movies.dat", "ratings.dat"]
    assert not list(tmp_path.rglob("evil.txt"))


def test_members_cannot_leave_the_folder(serve, tmp_path):
    serve({"../../movies.dat": "7::Heat (1995)::Drama\n", "/ratings.dat": "1::7::5::1\n"})
    load("ml-1m")
    home = paths.shared_cache() / "data" / "ml-1m"
    assert {path.parent for path in tmp_path.rglob("*.dat")} == {home}


BY_HAND = r"download \S+ by other means and unpack it to DUALREC_DATA/ml-1m/"


def test_another_archive_than_the_pinned_one_is_refused(serve):
    serve(GOOD, sha256="0" * 64)
    with pytest.raises(StudyError, match=f"is not the pinned archive.*{BY_HAND}"):
        load("ml-1m")
    assert not (paths.shared_cache() / "data" / "ml-1m").exists()


def test_an_archive_without_the_files_or_broken_is_refused(serve):
    serve({"ml-1m/movies.dat": "7::Heat (1995)::Drama\n"})
    with pytest.raises(StudyError, match=r"holds no ratings\.dat"):
        load("ml-1m")
    serve(b"no zip")
    with pytest.raises(StudyError, match="not a whole zip archive"):
        load("ml-1m")
    serve(GOOD)
    assert len(load("ml-1m").catalogue) == 1  # neither attempt left anything behind


def packed(name: str, data: bytes, mode: int = 0o100644, flags: int = 0) -> bytes:
    """A zip archive of ratings and of one movies.dat with these attributes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, data)
        archive.writestr("ratings.dat", "1::7::5::1\n")
    content = bytearray(buffer.getvalue())
    if flags:  # in both headers of the first member
        content[6] |= flags
        content[content.index(b"PK\x01\x02") + 8] |= flags
    return bytes(content)


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (packed("movies.dat", b"/etc/passwd", mode=0o120777), "movies.dat in .* is a link or larger than"),
        (packed("movies.dat", bytes(2**21)), "movies.dat in .* is a link or larger than 1 MiB"),
        (packed("movies.dat", b"7::Heat (1995)::Drama\n", flags=1), "cannot be unpacked .*password"),
        (packed("movies.dat/", b""), r"holds no movies\.dat"),
        (packed("movies.dat", b"7::Heat (1995)::Drama\n")[:-30], "not a whole zip archive"),
        (b"<!DOCTYPE html><html>Log in</html>", "not a whole zip archive"),
    ],
)
def test_an_archive_that_would_do_harm_is_refused_and_leaves_nothing(serve, monkeypatch, archive, said):
    monkeypatch.setattr(sources, "LARGEST", 2**20)
    serve(archive)
    with pytest.raises(StudyError, match=said):
        load("ml-1m")
    assert not (paths.shared_cache() / "data" / "ml-1m").exists()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)


def found_at(monkeypatch, url):
    """Let the archive of ml-1m be at another address."""
    source = SOURCES["ml-1m"]
    monkeypatch.setitem(SOURCES, "ml-1m", replace(source, archive=replace(source.archive, url=url)))


def test_no_network_is_said_with_the_manual_way(monkeypatch):
    found_at(monkeypatch, "http://127.0.0.1:9/ml-1m.zip")
    with pytest.raises(StudyError, match=f"cannot be reached.*{BY_HAND}"):
        load("ml-1m")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "HTTP_PROXY",
            "http://127.0.0.1:9",
            r"\(ProxyError\); the proxy of HTTP_PROXY stands between: add archive.test to NO",
        ),
        ("ALL_PROXY", "socks5://127.0.0.1:9", r"\(InvalidSchema\); the proxy of ALL_PROXY stands between"),
        (
            "REQUESTS_CA_BUNDLE",
            "/none/x.pem",
            "REQUESTS_CA_BUNDLE names '/none/x.pem', where no certificates are; correct or",
        ),
    ],
)
def test_what_of_the_environment_keeps_a_download_away_is_named(monkeypatch, variable, value, said):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    found_at(monkeypatch, "http://archive.test/ml-1m.zip")
    with pytest.raises(StudyError, match=f"cannot be reached.*{said}.*{BY_HAND}"):
        load("ml-1m")


def test_an_invalid_certificate_is_never_ignored(monkeypatch):
    def refuse(*_, **__):
        raise requests.exceptions.SSLError("certificate has expired")

    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(
        StudyError, match=f"certificate of https://files.grouplens.org.* is not valid; it is never ignored: {BY_HAND}"
    ):
        load("ml-1m")
