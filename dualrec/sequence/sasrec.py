"""SASRec with cross-entropy over all items: self-attention where the LSTM has a memory.

Kang and McAuley (2018), Self-Attentive Sequential Recommendation, ICDM; the loss as Klenitskiy and Vasilev (2023),
Turning Dross Into Gold Loss, RecSys, recommend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from dualrec.config import SASRecConfig
from dualrec.sequence.base import NextItemNetwork
from dualrec.sequence.dropout import Dropout
from dualrec.sequence.item_table import ItemTable


class SASRec(NextItemNetwork):
    """A transformer that predicts the next item at every position from the items up to it.

    The item table is its output weights, too. Padding passes through nothing but attention: where histories are short
    there are seven padded positions to ten real ones, even in batches of similar length.

    genres: float32 (N + 1, G)
    titles: int64 (N + 1, 10) word ids, or float32 (N + 1, d) frozen vectors, see `ItemTable`
    config: sizes, and what an item is
    """

    def __init__(self, genres: torch.Tensor, titles: torch.Tensor, config: SASRecConfig):
        super().__init__()
        self.items = ItemTable(genres, titles, config)
        self.position = nn.Embedding(config.window, config.dim)
        tables = [self.position] if self.items.id is None else [self.items.id, self.position]
        for table in tables:
            nn.init.normal_(table.weight, std=0.02)
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = Dropout(config.dropout)
        # its weights alone are used, which are thus drawn and named as the library does
        block = nn.TransformerEncoderLayer(config.dim, config.heads, 4 * config.dim, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, config.blocks, nn.LayerNorm(config.dim), enable_nested_tensor=False)
        self.bias = nn.Parameter(torch.zeros(len(genres)))
        self.heads = config.heads

    def item_table(self) -> torch.Tensor:
        """(N + 1, dim): every item as id | title | genres, or those of them that are read."""
        return self.items()

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
        """(M, dim) states are the queries; the keys are the item table."""
        return states, table, self.bias


def _padded(x: torch.Tensor, places: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """(M, width) -> (B, T, width): rows at their places in a batch of this shape, 0 elsewhere."""
    return x.new_zeros(shape.numel(), x.shape[1]).index_copy(0, places, x).unflatten(0, shape)
