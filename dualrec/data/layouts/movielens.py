"""The three MovieLens layouts: `u.data`/`u.item`, `ratings.dat`/`movies.dat`, `ratings.csv`/`movies.csv`.

ML-100K and ML-1M are latin-1, the later ones UTF-8; each file is read as UTF-8 and, where that fails, as latin-1.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from dualrec.data.catalogue import Catalogue, build_catalogue
from dualrec.data.dataset import Reading
from dualrec.data.tables import read_table

GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
NO_GENRE = {"unknown", "(no genres listed)", ""}
RATINGS = ["user_id", "item_id", "rating", "timestamp"]
KINDS = {"user_id": "int", "item_id": "int", "rating": "float", "timestamp": "time"}


def read_u_data(folder: Path) -> Reading:
    """ML-100K as published: `u.item` (bars, 19 genre flags) and `u.data` (tabs)."""
    columns = ["item_id", "title", "released", "video", "url", *GENRES_100K]
    items = read_table(folder / "u.item", "|", columns, {"item_id": "int", **dict.fromkeys(GENRES_100K, "int")})
    return Reading(catalogue_100k(items), read_table(folder / "u.data", "\t", RATINGS, KINDS))


def catalogue_100k(items: pd.DataFrame) -> Catalogue:
    """ML-100K's items; the item called `unknown` stays, without year, and the genre `unknown` counts as none."""
    flags = items[list(GENRES_100K)].to_numpy()
    genres = [[g for g, flag in zip(GENRES_100K, row, strict=True) if flag and g not in NO_GENRE] for row in flags]
    return build_catalogue(items.item_id, items.title, genres)


def read_dat(folder: Path) -> Reading:
    """ML-1M: `::` between the columns."""
    items = read_table(folder / "movies.dat", "::", ["item_id", "title", "genres"], {"item_id": "int"})
    catalogue = build_catalogue(items.item_id, items.title, split_genres(items.genres))
    return Reading(catalogue, read_table(folder / "ratings.dat", "::", RATINGS, KINDS))


def read_csv(folder: Path) -> Reading:
    """ml-latest-small and later: CSV with a header."""
    items = read_table(folder / "movies.csv", ",", None, {"movieId": "int"}, ("movieId", "title"))
    kinds = {"userId": "int", "movieId": "int", "rating": "float", "timestamp": "time"}
    ratings = read_table(folder / "ratings.csv", ",", None, kinds, tuple(kinds))
    genres = items["genres"] if "genres" in items else [""] * len(items)
    catalogue = build_catalogue(items.movieId, items.title, split_genres(genres))
    return Reading(catalogue, ratings.rename(columns={"userId": "user_id", "movieId": "item_id"}))


def split_genres(genres: Iterable[str]) -> list[list[str]]:
    """The genres of every item, `Action|Comedy` as two of them, a placeholder for none as an empty list."""
    return [[g for g in map(str.strip, row.split("|")) if g not in NO_GENRE] for row in genres]
