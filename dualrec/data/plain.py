"""Anyone's data: `interactions.csv (user_id,item_id,timestamp|order[,rating])` and `items.csv (item_id,title[,year,genres])`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from dualrec.data.catalogue import Catalogue, build_catalogue
from dualrec.data.movielens import read_table, split_genres
from dualrec.errors import StudyError


def read_plain(folder: Path) -> tuple[Catalogue, pd.DataFrame]:
    """Read the plain layout; `order` stands in for a timestamp, a missing rating reads as 1, genres are separated by `|`.

    Ids that are not whole numbers are numbered in order of appearance (items: in items.csv).
    """
    path = folder / "interactions.csv"
    kinds = {"timestamp": "int", "order": "int", "rating": "float"}
    events = read_table(path, ",", None, kinds, ("user_id", "item_id"))
    items = read_table(folder / "items.csv", ",", None, {}, ("item_id", "title"))
    users, _ = _whole_numbers(events.user_id, events.user_id)
    known_items, event_items = _whole_numbers(items.item_id, events.item_id)
    clock = next((name for name in ("timestamp", "order") if name in events), None)
    if clock is None:
        raise StudyError(f"{path} has neither a timestamp nor an order column; add one of them")
    ratings = pd.DataFrame({"user_id": users, "item_id": event_items, "timestamp": events[clock]})
    ratings["rating"] = events.get("rating", 1.0)
    years = pd.to_numeric(items["year"], errors="coerce").fillna(0) if "year" in items else None
    genres = split_genres(items["genres"]) if "genres" in items else [[]] * len(items)
    return build_catalogue(known_items, items.title, genres, years), ratings


def _whole_numbers(names: pd.Series, used: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Ids as int64, `names` and the `used` ones alike: as they are where all are whole numbers, else numbered by first appearance."""
    if names.str.fullmatch(r"-?\d{1,18}").all() and used.str.fullmatch(r"-?\d{1,18}").all():
        return names.astype(np.int64).to_numpy(), used.astype(np.int64).to_numpy()
    codes, _ = pd.factorize(pd.concat([names, used]))
    return codes[: len(names)] + 1, codes[len(names) :] + 1
