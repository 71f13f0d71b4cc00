"""A table of one's own, a row per event and columns of any name, made into a folder that the study reads.

Nothing is guessed that could change an order: the columns are named by whoever has the table, and dates that are not
in ISO form need their form, since 03/04 is in March or in April.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dualrec.core import paths
from dualrec.core.artifacts import atomic_path, require_replaceable, write_json
from dualrec.core.errors import StudyError
from dualrec.core.text import printable
from dualrec.data.columns import KINDS, coarsest, ticks_per_second
from dualrec.data.ids import same_ids
from dualrec.data.losses import REFUSE
from dualrec.data.parquet import read_parquet
from dualrec.data.tables import advice, check_columns, text_of

NOTE = "import.json"  # says what lies beside it, and marks a folder as imported
MADE_BY = "dualrec import-data"
FILES = {"interactions.csv": "the events: user_id, item_id and timestamp", "items.csv": "item_id, title and genres"}
SEPARATORS = ",;\t|"
MISSING = {"", "NA", "N/A", "<NA>", "NaN", "nan", "NaT", "NULL", "null", "None", r"\N"}  # as programs write it
_HEADER = 2**16  # characters of a header, at most
_NANOSECONDS = 10**9  # to the second


@dataclass(frozen=True)
class Columns:
    """The names of a table's columns; title and genres may be "", for none."""

    user: str
    item: str
    time: str
    title: str = ""
    genres: str = ""


def import_table(
    path: Path, columns: Columns, folder: Path, time_form: str = "", items: Path | None = None
) -> dict[str, Any]:
    """Write a folder in the plain layout from a table of events, and return what its NOTE says.

    Rows without a user, an item or a time are left out and counted. An item's title and genres are the first that it
    has; without a title it goes by its id.

    path: a parquet file, or text with a header, its fields parted by one of SEPARATORS, packed by gzip or not
    columns: what they are called there
    folder: new, empty, or an earlier import, which is replaced
    time_form: of the times, as in `datetime.strptime`; "" for numbers that rise, and for dates in ISO form
    items: a table of its own for titles and genres, a row per item; `columns.item` is there, too

    Raises StudyError for a file that is no such table, a column that is not there, a time that is none, and where more
    than half of the rows lack a user, an item or a time.
    """
    folder = Path(folder).resolve()
    require_replaceable(folder, NOTE, MADE_BY)
    about = {"title": columns.title, "genres": columns.genres}
    of_items = [columns.item, *filter(None, about.values())]
    needed = [columns.user, columns.item, columns.time]
    if len({*needed}) < len(needed):
        raise StudyError(f"{printable(', '.join(needed))}: user, item and time are three columns; name each of them")
    table, place = _read(path, needed if items else [*needed, *of_items[1:]])
    events, lost = _complete(path, table, needed)
    times, span = _times(path, pd.Series(events[columns.time]), time_form, place)
    known = events
    if items:
        known, lost_there = _complete(items, _read(items, of_items)[0], [columns.item])
        lost += [f"{Path(items).name}: {line}" for line in lost_there]
    (users,), _ = same_ids(pd.Series(events[columns.user]))
    (ids, known_ids), _ = same_ids(pd.Series(events[columns.item]), pd.Series(known[columns.item]))
    facts = {name: known[column] if column else pd.Series("", known.index) for name, column in about.items()}
    catalogue, said = _catalogue(pd.DataFrame({"item_id": known_ids} | facts), ids)
    rows = pd.DataFrame({"user_id": users, "item_id": ids, "timestamp": times})
    note = {"made_by": MADE_BY, "read": Path(path).name, "columns": asdict(columns), "events": len(rows)}
    note |= {"users": rows["user_id"].nunique(), "items": len(catalogue), "span": span, "left_out": lost + said}
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for name, content in zip(FILES, (rows, catalogue), strict=True):
            content.to_csv(temporary / name, index=False, lineterminator="\n", encoding="utf-8")
        write_json(temporary / NOTE, note | {"files": FILES})
    return note | {"files": FILES}


def _read(path: Path, names: list[str]) -> tuple[pd.DataFrame, str]:
    """Some columns as text, indexed by the place of each row, and what such a place is called, "line" or "row"."""
    path, names = Path(path), list(dict.fromkeys(names))
    if path.suffix == ".parquet":
        table = read_parquet(path, dict.fromkeys(names, "text"), tuple(names))
        return table.set_axis(np.arange(1, len(table) + 1)), "row"
    text = text_of(path)
    separator, header = _header(path, text, names)
    if twice := [name for name in names if header.count(name) > 1]:
        raise StudyError(f"{path}: the column {printable(twice[0])} stands there twice; rename or remove one of them")
    check_columns(path, header, 1, tuple(names))
    wanted = [header.index(name) for name in names]
    lines, rows = [], []
    for line, fields in _rows(path, text, separator):
        if len(fields) != len(header) and (len(fields) < len(header) or any(fields[len(header) :])):
            raise StudyError(
                f"{path}, line {line}: {len(fields)} fields, where the header has {len(header)}; quote a field that "
                "holds a separator, or correct the line"
            )
        lines.append(line)
        rows.append([fields[column] for column in wanted])
    check_columns(path, header, len(rows) - 1, tuple(names))
    return pd.DataFrame(rows[1:], lines[1:], names, dtype=str), "line"


def _header(path: Path, text: str, names: list[str]) -> tuple[str, list[str]]:
    """The separator by which most of some names are columns, and all columns by it, without blanks around them."""
    head = text[:_HEADER]
    headers = {mark: next((row for _, row in _rows(path, head, mark, strict=False)), []) for mark in SEPARATORS}
    headers = {separator: [name.strip() for name in row] for separator, row in headers.items()}
    best = max(headers, key=lambda separator: (len({*names} & {*headers[separator]}), len(headers[separator])))
    return best, headers[best]


def _rows(path: Path, text: str, separator: str, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """The fields of every row that is not blank, with the line on which it ends, behind the `sep=;` of a spreadsheet.

    strict: whether a quotation mark out of place is an error
    """
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="")  # StringIO takes 4 bytes a character
    reader = csv.reader(lines, delimiter=separator, strict=strict)
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            where = f"{path}, line {reader.line_num}"
            raise StudyError(
                f"{where}: {error}; look for a quotation mark that is not closed or not doubled"
            ) from error
        if fields is None:
            return
        hint = reader.line_num == 1 and fields and fields[0].startswith("sep=")
        if not hint and any(field.strip() for field in fields):
            yield reader.line_num, fields


def _complete(path: Path, table: pd.DataFrame, needed: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The rows that lack none of some columns, and a line for each column that others lack. Raises where most do."""
    lost, kept = [], np.ones(len(table), bool)
    for name in needed:
        missing = table[name].str.strip().isin(MISSING).to_numpy()
        if count := int(missing.sum()):
            share = f"{count:,} of {len(table):,} rows ({count / len(table):.1%}) have no {printable(name)}"
            if count > REFUSE * len(table):
                raise StudyError(f"{path}: {share}; name the column that has one in every row")
            lost.append(f"{share} and are left out")
        kept &= ~missing
    if (gone := int((~kept).sum())) > REFUSE * len(table):
        columns = printable(", ".join(needed))
        raise StudyError(f"{path}: {gone:,} of {len(table):,} rows lack one of {columns}; name columns that are full")
    return pd.DataFrame(table[kept]), lost


def _times(path: Path, text: pd.Series, form: str, place: str) -> tuple[pd.Series, str]:
    """int64 times, and the first and last of them as dates. Raises StudyError for one that is none."""
    text = text.str.strip()
    if form:
        try:
            dates = pd.Series(pd.to_datetime(text, format=form, utc=True, errors="coerce"))
        except ValueError as error:
            raise StudyError(f"--time-format '{form}' is none ({error}); write one such as %d.%m.%Y") from error
        bad = dates.isna()
        whole = dates.where(~bad, pd.Timestamp(0, tz="UTC")).dt.as_unit("ns").astype("int64")
        times = coarsest(whole, _NANOSECONDS)
    else:
        times, bad = KINDS["time"].read(text)
    if bad.any():
        first, count = bad.index[bad.to_numpy()][0], int(bad.sum())
        kind = f"a time of the form {form}" if form else "a time"
        remedy = advice(count, len(bad), str(text.name), "", place)
        if count > REFUSE * len(bad):
            remedy = "; say how times are written, as in --time-format %d.%m.%Y or '%m/%d/%Y %H:%M'"
        raise StudyError(f"{path}, {place} {first}: {text.name} is {text[first]!r}, not {kind}{remedy}")
    seconds = (times // ticks_per_second(times)).to_numpy()
    first, last = (np.datetime64(int(end), "s").astype("datetime64[D]") for end in (seconds.min(), seconds.max()))
    return times, f"{first} to {last}"


def _catalogue(rows: pd.DataFrame, met: pd.Series) -> tuple[pd.DataFrame, list[str]]:
    """Every item once, by id, with the first title and the first genres that it has; and what to say of them.

    rows: columns item_id, title and genres, in the order of the file
    met: the items of all events
    """
    about = rows.assign(**{name: rows[name].str.strip() for name in ("title", "genres")})
    about = about.replace({"title": list(MISSING), "genres": list(MISSING)}, pd.NA)
    several = int((about.groupby("item_id")["title"].nunique().to_numpy() > 1).sum())
    items = about.groupby("item_id")[["title", "genres"]].first()
    items = items.reindex(items.index.union(pd.Index(met.unique(), name="item_id"))).fillna("")
    nameless, n = int(np.count_nonzero(items["title"] == "")), len(items)
    said = [f"{several:,} of {n:,} items have several titles, of which the first counts"] if several else []
    said += [f"{nameless:,} of {n:,} items have no title and go by their id"] if nameless else []
    return items.reset_index(), said


def summary_of(note: dict[str, Any], folder: Path) -> str:
    """One sentence about an import.

    note: as `import_table` returns it
    folder: that it wrote
    """
    counts = f"{note['events']:,} events of {note['users']:,} users with {note['items']:,} items"
    return f"{paths.readable(folder)}: {counts}, {note['span']}"
