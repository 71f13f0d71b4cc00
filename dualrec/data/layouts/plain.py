"""The plain layout, for anyone's data: two CSV files with a header.

interactions.csv   user_id,item_id,timestamp|order[,rating]
items.csv          item_id,title[,year,genres]
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.data.catalogue import Catalogue, build_catalogue
from dualrec.data.layouts.movielens import split_genres
from dualrec.data.tables import read_table


def read_plain(folder: Path) -> tuple[Catalogue, pd.DataFrame]:
    """Read both files; `order` stands in for a timestamp, a missing rating reads as 1, genres are separated by `|`.

    Ids that are not whole numbers are numbered from 1 in order of appearance (items: in items.csv); a leading zero
    makes no whole number. A year that is not of four digits counts as missing.

    Raises StudyError for missing files and columns and for malformed rows.
    """
    path = folder / "interactions.csv"
    kinds = {"user_id": "name", "item_id": "name", "timestamp": "int", "order": "int", "rating": "float"}
    events = read_table(path, ",", None, kinds, ("user_id", "item_id"))
    items = read_table(folder / "items.csv", ",", None, {"item_id": "name"}, ("item_id", "title"))
    users, _ = _whole_numbers(events.user_id, events.user_id)
    known_items, event_items = _whole_numbers(items.item_id, events.item_id)
    clock = next((name for name in ("timestamp", "order") if name in events), None)
    if clock is None:
        raise StudyError(f"{path} has neither a timestamp nor an order column; add one of them")
    ratings = pd.DataFrame({"user_id": users, "item_id": event_items, "timestamp": events[clock]})
    ratings["rating"] = events.get("rating", 1.0)
    years = None
    if "year" in items:
        years = items["year"].str.extract(r"^\s*(\d{4})\b", expand=False).fillna("0").astype(int)
    genres = split_genres(items["genres"]) if "genres" in items else [[]] * len(items)
    return build_catalogue(known_items, items.title, genres, years), ratings


def _whole_numbers(names: pd.Series, used: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Ids as int64: as they are where all are whole numbers, else numbered by first appearance.

    names: one column of ids
    used: another column of the same kind of ids, numbered alike
    """
    if all(column.str.fullmatch(r"0|-?[1-9]\d{0,17}").all() for column in (names, used)):
        return names.astype(np.int64).to_numpy(), used.astype(np.int64).to_numpy()
    codes, _ = pd.factorize(pd.concat([names, used]))
    return codes[: len(names)] + 1, codes[len(names) :] + 1
