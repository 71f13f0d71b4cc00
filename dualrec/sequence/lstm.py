"""The paper's multimodal LSTM (id, title and genres of every step), and the same network with tied output weights."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from dualrec.config import LSTMConfig
from dualrec.sequence.base import NextItemNetwork
from dualrec.sequence.item_table import ItemTable


class NextItemLSTM(NextItemNetwork):
    """An LSTM that predicts the next item at every position of a sequence.

    genres: float32 (N + 1, G)
    titles: int64 (N + 1, 10) word ids, or float32 (N + 1, d) frozen vectors, see `ItemTable`
    config: sizes, and whether the output weights are tied to the item table
    """

    def __init__(self, genres: torch.Tensor, titles: torch.Tensor, config: LSTMConfig):
        super().__init__()
        self.items = ItemTable(genres, titles, config)
        size, width = len(genres), self.items.width
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
        if self.tied and self.items.id is not None:
            nn.init.normal_(self.items.id.weight, std=0.2)  # ids start as a small part of what an item is

    def item_table(self) -> torch.Tensor:
        """(N + 1, width): every item as id | title | genres, or those of them that are read."""
        return self.items()

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
