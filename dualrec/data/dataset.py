"""A loaded data set: catalogue, interactions in file order, original ids of users, and counts of its oddities."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.core.fingerprint import fingerprint
from dualrec.data.catalogue import Catalogue
from dualrec.data.ids import as_ids, with_nobody
from dualrec.data.losses import refuse_heavy_losses


@dataclass(frozen=True)
class Reading:
    """What the reader of a layout makes of its files.

    ratings: columns user_id, item_id (original ids), timestamp, rating and, where some times are written in scientific
        notation, scientific (bool); file order
    notes: name of an oddity -> how many rows have it
    """

    catalogue: Catalogue
    ratings: pd.DataFrame
    notes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """One data set.

    interactions: columns user_id int64 (number of the user, 1..U), item int64 (catalogue index 1..N), timestamp int64
        (for its unit see `columns.ticks_per_second`), rating float32; file order
    user_ids: int64 or text (U + 1,), original ids in rising order by number of the user; 0 or "" for nobody
    digest: content hash for cache keys
    notes: name of an oddity -> how many rows or items have it
    """

    name: str
    catalogue: Catalogue
    interactions: pd.DataFrame
    user_ids: np.ndarray
    digest: str
    notes: dict[str, int]

    @property
    def rows_read(self) -> int:
        """Rows of the file, with those that are left out."""
        left_out = (
            "ratings_of_unknown_items",
            "ratings_listed_twice",
            "ratings_of_one_event",
            "ratings_outside_the_core",
        )
        return len(self.interactions) + sum(self.notes.get(name, 0) for name in left_out)

    @property
    def totals(self) -> dict[str, int]:
        """Rows, users and items that were read, with those that are left out: what `losses.loss_lines` compares."""
        return {
            "rows": self.rows_read,
            "users": len(self.user_ids) - 1 + self.notes.get("users_outside_the_core", 0),
            "items": len(self.catalogue) + self.notes.get("items_outside_the_core", 0),
        }


def build_dataset(name: str, reading: Reading) -> Dataset:
    """Join ratings with the catalogue; those of items that it lacks and rows that stand there twice are left out.

    Raises StudyError where nothing is left, or less than half of the rows.
    """
    catalogue, ratings = reading.catalogue, reading.ratings
    item = catalogue.index_of(ratings.item_id)
    known = item > 0
    if not known.any():
        raise StudyError(
            f"data set '{name}': no rating names an item of its catalogue; check that both files belong together"
        )
    numbers, user_ids = pd.factorize(ratings.user_id, sort=True)
    again = known & _written_before(numbers * (len(catalogue) + 1) + item, ratings)
    kept = known & ~again
    there = np.bincount(numbers[kept], minlength=len(user_ids)) > 0  # users of whom anything is left
    user_ids = as_ids(user_ids[there])
    columns = {
        "user_id": np.cumsum(there)[numbers],
        "item": item,
        "timestamp": ratings.timestamp.to_numpy(np.int64),
        "rating": ratings.rating.to_numpy(np.float32),
    }
    if not kept.all():
        columns = {column: values[kept] for column, values in columns.items()}
    interactions = pd.DataFrame(columns, copy=False)
    notes = {
        "ratings_of_unknown_items": int((~known).sum()),
        "ratings_listed_twice": int(again.sum()),
        **reading.notes,
        **oddities(catalogue, interactions),
    }
    if "scientific" in ratings:
        tied = interactions.duplicated(["user_id", "timestamp"], keep=False) & ratings.scientific.to_numpy()[kept]
        notes["times_tied_by_scientific_notation"] = int(tied.sum())
    refuse_heavy_losses(name, notes, len(ratings))
    user_ids = with_nobody(user_ids)
    return Dataset(name, catalogue, interactions, user_ids, digest_of(catalogue, interactions, user_ids), notes)


def digest_of(catalogue: Catalogue, interactions: pd.DataFrame, user_ids: np.ndarray) -> str:
    """The content hash of a data set with these parts."""
    columns = [interactions[column].to_numpy() for column in interactions]
    return fingerprint(*columns, user_ids[1:], catalogue.ids, catalogue.titles, catalogue.genres, catalogue.genre_names)


def oddities(catalogue: Catalogue, interactions: pd.DataFrame) -> dict[str, int]:
    """How many items of a catalogue lack something, or share it: name -> count.

    interactions: as of a data set
    """
    return {
        "items_without_ratings": len(catalogue) - int(pd.Series(interactions["item"]).nunique()),
        "items_with_a_title_used_twice": int((catalogue.same_title != np.arange(len(catalogue) + 1)).sum()),
        "items_without_year": int((catalogue.years[1:] == 0).sum()),
        "items_without_genre": int((catalogue.genres[1:].sum(axis=1) == 0).sum()),
    }


def _written_before(pairs: np.ndarray, ratings: pd.DataFrame) -> np.ndarray:
    """bool (n,): whether a row repeats an earlier one in user, item, timestamp and rating.

    pairs: int64 (n,), a number for user and item of each row; in most data every pair is there once, and that is known
        for the memory of one column
    """
    again = pd.Series(pairs).duplicated(keep=False).to_numpy(copy=True)
    rows = np.flatnonzero(again)
    candidates = ratings[["timestamp", "rating"]].iloc[rows].assign(pair=pairs[rows])
    again[rows] = candidates.duplicated().to_numpy()
    return again
