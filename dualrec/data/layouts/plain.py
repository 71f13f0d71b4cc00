"""The plain layout, for anyone's data: two tables, each in a CSV file with a header or in a parquet file.

interactions.csv or .parquet   user_id,item_id,timestamp|order[,rating]
items.csv or .parquet          item_id,title[,year,genres]
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue
from dualrec.data.dataset import Reading
from dualrec.data.ids import same_ids
from dualrec.data.layouts.movielens import split_genres
from dualrec.data.parquet import read_parquet
from dualrec.data.tables import read_table, stored

_EVENTS = {"user_id": "name", "item_id": "name", "timestamp": "time", "order": "time", "rating": "float"}
_ITEMS = {"item_id": "name", "title": "text", "year": "text", "genres": "text"}


def read_plain(folder: Path) -> Reading:
    """Read both files; `order` stands in for a timestamp, a missing rating reads as 1, genres are separated by `|`.

    Ids are those of the files, see `ids.same_ids`. A year that is not of four digits counts as missing. Events in an
    order are noted, since nothing can then be said of ties, nor of a cut in time.

    Raises StudyError for missing files and columns, for malformed rows, and for a table that lies there in both forms.
    """
    path, events = _read(folder, "interactions", _EVENTS, ("user_id", "item_id"))
    _, items = _read(folder, "items", _ITEMS, ("item_id", "title"))
    clock = next((name for name in ("timestamp", "order") if name in events), None)
    if clock is None:
        raise StudyError(f"{path} has neither a timestamp nor an order column; add one of them")
    (users,), (user_rewritten,) = same_ids(events.user_id)
    (known_items, event_items), (_, item_rewritten) = same_ids(items.item_id, events.item_id)
    events = events.assign(user_id=users, item_id=event_items, timestamp=events[clock])
    if "rating" not in events:
        events["rating"] = 1.0
    years = None
    if "year" in items:
        years = items["year"].str.extract(r"^\s*(\d{4})\b", expand=False).fillna("0").astype(int)
    genres = split_genres(items["genres"]) if "genres" in items else [[]] * len(items)
    notes = {"ids_written_in_two_ways": int((user_rewritten | item_rewritten).sum())}
    if clock == "order":
        notes["events_without_a_time"] = len(events)
    return Reading(build_catalogue(known_items, items.title, genres, years), events, notes)


def _read(folder: Path, table: str, kinds: dict[str, str], required: tuple[str, ...]) -> tuple[Path, pd.DataFrame]:
    """The file of a table, and what it holds. Raises StudyError where it lies there in both forms."""
    text, parquet = folder / f"{table}.csv", folder / f"{table}.parquet"
    if not parquet.is_file():
        return text, read_table(text, ",", None, kinds, required)
    if stored(text).is_file():
        raise StudyError(f"{folder} holds both {stored(text).name} and {parquet.name}; keep the one that counts")
    return parquet, read_parquet(parquet, kinds, required)
