"""A table of somebody's own, whatever wrote it: the same folder, or one sentence; nothing is left out uncounted."""

import csv
import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.core.errors import StudyError
from dualrec.data.own_table import MISSING, NOTE, SEPARATORS, Columns, import_table
from dualrec.data.sources import load

LOANS = Columns("Leser-Nr.", "Signatur", "entliehen", "Titel", "Sachgruppe")
TIMES = ["2021-05-27 16:33:00", "2021-05-28 00:00:00", "2021-12-03 09:05:00", "2022-01-31 23:59:00"]


def loans() -> pd.DataFrame:
    """Ten columns of a library: other names, another order, umlauts, quotes, commas, gaps, a loan twice."""
    rows = [
        (
            n,
            "Süd",
            TIMES[n % 4],
            f"{n % 3:03}",
            f"Über „{n % 3}“, Band {n % 3}",
            "Müller, A.",
            genre,
            2,
            f"{n % 2:02}",
            "",
        )
        for n, genre in enumerate(['Krimi, "nordisch"', "Küche|Garten", ""] * 2)
    ]
    names = ["Nr", "Ort", "entliehen", "Signatur", "Titel", "Autor", "Sachgruppe", "Anzahl", "Leser-Nr.", "Bemerkung"]
    table = pd.DataFrame([*rows, rows[-1]], columns=names).astype(str)
    table.loc[2, "Bemerkung"] = 'zurück,\n"feucht"'
    return table


def write(tmp_path, content, name="loans.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_text(table: pd.DataFrame, **form) -> str:
    return table.to_csv(index=False, lineterminator="\n", **form)


def imported(tmp_path, content, name="loans.csv", columns=LOANS, **more):
    """The two tables that were written, and the note."""
    note = import_table(write(tmp_path, content, name), columns, tmp_path / "out", **more)
    assert json.loads((tmp_path / "out" / NOTE).read_text(encoding="utf-8")) == note
    files = [tmp_path / "out" / name for name in note["files"]]
    return *(pd.read_csv(file, dtype=str, keep_default_na=False) for file in files), note


def test_by_hand(tmp_path):
    events, items, note = imported(tmp_path, as_text(loans()))
    assert events["user_id"].tolist() == ["00", "01"] * 3 + ["01"]
    assert events["item_id"].tolist() == ["000", "001", "002"] * 2 + ["002"]
    seconds = [int(pd.Timestamp(time, tz="UTC").timestamp()) for time in TIMES]
    assert events["timestamp"].astype(int).tolist() == [seconds[n % 4] for n in (0, 1, 2, 3, 4, 5, 5)]
    assert items.to_dict("list") == {
        "item_id": ["000", "001", "002"],
        "title": [f"Über „{n}“, Band {n}" for n in range(3)],
        "genres": ['Krimi, "nordisch"', "Küche|Garten", ""],
    }
    assert (note["events"], note["users"], note["items"]) == (7, 2, 3)
    assert note["span"] == "2021-05-27 to 2022-01-31" and note["left_out"] == []
    data = load(str(tmp_path / "out"))
    assert data.notes["ratings_listed_twice"] == 1 and data.catalogue.genre_names == (
        "Garten",
        'Krimi, "nordisch"',
        "Küche",
    )


WRITTEN = {  # the same table as other programs write it
    "semicolons": as_text(loans(), sep=";"),
    "tabs": as_text(loans(), sep="\t"),
    "bars": as_text(loans(), sep="|"),
    "all of it quoted": as_text(loans(), sep=";", quoting=csv.QUOTE_ALL),
    "a spreadsheet's hint": "sep=;\n" + as_text(loans(), sep=";"),
    "a mark": b"\xef\xbb\xbf" + as_text(loans()).encode(),
    "UTF-16": as_text(loans()).encode("utf-16"),
    "Windows": as_text(loans()).replace("\n", "\r\n"),
    "an old Mac": as_text(loans()).replace("\n", "\r"),
    "packed": gzip.compress(as_text(loans()).encode()),
    "blanks around names": as_text(loans()).replace(",entliehen", " , entliehen ", 1),
    "blank lines": "\n" + as_text(loans()).replace("\n0", "\n\n0"),
    "no end": as_text(loans())[:-1],
    "zones": as_text(loans().assign(entliehen=loans()["entliehen"].str.replace(" ", "T") + "+00:00")),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_another_way_of_writing_is_the_same_data(tmp_path, way):
    plain = imported(tmp_path, as_text(loans()))
    other = imported(tmp_path, WRITTEN[way])
    assert plain[0].equals(other[0]) and plain[1].equals(other[1]) and plain[2] == other[2]


@pytest.mark.parametrize(
    ("shown", "form"), [("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M"), ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M %p")]
)
def test_dates_in_a_form_that_is_named(tmp_path, shown, form):
    other = loans().assign(entliehen=pd.to_datetime(loans()["entliehen"]).dt.strftime(shown))
    assert imported(tmp_path, as_text(other), time_form=form)[0].equals(imported(tmp_path, as_text(loans()))[0])


def test_parquet_with_types_and_gaps(tmp_path):
    table = loans().assign(entliehen=pd.to_datetime(loans()["entliehen"]))
    table["Leser-Nr."] = table["Leser-Nr."].astype(float)
    table.loc[3, "Leser-Nr."] = np.nan
    table.loc[[0, 3], "Titel"] = None
    table.to_parquet(tmp_path / "loans.parquet")
    note = import_table(tmp_path / "loans.parquet", LOANS, tmp_path / "out")
    assert note["left_out"] == [
        "1 of 7 rows (14.3%) have no Leser-Nr. and are left out",
        "1 of 3 items have no title and go by their id",
    ]
    data = load(str(tmp_path / "out"))
    assert data.user_ids.tolist() == [0, 0, 1] and note["span"] == "2021-05-27 to 2021-12-03"
    assert data.interactions["timestamp"].max() == pd.Timestamp(TIMES[2]).timestamp()


def test_what_is_missing_is_left_out_and_counted_by_column(tmp_path):
    table = loans()
    table.loc[0, "Leser-Nr."], table.loc[1, "entliehen"], table.loc[0, "Signatur"] = "NULL", " ", ""
    table.loc[3, ["Leser-Nr.", "Ort"]] = "nan", ""
    events, _, note = imported(tmp_path, as_text(table))
    assert len(events) == 4 and note["left_out"][:3] == [
        "2 of 7 rows (28.6%) have no Leser-Nr. and are left out",
        "1 of 7 rows (14.3%) have no Signatur and are left out",
        "1 of 7 rows (14.3%) have no entliehen and are left out",
    ]


def test_titles_that_differ_are_counted_and_the_first_counts(tmp_path):
    table = loans()
    table["Titel"] = [f"{title} ({n})" for n, title in enumerate(table["Titel"])]
    table.loc[0, "Titel"] = ""
    _, items, note = imported(tmp_path, as_text(table))
    assert items["title"].str[-3:].tolist() == ["(3)", "(1)", "(2)"]
    assert note["left_out"] == ["2 of 3 items have several titles, of which the first counts"]


def test_titles_from_a_table_of_their_own(tmp_path):
    shelf = ["000", "009", "001", ""]
    books = pd.DataFrame({"Titel": ["Null", "Neun", "Eins", "Ohne"], "Signatur": shelf, "Sachgruppe": "Lyrik"})
    path = write(tmp_path, as_text(books, sep="\t"), "books.tsv")
    table = loans().drop(columns=["Titel", "Sachgruppe"])
    events, items, note = imported(tmp_path, as_text(table, sep=";"), items=path)
    assert events["item_id"].nunique() == 3 and items["item_id"].tolist() == ["000", "001", "002", "009"]
    assert items["title"].tolist() == ["Null", "Eins", "", "Neun"] and items["genres"].tolist()[2] == ""
    assert note["left_out"] == [
        "books.tsv: 1 of 4 rows (25.0%) have no Signatur and are left out",
        "1 of 4 items have no title and go by their id",
    ]


def test_ids_that_programs_took_for_measurements_are_one(tmp_path):
    """Half of them with a decimal, as where a program had to hold a gap."""
    rows = "".join(f"{n % 2},{n % 3}{'.0' if n > 2 else ''},{n},t{n % 3}\n" for n in range(6))
    _, items, note = imported(tmp_path, "u,i,t,n\n" + rows, columns=Columns("u", "i", "t", "n"))
    assert items["item_id"].tolist() == ["0", "1", "2"] and note["left_out"] == []


TEXT = as_text(loans())
REFUSED = {  # what is wrong, (content, columns, form of times), what is said
    "a name that is misspelt": (TEXT, Columns("Leser", "Signatur", "entliehen"), "", "lacks the column Leser; its col"),
    "no header": (TEXT.partition("\n")[2], LOANS, "", "lacks the columns Leser-Nr., Signatur, entliehen, Titel"),
    "one column for two": (TEXT, Columns("Nr", "Nr", "entliehen"), "", "user, item and time are three columns"),
    "a name twice": (TEXT.replace("Ort", "Signatur", 1), LOANS, "", "the column Signatur stands there twice"),
    "nothing": ("", LOANS, "", "is empty"),
    "blanks": ("\n \n\n", LOANS, "", "is empty"),
    "a header alone": (TEXT.partition("\n")[0], LOANS, "", "holds no rows"),
    "a field too many": (TEXT + "1,2,2021-01-01,4,5,6,7,8,9,10,11\n", LOANS, "", "line 10: 11 fields, where .* has 10"),
    "a field too few": (TEXT + "1,2,2021-01-01\n", LOANS, "", "line 10: 3 fields, where the header has 10"),
    "an open quote": (TEXT + '1,2,2021-01-01,4,5,"6,7,8,9,10\n', LOANS, "", "line 10: .*a quotation mark"),
    "days first": (TEXT.replace("2021-05-27 ", "27.5.2021 "), LOANS, "", "line 2: entliehen is '27.5.2021 16:33:00'"),
    "days first, all": (
        as_text(loans().assign(entliehen="27.5.2021")),
        LOANS,
        "",
        "line 2: .*not a time; say how times are written, as in --time-format",
    ),
    "another form": (TEXT, LOANS, "%d.%m.%Y", "line 2: .* not a time of the form %d.%m.%Y; say how times are written"),
    "no form": (TEXT, LOANS, "%Q", "--time-format '%Q' is none .*; write one such as %d.%m.%Y"),
    "mostly nobody": (
        as_text(loans().assign(**{"Leser-Nr.": ["1", *[""] * 6]})),
        LOANS,
        "",
        r"6 of 7 rows \(85.7%\) have no Leser-Nr.; name",
    ),
    "a spreadsheet": (b"PK\3\4", LOANS, "", "packed with zip"),
    "a parquet file": (b"PAR1\3\4", LOANS, "", "is a parquet file; name it so"),
    "noise": (bytes(range(256)) * 9, LOANS, "", "lacks the columns"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_refused_is_said_in_a_sentence_and_nothing_is_written(tmp_path, fault):
    content, columns, form, said = REFUSED[fault]
    with pytest.raises(StudyError, match=said) as refused:
        import_table(write(tmp_path, content), columns, tmp_path / "out", form)
    assert str(refused.value).isprintable() and not (tmp_path / "out").exists()


def test_columns_that_are_half_full_and_rarely_together(tmp_path):
    rows = "u,i,t\n1,,\n,2,\n,,3\n1,2,\n1,2,3\n,2,3\n"
    with pytest.raises(StudyError, match="5 of 6 rows lack one of u, i, t; name columns"):
        import_table(write(tmp_path, rows), Columns("u", "i", "t"), tmp_path / "out")


@pytest.mark.parametrize("name", ["loans.xlsx", "loans.ods"])
def test_a_spreadsheet_is_named_as_such(tmp_path, name):
    with pytest.raises(StudyError, match="is a spreadsheet; save it as CSV"):
        import_table(write(tmp_path, b"PK\3\4", name), LOANS, tmp_path / "out")


def test_an_import_may_be_written_again_and_a_folder_of_something_else_is_left_alone(tmp_path):
    first = imported(tmp_path, as_text(loans()))[0]
    assert imported(tmp_path, as_text(loans()[:3]))[0].equals(first[:3])
    (tmp_path / "out" / "thesis.docx").write_text("mine")
    with pytest.raises(StudyError, match=r"holds thesis\.docx, which `dualrec import-data` did not write"):
        imported(tmp_path, as_text(loans()))
    assert (tmp_path / "out" / "thesis.docx").read_text() == "mine"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=5).map(str.strip)


@given(
    st.lists(st.tuples(WORDS, WORDS, st.integers(0, 10**9), WORDS), min_size=1, max_size=9),
    st.sampled_from(SEPARATORS),
)
def test_any_table_comes_back(tmp_path_factory, rows, separator):
    """Ids, times and the order of rows are those of the file, but for rows that lack something."""
    folder = tmp_path_factory.mktemp("own")
    table = pd.DataFrame(rows, columns=["who", "what", "when", "name"]).astype({"when": str})
    whole = table[~table["who"].isin(MISSING) & ~table["what"].isin(MISSING)]
    try:
        events, _, note = imported(
            folder, as_text(table, sep=separator), columns=Columns("who", "what", "when", "name")
        )
    except StudyError:
        assert len(whole) <= len(table) / 2
        return
    for column, read in {"who": "user_id", "what": "item_id"}.items():
        plain = whole[column].str.replace(r"^(0|-?[1-9]\d{0,17})\.0*$", r"\1", regex=True)
        assert events[read].tolist() == plain.tolist()
    assert events["timestamp"].astype(int).tolist() == whole["when"].astype(int).tolist()
    assert sum(int(line.split(" ", 1)[0]) for line in note["left_out"] if " rows " in line) >= len(table) - len(whole)
