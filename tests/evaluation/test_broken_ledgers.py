"""Whatever became of a ledger or its sidecar: `score` says in one sentence which file is wrong and why.

It prints no number then.
"""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dualrec.__main__ import main
from dualrec.core.artifacts import file_sha256
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_ledger, write_ledger
from dualrec.types import Cases, RankedLists, Sequences

Breaker = Callable[[Path], object]
CASES = Cases(Sequences.from_lists([9, 4], [[1], [2]]), np.array([3, 4]))
LISTS = RankedLists(np.array([[3, 1, -1], [-1, 4, 2]]))


@pytest.fixture
def path(tmp_path) -> Path:
    return write_ledger(tmp_path, "toy", CASES, LISTS, np.arange(5) * 10, {})


def sign(path: Path) -> None:
    """Make the sidecar vouch for the file as it now is: what is wrong must be seen in the file itself."""
    sidecar = path.with_suffix(".json")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"sha256": file_sha256(path)}))


def raw(change: Callable[[bytes], bytes]) -> Breaker:
    """Other bytes in the ledger's file."""
    return lambda path: (path.write_bytes(change(path.read_bytes())), sign(path))


def frame(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Breaker:
    """Another table, well written."""
    return lambda path: (change(pd.read_parquet(path)).to_parquet(path), sign(path))


def columns(**values: pa.Array) -> Breaker:
    """Some columns replaced as Arrow arrays, behind pandas' back."""

    def change(path: Path) -> None:
        table = pq.read_table(path)
        for name, array in values.items():
            table = table.set_column(table.column_names.index(name), name, array)
        pq.write_table(table.replace_schema_metadata(None), path)
        sign(path)

    return change


def notes(text: bytes) -> Breaker:
    """Other notes of pandas' within the file, which tell it how to rebuild the table."""
    return lambda path: (
        pq.write_table(pq.read_table(path).replace_schema_metadata({b"pandas": text}), path),
        sign(path),
    )


def sidecar(content: bytes) -> Breaker:
    return lambda path: path.with_suffix(".json").write_bytes(content)


def described(**facts: object) -> Breaker:
    """A sidecar that says something else."""

    def change(path: Path) -> None:
        file = path.with_suffix(".json")
        file.write_text(json.dumps(json.loads(file.read_text()) | facts))

    return change


def folder(suffix: str) -> Breaker:
    """A folder where the file belongs."""
    return lambda path: (path.with_suffix(suffix).unlink(), path.with_suffix(suffix).mkdir())


def with_null(column: str, dtype: str) -> Breaker:
    return frame(lambda f: f.assign(**{column: f[column].astype(dtype).mask(f["rank"] == 2)}))


NO_PARQUET = "toy.parquet is not a readable parquet file; delete it and run again"
NO_SIDECAR = "toy.json, the sidecar of a ledger, is missing or not JSON; run again to write it"
NO_SCHEMA = "toy.json does not have ledger schema 1; run again to write the ledger anew"
NO_NUMBERS = "toy.json lacks n, k or counts as whole numbers; run again to write the ledger anew"
WRONG_NOTE = b'{"index_columns": [], "column_indexes": [], "columns": [{"name": "rank", "field_name": "rank", '
WRONG_NOTE += b'"pandas_type": "object", "numpy_type": "doom", "metadata": null}]}'
BROKEN: dict[str, tuple[Breaker, str]] = {
    "missing": (lambda path: path.unlink(), "there is no ledger"),
    "a folder": (folder(".parquet"), "there is no ledger"),
    "an empty file": (raw(lambda _: b""), NO_PARQUET),
    "cut in half": (raw(lambda old: old[: len(old) // 2]), NO_PARQUET),
    "without its last byte": (raw(lambda old: old[:-1]), NO_PARQUET),
    "zeros after a crash": (raw(lambda old: bytes(len(old))), NO_PARQUET),
    "a web page": (raw(lambda _: b"<!doctype html><title>404</title>"), NO_PARQUET),
    "a CSV file": (raw(lambda _: b"user_id,target_id,rank\n1,2,3\n"), NO_PARQUET),
    "a pointer of Git LFS": (
        raw(lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
        NO_PARQUET,
    ),
    "an archive": (raw(lambda _: b"PK\3\4" + bytes(100)), NO_PARQUET),
    "flipped bits": (raw(lambda old: old[:40] + bytes(byte ^ 255 for byte in old[40:200]) + old[200:]), NO_PARQUET),
    "notes that are no JSON": (notes(b"{broken"), NO_PARQUET),
    "notes of another form": (notes(b"[]"), NO_PARQUET),
    "notes of an index that is not there": (notes(WRONG_NOTE.replace(b"[]", b'["nothing"]', 1)), NO_PARQUET),
    "notes of an unknown type": (notes(WRONG_NOTE), NO_PARQUET),
    "notes nested without end": (notes(b"[" * 100_000), NO_PARQUET),
    "a column twice": (
        lambda path: pq.write_table((t := pq.read_table(path)).append_column("rank", t["rank"]), path),
        NO_PARQUET,
    ),
    "no columns": (frame(lambda f: f[[]]), "has the columns (none); a ledger has user_id"),
    "users in the index": (
        frame(lambda f: f.set_index("user_id")),
        "has the columns target_id, rank, item_id, score; a ledger has",
    ),
    "evil column names": (
        frame(lambda f: f.rename(columns={"rank": "\x1b[2J\nrank"})),
        r"target_id, \x1b[2J\nrank, item_id",
    ),
    "a thousand columns": (
        frame(lambda f: pd.DataFrame({f"column {i}": [1] for i in range(1000)})),
        "has the columns column 0",
    ),
    "nested users": (columns(user_id=pa.array([[9]] * 6)), "column 'user_id' is object, but must be int64"),
    "NaN ranks": (with_null("rank", "float64"), "column 'rank' is float64, but must be int32"),
    "null ranks": (with_null("rank", "Int32"), "column 'rank' is Int32, but must be int32"),
    "null ranks, unknown to pandas": (
        columns(rank=pa.array([1, None, 3, 1, 2, 3], pa.int32())),
        "column 'rank' is float64",
    ),
    "null users": (with_null("user_id", "Int64"), "column 'user_id' is Int64, but must be int64"),
    "null targets": (with_null("target_id", "Int64"), "column 'target_id' is Int64, but must be int64"),
    "unsigned users": (frame(lambda f: f.astype({"user_id": "uint64"})), "column 'user_id' is uint64"),
    "dates for users": (
        frame(lambda f: f.assign(user_id=pd.to_datetime(f["user_id"]))),
        "column 'user_id' is datetime64",
    ),
    "text for items": (
        frame(lambda f: f.astype({"item_id": "string"})),
        "of the columns 'target_id' and 'item_id' one is text",
    ),
    "null users that are text": (with_null("user_id", "string"), "column 'user_id' is null in a row"),
    "truth for ranks": (frame(lambda f: f.assign(rank=True)), "column 'rank' is bool"),
    "all ranks 0": (
        frame(lambda f: f.assign(rank=np.int32(0))),
        "the ranks of user 9 are not 1 to 1, each once and in order",
    ),
    "ranks below 0": (
        frame(lambda f: f.assign(rank=-f["rank"])),
        "the ranks of user 9 are not 1 to 1, each once and in order",
    ),
    "a rank beyond all bounds": (
        frame(lambda f: f.assign(rank=np.int32(2**31 - 1))),
        "the ranks of user 9 are not 1 to 2147483647",
    ),
    "rows from last to first": (
        frame(lambda f: f.iloc[::-1]),
        "the ranks of user 4 are not 1 to 3, each once and in order",
    ),
    "rows by rank, not by user": (
        frame(lambda f: f.sort_values("rank", kind="stable")),
        "the ranks of user 4 are not 1 to 3",
    ),
    "a sidecar that is a folder": (folder(".json"), NO_SIDECAR),
    "a sidecar cut off": (sidecar(b'{"schema": 1, "sha'), NO_SIDECAR),
    "a sidecar of zeros": (sidecar(bytes(100)), NO_SIDECAR),
    "a sidecar in Latin-1": (sidecar(b'{"schema": 1, "system": "\xe9"}'), NO_SIDECAR),
    "a sidecar in UTF-16": (sidecar('{"schema": 1}'.encode("utf-16")), NO_SIDECAR),
    "a sidecar nested without end": (sidecar(b"[" * 100_000), NO_SIDECAR),
    "a sidecar with an endless number": (sidecar(b'{"schema": ' + b"9" * 5000 + b"}"), NO_SIDECAR),
    "a sidecar that says null": (sidecar(b"null"), NO_SCHEMA),
    "a schema in words": (described(schema="1"), NO_SCHEMA),
    "a schema of tomorrow": (described(schema=99), NO_SCHEMA),
    "a sidecar without n": (sidecar(b'{"schema": 1, "k": 3, "counts": {}}'), NO_NUMBERS),
    "half a place": (described(k=2.5), NO_NUMBERS),
    "counts in words": (described(counts={"written": "many"}), NO_NUMBERS),
    "counts as a list": (described(counts=[7]), NO_NUMBERS),
    "more users than the file has": (described(n=3), "toy.parquet is not the file its sidecar toy.json describes"),
    "no hash": (described(sha256=None), "toy.parquet is not the file its sidecar toy.json describes"),
    "the hash of another file": (
        described(sha256="0" * 64),
        "toy.parquet is not the file its sidecar toy.json describes",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_score_names_the_file_and_what_is_wrong_in_one_sentence(path, fault, monkeypatch, capsys):
    break_it, words = BROKEN[fault]
    break_it(path)
    with pytest.raises(StudyError):
        read_ledger(path)
    monkeypatch.setattr(sys, "argv", ["dualrec", "score", str(path)])
    assert pytest.raises(SystemExit, main).value.code == 1
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert (
        line.startswith(f"dualrec: {path.with_suffix('')}.")
        and words in line
        or line.startswith(f"dualrec: {words} {path}")
    )
    assert len(line) < 1000 and line.isprintable() and not told.out


def test_a_whole_ledger_is_scored(path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dualrec", "score", str(path)])
    assert pytest.raises(SystemExit, main).value.code == 0
    assert json.loads(capsys.readouterr().out)["HR@1"]["value"] == 0.5


@pytest.mark.slow
def test_any_damaged_byte_is_noticed_and_named(path):
    """Damage changes numbers, names, types or lengths, over which pyarrow and pandas stumble in many ways.

    The rest the hash finds.
    """
    good, draw = path.read_bytes(), random.Random(0)
    for _ in range(800):
        damaged = bytearray(good)
        damaged[draw.randrange(len(good))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(StudyError, match=r"toy\.parquet"):
            read_ledger(path)
