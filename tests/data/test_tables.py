"""Reading delimited text: types, encodings, and errors that name file and line."""

import codecs
import gzip

import pytest

from dualrec.core.errors import StudyError
from dualrec.data.tables import read_table

KINDS = {"id": "int", "x": "float"}


def table(tmp_path, content, separator=",", columns=None, kinds=KINDS, required=("id",)):
    path = tmp_path / "t.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, separator, columns, kinds, required)


@pytest.mark.parametrize(
    ("separator", "columns"), [("\t", ["id", "x", "t"]), ("::", ["id", "x", "t"]), ("|", ["id", "x", "t"]), (",", None)]
)
def test_every_separator_gives_the_same_table(tmp_path, separator, columns):
    rows = (
        [["1", "2.5", 'say "hi'], ["-3", "4", "NA"]]
        if columns
        else [["id", "x", "t"], ["1", "2.5", '"say ""hi"'], ["-3", "4", "NA"]]
    )
    read = table(tmp_path, "\n".join(separator.join(row) for row in rows) + "\n", separator, columns)
    assert read.to_dict("list") == {"id": [1, -3], "x": [2.5, 4.0], "t": ['say "hi', "NA"]}
    assert (read.id.dtype, read.x.dtype) == ("int64", "float32")


@pytest.mark.parametrize(
    "content",
    [
        "id,t\n1,Café\n".encode(),
        b"\xef\xbb\xbf" + "id,t\n1,Café\n".encode(),
        "id,t\n1,Café\n".encode("latin-1"),
        "id,t\n1,Café\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "id,t\n1,Café\n".encode("utf-16-be"),
        "id,t\r\n1,Café".encode(),
    ],
    ids=["utf-8", "byte-order mark", "latin-1", "utf-16", "utf-16, big end first", "carriage returns"],
)
def test_encodings_and_line_ends(tmp_path, content):
    assert table(tmp_path, content).to_dict("list") == {"id": [1], "t": ["Café"]}


def test_large_and_rounded_numbers_are_exact(tmp_path):
    assert table(tmp_path, "id\n4611686018427387\n").id.tolist() == [4611686018427387]
    assert table(tmp_path, "id\n3.0\n1e3\n").id.tolist() == [3, 1000]


@pytest.mark.parametrize("bad", ["", "x", "1.5", "nan", "inf", "9" * 30, "1 2", "0x1f"])
def test_a_wrong_number_is_named_with_its_line(tmp_path, bad):
    with pytest.raises(StudyError, match=r"t\.txt, line 4: id is '.*', not a whole number; correct or remove the line"):
        table(tmp_path, f"id,x\n1,1\n2,2\n{bad},3\n4,4\n")


def test_the_advice_fits_a_line_some_lines_or_a_whole_column(tmp_path):
    with pytest.raises(
        StudyError, match=r"line 3: id is 'x', not a whole number \(the first of 2 such rows\); correct or remove them"
    ):
        table(tmp_path, "id,x\n1,1\nx,2\n3,3\nx,4\n")
    advice = (
        r"line 2: id is 'x', not .* \(the first of 3 such rows among 4\); write the whole column id as whole numbers"
    )
    with pytest.raises(StudyError, match=advice):
        table(tmp_path, "id,x\nx,1\nx,2\n3,3\nx,4\n")


TIMES = {"time": "time"}


def test_scientific_notation_is_marked(tmp_path):
    assert table(tmp_path, "time\n1.59388e+09\n7\n", kinds=TIMES, required=()).scientific.tolist() == [True, False]
    assert "scientific" not in table(tmp_path, "time\n1\n", kinds=TIMES, required=())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_packed_file_is_read_whatever_its_name_and_encoding(tmp_path, encoding, suffix):
    (tmp_path / f"t.csv{suffix}").write_bytes(gzip.compress("id,t\n1,Café\n".encode(encoding)))
    assert read_table(tmp_path / "t.csv", ",", None, KINDS).t.tolist() == ["Café"]


def test_half_a_packed_file_is_named(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"id,t\n1,2\n" * 99)[:-20])
    with pytest.raises(StudyError, match=r"t\.csv\.gz is not a whole gzip file"):
        read_table(tmp_path / "t.csv", ",", None, KINDS)


def test_blank_lines_and_line_breaks_in_quotes_count_as_lines(tmp_path):
    with pytest.raises(StudyError, match=r"line 6: x is '', not a number"):
        table(tmp_path, 'id,x,t\n\n1,1,"two\nlines"\n  \n2,,b\n')
    with pytest.raises(StudyError, match=r"line 3: x is 'b', not a number"):
        table(tmp_path, "1\t2\n\n2\tb\n", "\t", ["id", "x"])


def test_an_empty_name_is_refused(tmp_path):
    assert table(tmp_path, "id\n a\n", kinds={"id": "name"}).id.tolist() == [" a"]
    with pytest.raises(StudyError, match=r"line 3: id is ' ', not an id"):
        table(tmp_path, "id,x\na,1\n ,2\n", kinds={"id": "name"})


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("id,x\n1,2\n3,4,5\n", None, "Expected 2 fields in line 3, saw 3"),
        ("id,x\n1,2,3\n3,4,5\n", None, "more fields in a row than columns"),
        ("1,2,3\n3,4\n", ["id", "x"], "more fields in a row than columns"),
        ('id,t\n1,"open\n', None, "EOF inside string"),
        ("", None, "is empty; write it again"),
        ("id,x\n", None, "holds no rows; its columns are id, x"),
        ("di,x\n1,2\n", None, "lacks the column id; its columns are di, x"),
    ],
)
def test_what_is_no_table_is_refused_with_its_path(tmp_path, content, columns, message):
    with pytest.raises(StudyError, match=f"t\\.txt.*{message}"):
        table(tmp_path, content, columns=columns)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"none\.csv cannot be read"):
        read_table(tmp_path / "none.csv", ",", None, {})
