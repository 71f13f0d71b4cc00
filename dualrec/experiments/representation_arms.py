"""What stands for an item in each arm of `representation`, a row each, and what is tried for all of them. Data only.

At a point of the grid all arms are equally wide: what an arm does not read of an item is given to its id, or to the
title where there is no id.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

from dualrec.config import GridConfig, Profile
from dualrec.core.errors import StudyError, did_you_mean

NETWORKS = ("lstm", "sasrec")
WIDTHS = (0.5, 1.0)  # of a title, as shares of the profile's id
LAYERS = (0.2, 0.4, 0.6, 0.8, 1.0)  # shares of the language model's that are tried, at the first point of the grid
# Training ends where validation falls, and nothing else ends it: a rate that sinks to a planned end would.
UNTIL_IT_FALLS = {"epochs": 200, "warmup": 0.0}
SECOND_SEED = 1000  # is added to a seed for another network of the same kind


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What stands for an item.

    label: in tables
    title: `title_side` in the settings of a network, "" where titles are not read
    way: `title_way`
    ids, genres, years: whether they are read; genres and years only where the profile's networks read genres
    """

    label: str
    title: str = ""
    way: str = "linear"
    ids: bool = True
    genres: bool = True
    years: bool = False

    @property
    def by_layers(self) -> bool:
        """Whether some of the language model's layers read, as many as are chosen."""
        return self.title in ("language_model", "random_weights")


class Sum(NamedTuple):
    """Two arms of the same network whose log-probabilities are added, with a weight that is chosen on validation.

    label: in tables
    first, second: arms; where they are the same, the second is trained with another seed
    """

    label: str
    first: str
    second: str


ARMS = {
    "ids": Arm(label="ids", genres=False),
    "ids_genres": Arm(label="ids + genres"),
    "ids_genres_years": Arm(label="ids + genres + year", years=True),
    "words": Arm(label="+ words, learned", title="words"),
    "tfidf": Arm(label="+ TF-IDF", title="tfidf"),
    "sbert": Arm(label="+ SBERT", title="sbert"),
    "language_model": Arm(label="+ language model", title="language_model"),
    "tokens": Arm(label="+ language model, no layers", title="tokens"),
    "random_weights": Arm(label="+ language model, random weights", title="random_weights"),
    "permuted": Arm(label="+ SBERT of other items", title="permuted"),
    "gaussian": Arm(label="+ random directions", title="gaussian"),
    "sbert_alone": Arm(label="SBERT + genres, no ids", title="sbert", ids=False),
    "sbert_pca_init": Arm(label="ids that begin as SBERT", title="sbert", way="pca_init"),
    "sbert_frozen_pca": Arm(label="+ SBERT, frozen components", title="sbert", way="frozen_pca"),
}
SUMS = {
    "sum_ids_sbert": Sum("ids, and SBERT without ids, summed", "ids", "sbert_alone"),
    "sum_ids_ids": Sum("two networks of ids, summed", "ids", "ids"),
}
LABELS = {name: row.label for name, row in (ARMS | SUMS).items()}
IDS_ALONE, WITHOUT_TITLES, PERMUTED, READER = "ids", "ids_genres_years", "permuted", "language_model"
# Who may be the network of ids and text that beats its backbone.
WITH_TEXT = ("tfidf", "sbert", "language_model", "sbert_pca_init", "sbert_frozen_pca", "sum_ids_sbert")
# What is told beside the primary pairs, without a verdict: every arm beside what is read without text; ways in; the sum
# beside the sum that has no text.
DESCRIBED = (
    *((arm, WITHOUT_TITLES) for arm in ARMS if arm != WITHOUT_TITLES),
    (WITHOUT_TITLES, IDS_ALONE),
    ("tfidf", "sbert"),
    ("tokens", "language_model"),
    ("sbert_pca_init", "sbert"),
    ("sbert_frozen_pca", "sbert"),
    ("sum_ids_sbert", "sum_ids_ids"),
)


class Point(NamedTuple):
    """One point of the grid.

    learning_rate, dropout: of the network
    width: of a title, one of WIDTHS
    """

    learning_rate: float
    dropout: float
    width: float

    @property
    def name(self) -> str:
        """As in the name of a shard's arm."""
        return "-".join(f"{value:g}" for value in self)


def points(grid: GridConfig) -> list[Point]:
    """The points of the grid: as many for every arm.

    grid: of the profile, whose weight decays are not searched
    """
    return [Point(*values) for values in itertools.product(grid.learning_rate, grid.dropout, WIDTHS)]


def network_settings(profile: Profile, network: str, arm: Arm, point: Point, layers: int) -> dict[str, Any]:
    """The settings of a network, beside those of the profile, under which it is an arm at a point of the grid.

    An item's id is as wide as the profile's network has it, and genres as its LSTM has them, or in SASRec half as wide
    as the id.

    network: one of NETWORKS
    layers: of the language model
    """
    id_dim, genre_dim = profile.lstm.id_dim, profile.lstm.genre_dim
    if network == "sasrec":
        id_dim = profile.sasrec.dim
        genre_dim = id_dim // 2 if genre_dim else 0
    training = UNTIL_IT_FALLS | {"patience": profile.arm_patience}
    training |= {"learning_rate": point.learning_rate, "dropout": point.dropout}
    item = _item(arm, id_dim, round(point.width * id_dim), genre_dim, layers)
    if network == "sasrec":
        item["dim"] = item.pop("id_dim") + item["title_dim"] + item["genre_dim"]
    return training | item


def lstm_settings(profile: Profile, name: str) -> dict[str, Any]:
    """The settings, beside those of the profile's LSTM, under which it is an arm of chapter 13: smaller, see `config`.

    name: of an arm that no layers read

    Raises StudyError for one that is not in the table.
    """
    if name not in ARMS:
        raise StudyError(f"unknown arm '{name}'{did_you_mean(name, ARMS)}; the arms are {', '.join(ARMS)}")
    settings = {key: value for key, value in vars(profile.titles).items() if key != "arms"}
    settings |= {"dense": 0, "patience": profile.titles.epochs}
    halves = (dim // 2 for dim in (profile.lstm.id_dim, profile.lstm.title_dim, profile.lstm.genre_dim))
    return settings | _item(ARMS[name], *halves, layers=0)


def _item(arm: Arm, id_dim: int, title_dim: int, genre_dim: int, layers: int) -> dict[str, Any]:
    """What stands for an item, in the settings of an LSTM: of each part as many numbers as given.

    What the arm does not read goes to the id, or to the title where there is no id.
    """
    genres = genre_dim if arm.genres else 0
    titles = title_dim if arm.title and arm.way != "pca_init" else 0
    if not arm.ids:
        titles = id_dim + title_dim + genre_dim - genres
    ids = id_dim + title_dim + genre_dim - genres - titles
    item = {"id_dim": ids, "title_dim": titles, "genre_dim": genres, "years": arm.years and genres > 0}
    if arm.title:
        item |= {"title_side": arm.title, "title_way": arm.way, "title_layers": layers if arm.by_layers else 0}
    return item
