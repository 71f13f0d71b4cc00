"""The plain layout, for anyone's data: two CSV files with a header.

interactions.csv   user_id,item_id,timestamp|order[,rating]
items.csv          item_id,title[,year,genres]
"""

from __future__ import annotations

from pathlib import Path

from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue
from dualrec.data.dataset import Reading
from dualrec.data.ids import same_ids
from dualrec.data.layouts.movielens import split_genres
from dualrec.data.tables import read_table


def read_plain(folder: Path) -> Reading:
    """Read both files; `order` stands in for a timestamp, a missing rating reads as 1, genres are separated by `|`.

    Ids are those of the files, see `ids.same_ids`. A year that is not of four digits counts as missing.

    Raises StudyError for missing files and columns and for malformed rows.
    """
    path = folder / "interactions.csv"
    kinds = {"user_id": "name", "item_id": "name", "timestamp": "time", "order": "time", "rating": "float"}
    events = read_table(path, ",", None, kinds, ("user_id", "item_id"))
    items = read_table(folder / "items.csv", ",", None, {"item_id": "name"}, ("item_id", "title"))
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
    return Reading(build_catalogue(known_items, items.title, genres, years), events, notes)
