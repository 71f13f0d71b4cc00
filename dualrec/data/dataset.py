"""A loaded data set: catalogue, interactions in file order, and what had to be handled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.core.artifacts import fingerprint
from dualrec.core.errors import StudyError
from dualrec.data.catalogue import Catalogue


@dataclass(frozen=True)
class Dataset:
    """One data set.

    interactions: columns user_id int64, item int64 (catalogue index 1..N), timestamp int64, rating float32; file order
    digest: content hash for cache keys; notes: what was handled on reading, by name
    """

    name: str
    catalogue: Catalogue
    interactions: pd.DataFrame
    digest: str
    notes: dict[str, int]


def build_dataset(name: str, catalogue: Catalogue, ratings: pd.DataFrame) -> Dataset:
    """Join ratings (user_id, item_id, timestamp, rating; original ids) with the catalogue.

    Ratings of items that the catalogue lacks are dropped and counted.
    Raises StudyError when nothing is left.
    """
    item = catalogue.index_of(ratings.item_id)
    known = item > 0
    if not known.any():
        raise StudyError(f"data set '{name}': no rating names an item of its catalogue; check that both files belong together")
    interactions = pd.DataFrame(
        {
            "user_id": ratings.user_id.to_numpy(np.int64),
            "item": item,
            "timestamp": ratings.timestamp.to_numpy(np.int64),
            "rating": ratings.rating.to_numpy(np.float32),
        }
    )[known].reset_index(drop=True)
    notes = {
        "ratings_of_unknown_items": int((~known).sum()),
        "items_without_ratings": len(catalogue) - interactions.item.nunique(),
        "items_with_a_title_used_twice": int((catalogue.same_title != np.arange(len(catalogue) + 1)).sum()),
        "items_without_year": int((catalogue.years[1:] == 0).sum()),
        "items_without_genre": int((catalogue.genres[1:].sum(axis=1) == 0).sum()),
    }
    columns = [interactions[c].to_numpy() for c in interactions]
    digest = fingerprint(*columns, catalogue.ids, catalogue.titles, catalogue.genres, catalogue.genre_names)
    return Dataset(name, catalogue, interactions, digest, notes)
