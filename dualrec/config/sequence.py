"""The models that score the next item: networks, what stands for an item in them, and those that count."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from dualrec.config.values import STRICT, Count, Dropout, NonNegative, Rate, Share, Subset


@dataclass(frozen=True, config=STRICT)
class TrainingConfig:
    """What the fit loop reads of any next-item network: its training targets and its optimiser."""

    targets: Literal["all", "windows"] = "all"  # "all": every position; "windows": one sample per window, as published
    window: Count = 30  # items the network looks back on, in training and when it ranks
    learning_rate: Rate = 1e-3
    warmup: Share = 0.0  # share of the steps; with any, the rate then falls linearly to zero, else it is constant
    weight_decay: NonNegative = 0.0
    batch_size: Count = 128  # sequences where every position is a target, else windows
    # Sequences of any length together, so that every position counts alike; else those of similar length, which is
    # faster, and where lengths differ much a short sequence's position weighs more.
    mixed_batches: bool = False
    epochs: Count = 10
    patience: Count = 3  # epochs without a better validation NDCG@10 before training ends
    precision: Literal["float32", "bfloat16"] = "float32"  # of training; what bfloat16 costs: `make precision`


@dataclass(frozen=True, config=STRICT)
class ItemConfig(TrainingConfig):
    """What stands for an item, whichever network reads it: id, title and genres side by side."""

    title_dim: Subset = 0  # 0: titles are not read, or only where the ids begin
    genre_dim: Subset = 0  # 0: genres are not read
    years: bool = False  # genres are read together with the year
    # learned word tokens, mean-pooled; or frozen vectors, see `systems/item_features.py`
    title_side: Literal[
        "words", "sbert", "tfidf", "language_model", "tokens", "random_weights", "permuted", "gaussian"
    ] = "words"
    title_layers: Subset = 0  # of the language model that reads titles, the lowest; 0 = all
    # how vectors come in: through a trained layer; as frozen principal components; as what the ids begin with
    title_way: Literal["linear", "frozen_pca", "pca_init"] = "linear"

    def _require_items(self, id_dim: int) -> None:
        """Raise ValueError where an item would be nothing, or what shall be read of its title is not there."""
        if id_dim + self.title_dim + self.genre_dim < 1:
            raise ValueError("an item is neither id nor title nor genres; give one of them a dimension")
        if self.years and not self.genre_dim:
            raise ValueError("years are read together with genres; set genre_dim, or years = false")
        if self.title_way != "linear" and self.title_side == "words":
            raise ValueError(f"title_way '{self.title_way}' takes vectors, and title_side 'words' has none")
        if self.title_way == "pca_init" and (self.title_dim or not id_dim):
            raise ValueError("title_way 'pca_init' is about ids alone; set title_dim = 0 and give ids a dimension")


@dataclass(frozen=True, config=STRICT)
class LSTMConfig(ItemConfig):
    """One LSTM (PAPER §3 as defaults)."""

    id_dim: Subset = 128  # 0: ids are not read
    title_dim: Subset = 64
    genre_dim: Subset = 64
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (256, 128)
    dense: Subset = 256  # 0: no layer between the last LSTM and the output
    dropout: Dropout = 0.3
    input_dropout: Dropout = 0.0
    tied: bool = False  # output weights = the item table

    @model_validator(mode="after")
    def _have_items(self) -> Self:
        self._require_items(self.id_dim)
        return self


@dataclass(frozen=True, config=STRICT)
class SASRecConfig(ItemConfig):
    """One SASRec (Kang and McAuley 2018)."""

    dim: Count = 128  # of an item; its id has what titles and genres leave
    blocks: Count = 2
    heads: Count = 2
    dropout: Dropout = 0.2

    @property
    def id_dim(self) -> int:
        """Numbers of an item's id."""
        return self.dim - self.title_dim - self.genre_dim

    @model_validator(mode="after")
    def _share_the_dimensions(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim ({self.dim}) must be a multiple of heads ({self.heads})")
        if self.id_dim < 0:
            raise ValueError(f"dim ({self.dim}) must be at least title_dim and genre_dim ({self.dim - self.id_dim})")
        self._require_items(self.id_dim)
        return self


@dataclass(frozen=True, config=STRICT)
class TitlesConfig:
    """The LSTMs of chapter 13, an item half as wide as in the LSTM: what stands for it, and how they are trained.

    A third of the LSTM's arithmetic and fewer epochs: twelve of them take minutes. Chosen on validation, with titles.
    """

    arms: tuple[str, ...] = ("ids", "ids_genres_years", "permuted", "sbert")  # none where even that takes too long
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (128,)
    dropout: Dropout = 0.2
    learning_rate: Rate = 5e-3
    batch_size: Count = 32
    epochs: Count = 8


@dataclass(frozen=True, config=STRICT)
class GridConfig:
    """What `make grid_search` tries for every network: each value of a setting with each of the others.

    `make representation` tries the rates and dropouts for every arm, too.
    """

    learning_rate: Annotated[tuple[Rate, ...], Field(min_length=1)] = (1e-3, 3e-3)
    dropout: Annotated[tuple[Dropout, ...], Field(min_length=1)] = (0.2, 0.4)
    weight_decay: Annotated[tuple[NonNegative, ...], Field(min_length=1)] = (0.01, 0.3)


@dataclass(frozen=True, config=STRICT)
class WindowConfig:
    """The windowed Markov chain: steps it looks back, and what is left of a step's weight one step further."""

    window: Count = 12
    decay: Annotated[float, Field(gt=0, le=1)] = 0.85


@dataclass(frozen=True, config=STRICT)
class NeighbourConfig:
    """Item-kNN: neighbours per item, shrinkage in users, items of the history that vote."""

    neighbours: Count = 50
    shrinkage: NonNegative = 10.0
    history: Count = 5


@dataclass(frozen=True, config=STRICT)
class EASEConfig:
    """EASE: the penalty on squared weights, in users."""

    l2: Rate = 500.0


@dataclass(frozen=True, config=STRICT)
class IALSConfig:
    """iALS: numbers per user and item, their penalty, how much an event outweighs none, and passes over the data."""

    factors: Count = 64
    regularisation: Rate = 0.01
    alpha: Rate = 1.0
    epochs: Count = 15
