"""A loaded data set: catalogue, interactions in file order, and counts of its oddities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.core.fingerprint import fingerprint
from dualrec.data.catalogue import Catalogue


@dataclass(frozen=True)
class Dataset:
    """One data set.

    interactions: columns user_id int64, item int64 (catalogue index 1..N), timestamp int64, rating float32; file order
    digest: content hash for cache keys
    notes: name of an oddity -> how many rows or items have it
    """

    name: str
    catalogue: Catalogue
    interactions: pd.DataFrame
    digest: str
    notes: dict[str, int]


def build_dataset(name: str, catalogue: Catalogue, ratings: pd.DataFrame) -> Dataset:
    """Join ratings with the catalogue; those of items that the catalogue lacks are dropped and counted.

    ratings: columns user_id, item_id, timestamp, rating; original ids, file order

    Raises StudyError when nothing is left.
    """
    item = catalogue.index_of(ratings.item_id)
    in_catalogue = item > 0
    if not in_catalogue.any():
        raise StudyError(
            f"data set '{name}': no rating names an item of its catalogue; check that both files belong together"
        )
    interactions = pd.DataFrame(
        {
            "user_id": ratings.user_id.to_numpy(np.int64),
            "item": item,
            "timestamp": ratings.timestamp.to_numpy(np.int64),
            "rating": ratings.rating.to_numpy(np.float32),
        }
    ).loc[in_catalogue]
    interactions = interactions.reset_index(drop=True)
    notes = {
        "ratings_of_unknown_items": int((~in_catalogue).sum()),
        "items_without_ratings": len(catalogue) - interactions["item"].nunique(),
        "items_with_a_title_used_twice": int((catalogue.same_title != np.arange(len(catalogue) + 1)).sum()),
        "items_without_year": int((catalogue.years[1:] == 0).sum()),
        "items_without_genre": int((catalogue.genres[1:].sum(axis=1) == 0).sum()),
    }
    columns = [interactions[name].to_numpy() for name in interactions.columns]
    digest = fingerprint(*columns, catalogue.ids, catalogue.titles, catalogue.genres, catalogue.genre_names)
    return Dataset(name, catalogue, interactions, digest, notes)
