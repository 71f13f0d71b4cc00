"""Dropout whose random draws cost a processor a quarter of the library's."""

from __future__ import annotations

import torch
from torch import nn

STEPS = 2**16  # probabilities that 16 bits tell apart


class Dropout(nn.Module):
    """The library's dropout, with other draws: 16 random bits per number, where the library spends far more.

    So a network is trained as with another seed of the library's, and p is rounded to a multiple of 1 / 65536.
    """

    def __init__(self, p: float):
        super().__init__()
        self.dropped = round(p * STEPS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape; while training, each number is 0 with probability p, and the others grow to keep the mean."""
        if not self.training or not self.dropped:
            return x
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        kept = words.view(torch.int16)[: x.numel()] >= self.dropped - STEPS // 2
        return x * kept.view(x.shape).to(x.dtype).mul_(STEPS / (STEPS - self.dropped))
