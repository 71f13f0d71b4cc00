"""The two networks as they were when the published numbers were measured, before items were put together elsewhere.

Whoever changes the networks of the study compares them with these: same draws, same sums, same last bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from dualrec.config import LSTMConfig, SASRecConfig
from dualrec.sequence.base import NextItemNetwork
from dualrec.sequence.dropout import Dropout


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


class SASRec(NextItemNetwork):
    """A transformer that predicts the next item at every position from the ids up to it.

    The item table is its output weights, too. Padding passes through nothing but attention: where histories are short
    there are seven padded positions to ten real ones, even in batches of similar length.
    """

    def __init__(self, n_items: int, config: SASRecConfig):
        super().__init__()
        self.id = nn.Embedding(n_items + 1, config.dim, padding_idx=0)
        self.position = nn.Embedding(config.window, config.dim)
        for table in (self.id, self.position):
            nn.init.normal_(table.weight, std=0.02)
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = Dropout(config.dropout)
        # its weights alone are used, which are thus drawn and named as the library does
        block = nn.TransformerEncoderLayer(config.dim, config.heads, 4 * config.dim, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, config.blocks, nn.LayerNorm(config.dim), enable_nested_tensor=False)
        self.bias = nn.Parameter(torch.zeros(n_items + 1))
        self.heads = config.heads

    def item_table(self) -> torch.Tensor:
        """(N + 1, dim): the embeddings."""
        return self.id.weight

    def forward(self, items: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """(B, T) item indices, T <= window -> (B, T, dim) states, 0 at padding; the first of a row is always real."""
        real = items > 0
        real[:, 0] = True  # an empty history is one padding item
        places = real.flatten().nonzero()[:, 0]  # (M,)
        ids, positions = items.flatten()[places], places % items.shape[1]
        # (M, dim); plain indexing would add gradients up in any order
        x = self.dropout(self.norm(F.embedding(ids, table) + F.embedding(positions, self.position.weight)))
        for block in cast(Iterable[nn.TransformerEncoderLayer], self.blocks.layers):
            x = x + self.dropout(self._attention(block.self_attn, block.norm1(x), places, items.shape))
            inner = self.dropout(F.gelu(block.linear1(block.norm2(x))))
            x = x + self.dropout(block.linear2(inner))
        return _padded(cast(nn.LayerNorm, self.blocks.norm)(x), places, items.shape)

    def _attention(
        self, weights: nn.MultiheadAttention, x: torch.Tensor, places: torch.Tensor, shape: torch.Size
    ) -> torch.Tensor:
        """(M, dim) -> (M, dim): every position's view of itself and of what lies before it.

        places: int64 (M,), where the positions are among those of a batch of this shape
        """
        parts = _padded(F.linear(x, weights.in_proj_weight, weights.in_proj_bias), places, shape)
        queries, keys, values = parts.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, T, width)
        if self.training:  # the library's attention would draw its dropout the slow way
            logits = queries @ keys.mT * queries.shape[-1] ** -0.5
            later = torch.ones(logits.shape[-2:], dtype=torch.bool, device=x.device).triu(1)
            seen = self.dropout(logits.masked_fill(later, -torch.inf).softmax(dim=-1)) @ values
        else:
            seen = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return weights.out_proj(seen.transpose(1, 2).reshape(-1, x.shape[1]).index_select(0, places))

    def head(self, states: torch.Tensor, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(M, dim) states are the queries; the keys are the embeddings."""
        return states, table, self.bias


def _padded(x: torch.Tensor, places: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """(M, width) -> (B, T, width): rows at their places in a batch of this shape, 0 elsewhere."""
    return x.new_zeros(shape.numel(), x.shape[1]).index_copy(0, places, x).unflatten(0, shape)
