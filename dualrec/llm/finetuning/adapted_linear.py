"""A frozen linear layer with LoRA (Hu et al. 2022) whose training step is written out: peft's result in less time.

peft's layer draws a float32 per input for dropout and goes to float32 and back at every call. Here four inputs share a
random word, and all products are in the type of the base weights; adapter weights stay in float32 for the optimiser.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from peft.tuners.lora import Linear

LEVELS = 2**16  # dropout is drawn in steps of 1 / LEVELS


class AdaptedLinear(Linear):
    """peft's layer with one adapter, which takes and saves the same weights and differs in training alone."""

    def forward(self, x: torch.Tensor, *args, **kwargs) -> torch.Tensor:
        """W x + bias + scaling B A dropout(x).

        x: (..., inputs)
        Returns (..., outputs).
        """
        if not self.training or self.merged or self.disable_adapters:
            return super().forward(x, *args, **kwargs)
        (name,) = self.active_adapters
        base = self.get_base_layer()
        rate = getattr(self.lora_dropout[name], "p", 0.0)  # without dropout peft has an Identity there
        adapter = self.lora_A[name].weight, self.lora_B[name].weight
        return cast(torch.Tensor, _Adapted.apply(x, base.weight, base.bias, *adapter, self.scaling[name], rate))


def kept_inputs(x: torch.Tensor, rate: float) -> tuple[torch.Tensor, float]:
    """Which inputs dropout keeps, and by how much the kept ones grow so that their mean stays the same.

    x: the inputs
    rate: share of inputs that are dropped, rounded to a multiple of 1 / LEVELS
    Returns 0 or 1 for each input, in the shape and type of x. Draws from torch's generator of the device of x, so that
    layers that are computed again for the backward pass drop the same.
    """
    dropped = round(rate * LEVELS)
    words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    kept = words.view(torch.int16)[: x.numel()] >= dropped - LEVELS // 2
    return kept.to(x.dtype).view_as(x), LEVELS / (LEVELS - dropped)


class _Adapted(torch.autograd.Function):
    """The layer's product with gradients for its inputs and the adapter, none for the frozen weights.

    x: (..., inputs)
    weight: (outputs, inputs) frozen
    bias: (outputs,) frozen, or None
    a: (rank, inputs) float32
    b: (outputs, rank) float32
    """

    @staticmethod
    def forward(
        ctx,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scaling: float,
        rate: float,
    ) -> torch.Tensor:
        rows = x.reshape(-1, x.shape[-1])
        kept, growth = kept_inputs(rows, rate) if rate else (None, 1.0)
        left = rows if kept is None else rows * kept
        ctx.scale = scaling * growth  # in float32 beside b: a kept input times 1.11 would be rounded
        a = a.to(x.dtype)
        b = (b * ctx.scale).to(x.dtype)
        inner = left @ a.T  # (rows, rank)
        out = F.linear(rows, weight, bias).addmm_(inner, b.T)
        ctx.save_for_backward(weight, a, b, left, kept, inner)
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        weight, a, b, left, kept, inner = ctx.saved_tensors
        (above,) = gradients
        rows = above.reshape(-1, above.shape[-1])  # (rows, outputs)
        of_inner = rows @ b  # (rows, rank)
        of_a = (of_inner.T @ left).float()
        of_b = (rows.T @ inner).float() * ctx.scale
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = of_inner @ a
            if kept is not None:
                of_x *= kept
            of_x = of_x.addmm_(rows, weight).view(*above.shape[:-1], -1)
        return of_x, None, None, of_a, of_b, None, None
