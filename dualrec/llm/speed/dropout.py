"""Dropout whose random bits are drawn for four numbers at once: a processor spent a tenth of LoRA training on drawing them singly."""

from __future__ import annotations

import torch
from torch import nn

LEVELS = 2**16  # of 16 random bits per number


class QuickDropout(nn.Module):
    """`nn.Dropout`, with p rounded to a multiple of 1 / LEVELS; draws from PyTorch's generator as that does, but other numbers."""

    def __init__(self, p: float):
        super().__init__()
        self.threshold = round(p * LEVELS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape, some of it 0 and the rest larger, so that its mean stays; x itself outside of training."""
        if not self.training:
            return x
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        drawn = words.view(torch.int16)[: x.numel()].view(x.shape)
        return x.masked_fill(drawn < self.threshold - LEVELS // 2, 0) * (LEVELS / (LEVELS - self.threshold))


def quicken_dropout(model: nn.Module) -> None:
    """Put QuickDropout in the place of every `nn.Dropout` of a model that is on a processor; a GPU draws fast enough."""
    if next(model.parameters()).device.type != "cpu":
        return
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, QuickDropout(child.p))
