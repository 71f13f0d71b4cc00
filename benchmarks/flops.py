"""How much a language model computes, from its configuration, and how fast the machine can compute at best.

A product of (m, k) and (k, n) is 2mkn operations. Norms, activations and the softmax are left out: they are a hundredth
of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedConfig

from dualrec.llm.local import LLM


def layer_weights(config: PreTrainedConfig) -> int:
    """Weights of the matrices in all layers of a Llama: queries, keys, values, output, and three of the gated MLP."""
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    attention = 2 * config.hidden_size * head * (config.num_attention_heads + config.num_key_value_heads)
    return config.num_hidden_layers * (attention + 3 * config.hidden_size * config.intermediate_size)


def reading(config: PreTrainedConfig, tokens: int, attended: int) -> float:
    """Operations of the layers for reading tokens.

    tokens: that are read
    attended: sum over them of the tokens that each attends to, itself and those before it
    """
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    attention = 4 * config.num_hidden_layers * config.num_attention_heads * head  # queries x keys, weights x values
    return 2.0 * layer_weights(config) * tokens + attention * attended


def projection(config: PreTrainedConfig, rows: int) -> float:
    """Operations of the logits over the whole vocabulary.

    rows: tokens after which they are computed
    """
    return 2.0 * config.hidden_size * config.vocab_size * rows


def passes(config: PreTrainedConfig, lengths: Sequence[int], rows: Sequence[int]) -> float:
    """Operations of reading prompts once.

    lengths: tokens of each
    rows: tokens of each after which logits are computed
    """
    return reading(config, sum(lengths), sum(n * (n + 1) // 2 for n in lengths)) + projection(config, sum(rows))


def training_passes(config: PreTrainedConfig, lengths: Sequence[int], rows: Sequence[int], epochs: int = 1) -> float:
    """Operations of training adapters: in every epoch the same forward and backward, with frozen weights.

    Backward a frozen matrix is used once, for the gradient of its input; both sides of an attention product have a
    gradient. The adapter's own matrices are left out: at rank 8 they are a hundredth of the rest.

    lengths: tokens of each example
    rows: tokens of each example after which logits are computed
    """
    attended = sum(n * (n + 1) // 2 for n in lengths)
    return epochs * (2 * passes(config, lengths, rows) + reading(config, 0, attended))


def squares(llm: LLM, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two seeded square matrices on the model's device and in its precision, whose product shows the machine's peak."""
    generator = torch.Generator().manual_seed(0)

    def square() -> torch.Tensor:
        return torch.randn(side, side, generator=generator).to(llm.model.device, llm.model.dtype)

    return square(), square()


def multiply(left: torch.Tensor, right: torch.Tensor) -> None:
    """Compute the product of two matrices and read an entry of it, which waits for the device."""
    (left @ right)[0, 0].item()
