"""Lists of other tools, worked by hand: what holds nothing is a miss, and each kind of it is counted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue
from dualrec.data.dataset import Dataset, Reading, build_dataset
from dualrec.evaluation.foreign_lists import read_lists
from dualrec.evaluation.ledger import read_ledger, write_ledger
from dualrec.types import Cases, Sequences

DISHES = ["soup", "bread", "pie", "curry", "rice", "tea"]
PEOPLE = ["ann", "bob", "cem", "dee"]  # in the data; dee is not evaluated


def dataset(numbers: bool = False) -> Dataset:
    """Everybody met soup; ids are words, or whole numbers in the same order."""
    dishes = np.arange(101, 107) if numbers else DISHES
    people = np.arange(1, 5) if numbers else PEOPLE
    ratings = pd.DataFrame({"user_id": people, "item_id": [dishes[0]] * 4, "timestamp": 0, "rating": 1.0})
    catalogue = build_catalogue(dishes, DISHES, [[]] * 6)
    return build_dataset("kitchen", Reading(catalogue, ratings))


DATA, NUMBERED = dataset(), dataset(numbers=True)


def cases(data: Dataset, repeats: bool = False) -> Cases:
    """Ann, bob and cem, who met soup."""
    soup = data.interactions["item"].iloc[0]
    return Cases(Sequences.from_lists([1, 2, 3], [[soup]] * 3, repeats), np.full(3, soup))


def read(tmp_path, text: str, data: Dataset = DATA, k: int = 3, repeats: bool = False):
    """The lists, in ids of the data ("-" for nothing), their counts by case, and what was said."""
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    lists, notes = read_lists(path, data, cases(data, repeats), k)
    ids = [["-" if item < 0 else str(data.catalogue.ids[item]) for item in row] for row in lists.items]
    return ids, {name: count.tolist() for name, count in lists.counts.items()}, notes


A_ROW_PER_PLACE = """item_id,user_id,rank,note
rice,ann,2,x
bread,ann,1,x
soup,bob,1,x
pizza,bob,2,x
tea,bob,3,x
pie,cem,1,x
pie,cem,2,x
rice,cem,3,x
"""
NOTHING = "user_id,item_1,item_2,item_3\n"
KEPT = [["bread", "rice", "-"], ["-", "-", "tea"], ["pie", "-", "rice"]]
COUNTS = {"written": [2, 3, 3], "invalid": [0, 1, 0], "duplicate": [0, 0, 1], "seen": [0, 1, 0]}


def test_a_row_per_place_by_hand(tmp_path):
    lists, counts, notes = read(tmp_path, A_ROW_PER_PLACE)
    assert lists == KEPT and counts == COUNTS
    assert notes == [
        "items that are not in the catalogue, which are misses, of 8: 1",
        "items that stand higher in the same list, which are misses, of 8: 1",
        "items that their user had met before, which are misses, of 8: 1",
        "lists of fewer than 3 items, whose other places are misses: 1",
    ]


def test_a_row_per_user_says_the_same(tmp_path):
    wide = NOTHING + "cem,pie,pie,rice\nbob,soup,pizza,tea\nann,bread,rice,\n"
    assert read(tmp_path, wide) == read(tmp_path, A_ROW_PER_PLACE)


@pytest.mark.parametrize("kind", ["numbers", "floats", "text"])
def test_parquet_says_the_same(tmp_path, kind):
    wide = pd.DataFrame({"user_id": [1, 2], "item_1": [102, 103], "item_2": [105, None], "item_3": [None, 104]})
    whole = wide.astype("Int64")
    tables = {"numbers": whole, "floats": wide, "text": whole.astype("str").replace("<NA>", None)}
    tables[kind].to_parquet(tmp_path / "mine.parquet")
    lists, notes = read_lists(tmp_path / "mine.parquet", NUMBERED, cases(NUMBERED), 3)
    ids = [[int(NUMBERED.catalogue.ids[max(item, 0)]) for item in row] for row in lists.items]
    assert ids == [[102, 105, 0], [103, 0, 104], [0, 0, 0]]
    assert "users without a list, which is a miss, of 3: 1" in notes


@pytest.mark.parametrize("way", ["{}", "{}.0", " {}", '"{}"'])
def test_an_id_is_one_however_it_is_written(tmp_path, way):
    rows = [way.format(1) + f",{place}," + way.format(100 + place + 1) for place in (1, 2, 3)]
    lists, _, _ = read(tmp_path, "user_id,rank,item_id\n" + "\n".join(rows) + "\n", NUMBERED)
    assert lists[0] == ["102", "103", "104"]


def test_who_is_not_evaluated_and_who_is_missing(tmp_path):
    lists, _, notes = read(tmp_path, NOTHING + "ann,pie,tea,rice\ndee,pie,tea,rice\neve,pie,tea,rice\n")
    assert lists == [["pie", "tea", "rice"], ["-"] * 3, ["-"] * 3]
    assert notes == [
        "users who are not in the data, whose lists are left out: 1",
        "users who are not evaluated under this profile, whose lists are left out: 1",
        "users without a list, which is a miss, of 3: 2",
    ]


def test_places_beyond_the_last_do_not_count(tmp_path):
    lists, counts, notes = read(tmp_path, A_ROW_PER_PLACE, k=2)
    assert lists == [row[:2] for row in KEPT] and counts["written"] == [2, 2, 2]
    assert notes[0] == "lists have up to 3 places, of which the first 2 count"


def test_who_has_no_item_among_the_places_that_count_has_no_list(tmp_path):
    """Whether the file lacks the user, leaves the row empty, or begins below the last place."""
    _, counts, notes = read(tmp_path, "user_id,item_id,rank\nann,pie,9\nbob,,1\ncem,tea,1\n")
    assert counts["written"] == [0, 0, 1]
    assert notes[1:] == [
        "users without a list, which is a miss, of 3: 2",
        "lists of fewer than 3 items, whose other places are misses: 1",
    ]


@pytest.mark.parametrize(("scores", "said"), [("321", False), ("311", False), ("312", True), ("123", True)])
def test_scores_that_contradict_the_ranks_are_told(tmp_path, scores, said):
    rows = [f"ann,{DISHES[rank]},{rank},{score}\n" for rank, score in enumerate(scores, start=1)]
    _, _, notes = read(tmp_path, "user_id,item_id,rank,score\n" + "".join(rows))
    assert any("scores rise" in note and note.endswith(": 1") for note in notes) == said


def test_places_that_the_file_lacks_hold_nothing(tmp_path):
    lists, _, _ = read(tmp_path, "user_id,item_id,rank\nann,pie,3\nann,,1\n", k=4)
    assert lists[0] == ["-", "-", "pie", "-"]


def test_where_items_come_again_what_was_met_counts(tmp_path):
    lists, counts, _ = read(tmp_path, A_ROW_PER_PLACE, repeats=True)
    assert lists[1] == ["soup", "-", "tea"] and counts["seen"] == [0, 0, 0]


def test_scores_are_kept_where_the_items_are(tmp_path):
    text = "user_id,item_id,rank,score\nann,pie,1,0.5\nann,soup,2,0.25\nann,tea,3,\n"
    (tmp_path / "mine.csv").write_text(text)
    scores = read_lists(tmp_path / "mine.csv", DATA, cases(DATA), 3)[0].scores
    assert scores is not None and np.isnan(scores).tolist() == [[False, True, True], [True] * 3, [True] * 3]
    assert scores[0, 0] == 0.5


REFUSED = {
    "no list at all": ("user_id,title\nann,x\n", "has neither the columns item_id and rank nor item_1, item_2"),
    "no users": ("item_id,rank\npie,1\n", "lacks the column user_id"),
    "no ranks": ("user_id,item_id\nann,pie\n", "lacks the column rank"),
    "no rows": ("user_id,item_id,rank\n", "holds no rows"),
    "targets": ("user_id,item_id,rank,target_id\nann,pie,1,pie\n", r"names targets \(target_id\).*remove that column"),
    "ranks from 0": ("user_id,item_id,rank\nann,pie,0\n", "row 1: rank is 0; ranks count from 1"),
    "a rank in words": ("user_id,item_id,rank\nann,pie,first\n", "line 2: rank is 'first', not a whole number"),
    "a rank twice": ("user_id,item_id,rank\nann,pie,1\nann,tea,1\n", "user ann has two rows at rank 1"),
    "a user twice": (NOTHING + "ann,pie,,\nann,tea,,\n", "user ann has two rows at rank 1"),
    "places from 0": ("user_id,item_0,item_1\nann,pie,tea\n", "has a column item_0; places count from 1"),
    "semicolons": ("user_id;item_id;rank\nann;pie;1\n", "lacks the column user_id.*part them by commas"),
    "nothing": ("", "is empty"),
    "a gap": ("user_id,item_1,item_3\nann,pie,tea\n", "lacks the column item_2"),
    "a score in words": ("user_id,item_id,rank,score\nann,pie,1,high\n", "row 1: score is 'high', not a number"),
    "ids of others": (
        NOTHING + "1,pie,,\n2,pie,,\n",
        r"2 of 2 users are not in the data \(theirs begin with ann, these with 1\)",
    ),
    "items of others": (
        NOTHING + "ann,pizza,pasta,tea\n",
        r"2 of 3 items are not in the data \(theirs begin with .*, these with pizza\)",
    ),
    "nobody who is evaluated": (NOTHING + "dee,pie,,\n", "has a list for none of the 3 users who are evaluated"),
    "empty lists": (NOTHING + "ann,,,\n", "names no item for any of the 3 users"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_refused(tmp_path, fault):
    text, said = REFUSED[fault]
    with pytest.raises(StudyError, match=said):
        read(tmp_path, text)


def test_ids_of_text_that_were_read_as_numbers_are_told(tmp_path):
    catalogue = build_catalogue(["007", "a"], ["Bond", "A"], [[], []])
    ratings = pd.DataFrame({"user_id": ["01"], "item_id": ["a"], "timestamp": [0], "rating": [1.0]})
    data = build_dataset("spies", Reading(catalogue, ratings))
    (tmp_path / "mine.csv").write_text("user_id,item_1\n1,7\n")
    one = Cases(Sequences.from_lists([1], [[1]]), np.array([1]))
    with pytest.raises(StudyError, match=r"begin with 01, these with 1\).*read those of text as text"):
        read_lists(tmp_path / "mine.csv", data, one, 3)


def test_a_parquet_file_with_ranks_in_words(tmp_path):
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"user_id": ["ann"], "item_id": ["pie"], "rank": ["first"]}).to_parquet(path)
    with pytest.raises(StudyError, match="the column rank is text; write whole numbers, from 1"):
        read_lists(path, DATA, cases(DATA), 3)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(PEOPLE), st.integers(1, 5)), st.sampled_from([*DISHES, ""]), min_size=1, max_size=20
    )
)
def test_any_table_gives_lists_that_are_a_ledger_or_a_sentence(tmp_path_factory, table):
    """What is listed stands where the table has it, once, and was not met; all the rest is counted."""
    folder = tmp_path_factory.mktemp("lists")
    rows = "".join(f"{user},{item},{place}\n" for (user, place), item in table.items())
    (folder / "mine.csv").write_text("user_id,item_id,rank\n" + rows)
    try:
        lists, _ = read_lists(folder / "mine.csv", DATA, cases(DATA), 3)
    except StudyError:
        assert not any(item for (user, place), item in table.items() if user != "dee" and place <= 3)
        return
    write_ledger(folder, "mine", cases(DATA), lists, DATA.catalogue.ids, {}, DATA.user_ids)
    ledger = read_ledger(folder / "mine.parquet").dropna(subset="item_id")
    listed = {(row["user_id"], row["rank"]): row["item_id"] for row in ledger.to_dict("records")}
    assert listed.items() <= table.items() and "soup" not in listed.values()
    total = {name: int(count.sum()) for name, count in lists.counts.items()}
    assert len(listed) == total["written"] - total["invalid"] - total["duplicate"] - total["seen"]
