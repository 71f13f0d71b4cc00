"""SASRec with cross-entropy over all items: self-attention where the LSTM has a memory.

Kang and McAuley (2018), Self-Attentive Sequential Recommendation, ICDM; the loss as Klenitskiy and Vasilev (2023),
Turning Dross Into Gold Loss, RecSys, recommend it.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from dualrec.config import SASRecConfig
from dualrec.sequence.base import NextItemNetwork


class SASRec(NextItemNetwork):
    """A transformer that predicts the next movie at every position from the ids up to it.

    The item table is its output weights, too.
    """

    def __init__(self, n_items: int, config: SASRecConfig):
        super().__init__()
        self.id = nn.Embedding(n_items + 1, config.dim, padding_idx=0)
        self.position = nn.Embedding(config.window, config.dim)
        for table in (self.id, self.position):
            nn.init.normal_(table.weight, std=0.02)
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        block = nn.TransformerEncoderLayer(
            config.dim, config.heads, 4 * config.dim, config.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(block, config.blocks, nn.LayerNorm(config.dim), enable_nested_tensor=False)
        self.bias = nn.Parameter(torch.zeros(n_items + 1))

    def item_table(self) -> torch.Tensor:
        """(N + 1, dim): the embeddings."""
        return self.id.weight

    def forward(self, items: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """(B, T) item indices, T <= window -> (B, T, dim) states; padding on the right lies behind the causal mask."""
        steps = items.shape[1]
        x = self.dropout(self.norm(F.embedding(items, table) + self.position.weight[:steps]))  # (B, T, dim)
        mask = nn.Transformer.generate_square_subsequent_mask(steps, items.device)
        return self.blocks(x, mask, is_causal=True)

    def head(self, states: torch.Tensor, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(M, dim) states are the queries; the keys are the embeddings."""
        return states, table, self.bias
