"""The four layouts, told by their files, on folders written here; real folders where DUALREC_DATA has them."""

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dualrec.config import SplitConfig
from dualrec.core.errors import StudyError
from dualrec.data.layouts.movielens import GENRES_100K
from dualrec.data.sources import load
from dualrec.data.splits import leave_one_out, time_gaps


def write(folder, **files):
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(folder)


def flags(*names):
    return "|".join(str(int(g in names)) for g in GENRES_100K)


def ml_100k(folder):
    items = (
        f"5|Postman, The (Postino, Il) (1994)|01-Jan-1994||http://x|{flags('Drama')}\n"
        f"2|unknown||||{flags('unknown')}\n"
        f"9|Misérables, Les (1995)|01-Jan-1995|||{flags('Drama', 'Musical')}\n"
    ).encode("latin-1")
    return write(folder, u_item=items, u_data="1\t9\t3\t100\n1\t5\t4\t90\n7\t2\t5\t100\n")


def ml_1m(folder):
    items = (
        "5::Postman, The (Postino, Il) (1994)::Drama\n2::unknown::\n9::Misérables, Les (1995)::Drama|Musical\n".encode(
            "latin-1"
        )
    )
    return write(folder, movies_dat=items, ratings_dat="1::9::3::100\n1::5::4::90\n7::2::5::100\n")


def ml_latest(folder):
    items = (
        'movieId,title,genres\n5,"Postman, The (Postino, Il) (1994)",Drama\n'
        '2,unknown,(no genres listed)\n9,"Misérables, Les (1995)",Drama|Musical\n'
    )
    return write(
        folder, movies_csv=items, ratings_csv="userId,movieId,rating,timestamp\n1,9,3.0,100\n1,5,4.0,90\n7,2,5.0,100\n"
    )


def plain(folder):
    items = (
        'item_id,title,genres,year\n5,"Postman, The (Postino, Il)",Drama,1994\n'
        '2,unknown,,\n9,"Misérables, Les",Drama | Musical,1995\n'
    )
    return write(
        folder, items_csv=items, interactions_csv="user_id,item_id,rating,timestamp\n1,9,3,100\n1,5,4,90\n7,2,5,100\n"
    )


@pytest.mark.parametrize("layout", [ml_100k, ml_1m, ml_latest, plain])
def test_every_layout_tells_the_same_story(tmp_path, layout):
    data = load(layout(tmp_path))
    catalogue = data.catalogue
    assert data.name == tmp_path.name and catalogue.genre_names == ("Drama", "Musical")
    assert items_of(catalogue) == {
        5: ["The Postman (Il Postino) (1994)", 1994, [1, 0]],
        2: ["unknown", 0, [0, 0]],
        9: ["Les Misérables (1995)", 1995, [1, 1]],
    }
    assert data.user_ids.tolist() == [0, 1, 7]
    assert events_of(data) == [(1, 9, 100, 3), (1, 5, 90, 4), (7, 2, 100, 5)]
    assert [str(dtype) for dtype in data.interactions.dtypes] == ["int64", "int64", "int64", "float32"]
    assert (
        data.notes.items()
        >= {
            "ratings_of_unknown_items": 0,
            "ratings_listed_twice": 0,
            "items_without_ratings": 0,
            "items_with_a_title_used_twice": 0,
            "items_without_year": 1,
            "items_without_genre": 1,
        }.items()
    )


def items_of(catalogue):
    """Title, year and genres of every item by its original id."""
    columns = (catalogue.ids, catalogue.titles, catalogue.years.tolist(), catalogue.genres.tolist())
    return {i: facts for i, *facts in zip(*columns, strict=True) if facts[0]}


def events_of(data):
    """Interactions as rows of original ids, in file order."""
    events = data.interactions
    users, items = data.user_ids[events.user_id].tolist(), data.catalogue.ids[events["item"]].tolist()
    return list(zip(users, items, events.timestamp.tolist(), events.rating.tolist(), strict=True))


def test_the_digest_is_the_content(tmp_path):
    folders = [tmp_path / name for name in "abcd"]
    for folder in folders:
        folder.mkdir()
        ml_1m(folder)
    (folders[2] / "ratings.dat").write_text("1::9::3::100\n1::5::4::91\n7::2::5::100\n")
    (folders[3] / "movies.dat").write_text(
        "5::Postman, The (1994)::Drama\n2::unknown::\n9::Cats (1995)::Drama|Musical\n"
    )
    a, b, c, d = (load(str(folder)).digest for folder in folders)
    assert a == b and len({a, c, d}) == 3


def test_what_had_to_be_handled_is_counted(tmp_path):
    items = "item_id,title\n1,Heat (1995)\n2,Heat (1995)\n3,\n4,Never rated (2000)\n"
    data = load(
        write(tmp_path, items_csv=items, interactions_csv="user_id,item_id,order\n1,1,0\n1,8,1\n1,3,2\n2,9,0\n2,2,1\n")
    )
    assert {"Item 3", "Never rated (2000)"} <= set(data.catalogue.titles)
    assert events_of(data) == [(1, 1, 0, 1), (1, 3, 2, 1), (2, 2, 1, 1)]  # `order` stands in for times, 1 for ratings
    assert data.rows_read == 5 and data.notes == {
        "ratings_of_unknown_items": 2,
        "ratings_listed_twice": 0,
        "ids_written_in_two_ways": 0,
        "events_without_a_time": 5,
        "items_without_ratings": 1,
        "items_with_a_title_used_twice": 1,
        "items_without_year": 1,
        "items_without_genre": 4,
    }


def test_ids_that_are_no_whole_numbers_stay_as_they_are(tmp_path):
    events = "user_id,item_id,timestamp\nzoe,007,1\nadam,B,2\nzoe,X,3\nadam,Y,4\n"
    data = load(write(tmp_path, items_csv="item_id,title\nB,b\n007,c\n7,d\n", interactions_csv=events))
    assert set(data.catalogue.ids) == {"", "B", "007", "7"} and data.user_ids.tolist() == ["", "adam", "zoe"]
    assert events_of(data) == [("zoe", "007", 1, 1), ("adam", "B", 2, 1)]
    assert data.notes["ratings_of_unknown_items"] == 2


def test_the_order_of_the_rows_of_both_files_changes_no_ids(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{u},B{(u * 3 + t) % 9},{10 * u + t}" for u in range(12) for t in range(6)]
    items = [f"B{i},Book {i}" for i in range(9)]
    loaded = []
    for name in "ab":
        (tmp_path / name).mkdir()
        both = {"interactions_csv": "user_id,item_id,timestamp\n", "items_csv": "item_id,title\n"}
        for file, lines in zip(both, (rows, items), strict=True):
            both[file] += "\n".join(rng.permutation(lines)) + "\n"
        loaded.append(load(write(tmp_path / name, **both)))
    one, two = loaded
    assert one.user_ids.tolist() == two.user_ids.tolist() and one.catalogue.ids.tolist() == two.catalogue.ids.tolist()
    assert sorted(events_of(one)) == sorted(events_of(two)) and events_of(one) != events_of(two)


def test_a_leading_zero_makes_another_id(tmp_path):
    data = load(
        write(tmp_path, items_csv="item_id,title\n7,c\n007,d\n", interactions_csv="user_id,item_id,order\n1,007,1\n")
    )
    assert events_of(data) == [(1, "007", 1, 1)] and data.catalogue.titles[data.interactions.item[0]] == "d"


def test_a_timestamp_is_taken_before_an_order(tmp_path):
    events = "order,timestamp,user_id,item_id\n1,50,1,5\n2,40,1,5\n"
    assert load(
        write(tmp_path, items_csv="item_id,title\n5,x\n", interactions_csv=events)
    ).interactions.timestamp.tolist() == [50, 40]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"interactions_csv": "user_id,item_id\n1,5\n"}, "neither a timestamp nor an order column"),
        ({"interactions_csv": "user_id,item_id,order\n1,5,first\n"}, r"interactions\.csv, line 2: order is 'first'"),
        ({"interactions_csv": "user_id,item_id,order\n,5,1\n"}, "line 2: user_id is '', not an id"),
        ({"interactions_csv": "user_id,item_id,order\n1,77,1\n"}, "no rating names an item of its catalogue"),
        ({"items_csv": "item_id,name\n5,x\n"}, "lacks the column title"),
        ({"items_csv": "item_id,title\n5,x\n5,y\n"}, "lists the id 5 2 times"),
    ],
)
def test_a_wrong_plain_folder_is_refused(tmp_path, change, message):
    plain(tmp_path)
    with pytest.raises(StudyError, match=message):
        load(write(tmp_path, **change))


@pytest.mark.parametrize(
    ("layout", "change", "message"),
    [
        (ml_100k, {"u_data": "1\t9\t3\t100\n1\t5\tgood\t90\n"}, r"u\.data, line 2: rating is 'good'"),
        (ml_100k, {"u_data": "1\t9\t3\t100\n1\t5\t4\n"}, r"u\.data, line 2: timestamp is ''"),
        (ml_100k, {"u_item": "5|Heat (1995)|||\n"}, r"u\.item, line 1: \S+ is '', not a whole number"),
        (ml_1m, {"ratings_dat": "1::9::3::100\n1::5::4::90::1\n"}, r"ratings\.dat.*line 2"),
        (ml_latest, {"ratings_csv": "user,movieId,rating,timestamp\n1,9,3,100\n"}, "lacks the column userId"),
    ],
)
def test_a_malformed_row_is_named_with_file_and_line(tmp_path, layout, change, message):
    layout(tmp_path)
    with pytest.raises(StudyError, match=message):
        load(write(tmp_path, **change))


def test_a_folder_without_a_known_layout_is_refused(tmp_path):
    (tmp_path / "ratings.dat").write_text("1::1::1::1\n")
    with pytest.raises(StudyError, match=r"holds no known layout.*ratings\.dat \+ movies\.dat"):
        load(str(tmp_path))


ARTISTS = 'id\tname\turl\tpictureURL\n1\tMALICE MIZER\thttp://x\thttp://y\n52\tMøme "M"\thttp://x\t\n'
DATED = (
    "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t52\t13\t1\t4\t2009\n2\t52\t15\t1\t4\t2009\n3\t1\t9\t31\t12\t1956\n"
)
TIMED = (
    DATED.replace("day\tmonth\tyear", "timestamp")
    .replace("1\t4\t2009", "1238536800000")
    .replace("31\t12\t1956", "-410316000000")
)


@pytest.mark.parametrize("name", ["user_taggedartists-timestamps.dat", "user_taggedartists-timestamps.derived.dat", ""])
def test_hetrec_tags_are_events(tmp_path, name):
    (tmp_path / "artists.dat").write_text(ARTISTS, encoding="utf-8")
    if name != "user_taggedartists-timestamps.dat":  # which is enough by itself
        (tmp_path / "user_taggedartists.dat").write_text(DATED, encoding="utf-8")
    if name:
        (tmp_path / name).write_text(TIMED, encoding="utf-8")
    data = load(str(tmp_path))
    assert data.catalogue.titles[data.catalogue.index_of([52])[0]] == 'Møme "M"'
    times = (1238536800000, -410316000000) if name else (1238544000, -410313600)
    assert events_of(data) == [(2, 52, times[0], 1), (3, 1, times[1], 1)], "two tags at once are one event"
    assert data.notes["ratings_of_one_event"] == 1 and data.notes["ratings_listed_twice"] == 0 and data.rows_read == 3


def test_artists_that_the_list_lacks_have_no_name_and_stay(tmp_path):
    (tmp_path / "artists.dat").write_text(ARTISTS, encoding="utf-8")
    (tmp_path / "user_taggedartists.dat").write_text(f"{DATED}3\t7\t9\t1\t1\t2010\n", encoding="utf-8")
    data = load(str(tmp_path))
    assert len(data.catalogue) == 3 and data.catalogue.titles[data.catalogue.index_of([7])[0]] == "Item 7"
    assert data.notes["ratings_of_nameless_items"] == 1 and data.notes["ratings_of_unknown_items"] == 0
    (tmp_path / "artists.dat").write_text("id\tname\n7\tX\n")
    with pytest.raises(StudyError, match=r"2 of 3 rows \(66\.7%\) name an item that the items file lacks, .*; check"):
        load(str(tmp_path))


def test_an_archive_a_file_and_a_folder_too_high_up_are_refused_with_what_to_do(tmp_path):
    inner = tmp_path / "ml-25m"
    inner.mkdir()
    ml_latest(inner)
    with pytest.raises(StudyError, match=r"holds no known layout; its folder \S+ml-25m does: name that one"):
        load(str(tmp_path))
    with pytest.raises(
        StudyError, match=r"ratings\.csv is a file, and data are read from a folder; name its folder, \S+ml-25m"
    ):
        load(str(inner / "ratings.csv"))
    archive = tmp_path / "ml-25m.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(inner / "ratings.csv")
    with pytest.raises(
        StudyError, match=r"ml-25m\.zip is a file, and data are read from a folder; unpack it and name the folder"
    ):
        load(str(archive))


def test_packed_files_are_a_layout(tmp_path):
    ml_latest(tmp_path)
    for path in [*tmp_path.iterdir()]:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert len(events_of(load(str(tmp_path)))) == 3


def real(name):
    folder = Path(os.environ.get("DUALREC_DATA") or os.devnull) / name
    if not folder.is_dir():
        pytest.skip(f"DUALREC_DATA holds no {name}")
    return load(str(folder))


def test_movielens_1m():
    data = real("ml-1m")
    assert (data.interactions.user_id.nunique(), len(data.catalogue), len(data.interactions)) == (6040, 3883, 1_000_209)
    assert data.notes["items_without_ratings"] == 177 and data.notes["items_without_year"] == 0
    assert len(data.catalogue.genre_names) == 18
    gaps = time_gaps(data.interactions)
    assert (gaps.seconds == 0).mean() == pytest.approx(0.50, abs=0.01)
    split = leave_one_out(data, SplitConfig())
    assert len(split.test) == 6040 and split.left_out == 0 and len(split.train.items) == 1_000_209 - 2 * 6040


def test_amazon_beauty():
    data = real("amazon-beauty")
    assert (data.interactions.user_id.nunique(), len(data.catalogue), len(data.interactions)) == (
        22_363,
        12_101,
        198_502,
    )
    assert np.bincount(data.interactions.user_id).max() > 100 and data.notes["ratings_of_unknown_items"] == 0
    assert data.user_ids[1].startswith("A") and "B004756YJA" in data.catalogue.ids
    split = leave_one_out(data, SplitConfig())
    assert split.left_out == split.met_before == split.repeated_targets == 0


def test_lastfm_2k():
    data = real("lastfm-2k")
    nameless = sum(title.startswith("Item ") for title in data.catalogue.titles)
    assert (len(data.user_ids) - 1, len(data.catalogue) - nameless, data.rows_read) == (1892, 17632, 186_479)
    assert (
        data.notes["ratings_of_nameless_items"] == 814
        and data.notes["ratings_of_unknown_items"] == 0
        and data.notes["ratings_of_one_event"] == 101_464
    )
    splits = {rule: leave_one_out(data, SplitConfig(repeats=rule)) for rule in ("first", "allow", "drop")}
    assert {rule: len(split.test) for rule, split in splits.items()} == {
        "first": 1222,
        "allow": 1275,
        "drop": 1275 - 294,
    }
    assert {split.repeated_targets for split in splits.values()} == {294} and splits["first"].met_before == 13_951
