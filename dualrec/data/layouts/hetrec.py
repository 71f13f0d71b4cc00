"""HetRec 2011, Last.fm 2k: `artists.dat` and who tagged which artist when.

Its play counts have no time; the tags are the only events in an order. Most are dated to the month.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue
from dualrec.data.dataset import Reading
from dualrec.data.tables import read_table, stored

TIMED = ("user_taggedartists-timestamps.dat", "user_taggedartists-timestamps.derived.dat")  # the first that is there
DATED = "user_taggedartists.dat"  # the same tags by day, month and year
_DATE = ("year", "month", "day")
_IDS = ("userID", "artistID")


def read_tags(folder: Path) -> Reading:
    """An event is that a user tags an artist; several tags of one artist at one time are one event, with rating 1.

    Some tags are of artists that `artists.dat` lacks. They are artists without a name, so that the people and artists
    are those that others count in these data.

    Raises StudyError for missing files and columns and for malformed rows.
    """
    items = read_table(folder / "artists.dat", "\t", None, {"id": "int"}, ("id", "name"))
    timed = next((name for name in TIMED if stored(folder / name).is_file()), None)
    tags = _timed_tags(folder / timed) if timed else _dated_tags(folder / DATED)
    once = tags.drop_duplicates([*_IDS, "timestamp"])
    ratings = once.rename(columns=dict(zip(_IDS, ("user_id", "item_id"), strict=True))).assign(rating=1.0)
    nameless = ratings.item_id[~ratings.item_id.isin(items["id"])]
    ids = [*items["id"], *nameless.unique()]
    names = [*items["name"], *[""] * (len(ids) - len(items))]
    notes = {"ratings_of_one_event": len(tags) - len(once), "ratings_of_nameless_items": len(nameless)}
    return Reading(build_catalogue(ids, names, [[] for _ in ids]), ratings, notes)


def _timed_tags(path: Path) -> pd.DataFrame:
    return read_table(path, "\t", None, {**dict.fromkeys(_IDS, "int"), "timestamp": "time"}, (*_IDS, "timestamp"))


def _dated_tags(path: Path) -> pd.DataFrame:
    """Tags at midnight of their day, in seconds."""
    columns = (*_IDS, *_DATE)
    tags = read_table(path, "\t", None, dict.fromkeys(columns, "int"), columns)
    days = pd.to_datetime(tags[[*_DATE]], errors="coerce")
    if days.isna().any():
        date = "-".join(map(str, tags.loc[days.isna().idxmax(), [*_DATE]]))
        raise StudyError(f"{path} names a day that there is not, {date}; correct or remove the line")
    return tags.assign(timestamp=days.astype("datetime64[s]").astype("int64"))
