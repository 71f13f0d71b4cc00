"""The paper's multimodal LSTM (id, title and genres of every step), and the same network with tied output weights."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from dualrec.config import LSTMConfig
from dualrec.sequence.base import NextItemNetwork


class NextItemLSTM(NextItemNetwork):
    """An LSTM that predicts the next item at every position of a sequence.

    A part of an item that has no dimension is not read: titles, genres, or both, which leaves the id alone.

    genres: float32 (N + 1, G)
    titles: int64 (N + 1, 10) word ids, or float32 (N + 1, d) frozen sentence vectors;
        (N + 1, 0) where they are not read
    config: sizes, and whether the output weights are tied to the item table
    """

    def __init__(self, genres: torch.Tensor, titles: torch.Tensor, config: LSTMConfig):
        super().__init__()
        size = len(genres)
        self.register_buffer("genres", genres, persistent=False)
        # A unit vector of d numbers is tiny in each of them: this brings them to unit variance.
        title_features = titles * titles.shape[1] ** 0.5 if titles.is_floating_point() else titles
        self.register_buffer("titles", title_features, persistent=False)
        self.id = nn.Embedding(size, config.id_dim, padding_idx=0)
        self.title = self.genre = None
        if config.title_dim:
            if config.title_side == "words":
                self.title = nn.EmbeddingBag(5000, config.title_dim, mode="mean", padding_idx=0)
            else:
                self.title = nn.Linear(titles.shape[1], config.title_dim)
        if config.genre_dim:
            self.genre = nn.Sequential(nn.Linear(genres.shape[1], config.genre_dim), nn.ReLU())
        width = config.id_dim + config.title_dim + config.genre_dim
        widths = [width, *config.hidden]
        self.layers = nn.ModuleList(
            nn.LSTM(inputs, outputs, batch_first=True) for inputs, outputs in zip(widths, widths[1:], strict=False)
        )
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.dropout = nn.Dropout(config.dropout)
        self.dense = nn.Identity()
        if config.dense:
            self.dense = nn.Sequential(nn.Linear(widths[-1], config.dense), nn.ReLU(), nn.Dropout(config.dropout))
        self.tied = config.tied
        self.output = nn.Linear(config.dense or widths[-1], width if self.tied else size)
        self.bias = nn.Parameter(torch.zeros(size)) if self.tied else None
        if self.tied:
            nn.init.normal_(self.id.weight, std=0.2)  # ids start as a small part of what an item is

    def item_table(self) -> torch.Tensor:
        """(N + 1, width): every item as id | title | genres, or those of them that are read."""
        parts = [self.id.weight]
        if self.title is not None:
            parts.append(self.title(self.titles))
        if self.genre is not None:
            parts.append(self.genre(self.genres))
        return torch.cat(parts, dim=-1)

    def forward(self, items: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """(B, T) item indices -> (B, T, dim) states; a state knows its own position and what lies before it."""
        # (B, T, width); plain indexing would add gradients up in any order
        x = self.input_dropout(F.embedding(items, table))
        for layer in self.layers:
            x = self.dropout(layer(x)[0])  # (B, T, hidden)
        return self.dense(x)

    def head(self, states: torch.Tensor, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(M, dim) states -> queries, keys and bias; tied: the keys are the item table."""
        if self.bias is None:
            return states, self.output.weight, self.output.bias
        return self.output(states), table, self.bias
