"""What stands for an item in a network: id, title and genres side by side, or those of them that are read."""

from __future__ import annotations

import torch
from torch import nn

from dualrec.config import LSTMConfig, SASRecConfig


class ItemTable(nn.Module):
    """The table of all items that a network looks its inputs up in.

    A part of an item that has no dimension is not read: ids, titles, genres, or two of them.

    genres: float32 (N + 1, G), with more columns where more is known of an item, such as its year
    titles: int64 (N + 1, 10) word ids; or float32 (N + 1, d) frozen vectors of unit length;
        or their principal components, float32 (N + 1, title_dim), where the config says so;
        (N + 1, 0) where they are not read
    config: dimensions of the parts, and how titles come in
    """

    def __init__(self, genres: torch.Tensor, titles: torch.Tensor, config: LSTMConfig | SASRecConfig):
        super().__init__()
        self.width = config.id_dim + config.title_dim + config.genre_dim
        self.register_buffer("genres", genres, persistent=False)
        as_vectors = titles.is_floating_point() and config.title_way == "linear"
        # A unit vector of d numbers is tiny in each of them: this brings them to unit variance.
        title_features = titles * titles.shape[1] ** 0.5 if as_vectors else titles
        self.register_buffer("titles", title_features, persistent=False)
        self.id = nn.Embedding(len(genres), config.id_dim, padding_idx=0) if config.id_dim else None
        self.title = self.genre = None
        if config.title_dim:
            if config.title_side == "words":
                self.title = nn.EmbeddingBag(5000, config.title_dim, mode="mean", padding_idx=0)
            elif config.title_way == "linear":
                self.title = nn.Linear(titles.shape[1], config.title_dim)
            else:
                self.title = nn.Identity()
        if config.genre_dim:
            self.genre = nn.Sequential(nn.Linear(genres.shape[1], config.genre_dim), nn.ReLU())

    def forward(self) -> torch.Tensor:
        """(N + 1, width): every item as id | title | genres, or those of them that are read."""
        parts = [] if self.id is None else [self.id.weight]
        if self.title is not None:
            parts.append(self.title(self.titles))
        if self.genre is not None:
            parts.append(self.genre(self.genres))
        return torch.cat(parts, dim=-1)

    @torch.no_grad()
    def start_ids(self, coordinates: torch.Tensor) -> None:
        """Let the ids begin as given, as widely spread as they are; dimensions beyond those given stay random.

        coordinates: float32 (N + 1, k), row 0 zero
        """
        if self.id is None:
            raise ValueError("there are no ids")
        weight = self.id.weight
        width = min(weight.shape[1], coordinates.shape[1])
        weight[1:, :width] = coordinates[1:, :width] * (weight[1:].std() / coordinates[1:, :width].std())
