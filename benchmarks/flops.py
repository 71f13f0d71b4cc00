"""How much a language model computes, from its configuration, and how fast the machine can compute at best.

A product of (m, k) and (k, n) is 2mkn operations. Norms, activations and the softmax are left out: they are a hundredth of the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from transformers import PreTrainedConfig

from dualrec.llm.local import LLM


def layer_weights(config: PreTrainedConfig) -> int:
    """Weights of the matrices in all layers of a Llama: queries, keys, values, output, and the three of the gated MLP."""
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    attention = 2 * config.hidden_size * head * (config.num_attention_heads + config.num_key_value_heads)
    return config.num_hidden_layers * (attention + 3 * config.hidden_size * config.intermediate_size)


def reading(config: PreTrainedConfig, tokens: int, seen: int) -> float:
    """Operations of the layers for so many tokens that see `seen` tokens in all, each of them itself and those before it."""
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    attention = 4 * config.num_hidden_layers * config.num_attention_heads * head  # queries x keys, weights x values
    return 2.0 * layer_weights(config) * tokens + attention * seen


def projection(config: PreTrainedConfig, rows: int) -> float:
    """Operations of the logits over the whole vocabulary after so many tokens."""
    return 2.0 * config.hidden_size * config.vocab_size * rows


def passes(config: PreTrainedConfig, lengths: Sequence[int], rows: Sequence[int]) -> float:
    """Operations of reading rows of these lengths once, with logits after `rows` of their tokens."""
    return reading(config, sum(lengths), sum(n * (n + 1) // 2 for n in lengths)) + projection(config, sum(rows))


def training_passes(config: PreTrainedConfig, lengths: Sequence[int], rows: Sequence[int], epochs: int = 1, adapted: int = 0) -> float:
    """So many times the same forward and backward, with frozen weights.

    adapted: upper layers with adapters, 0 = all; those below are read once
    Backward a frozen matrix is used once, for the gradient of its input; both sides of an attention product have a gradient.
    The adapter's own matrices are left out: at rank 8 they are a hundredth of the rest.
    """
    below, above = cut(config, adapted)
    seen = sum(n * (n + 1) // 2 for n in lengths)
    return reading(below, sum(lengths), seen) + epochs * (2 * passes(above, lengths, rows) + reading(above, 0, seen))


def cut(config: PreTrainedConfig, adapted: int) -> tuple[PreTrainedConfig, PreTrainedConfig]:
    """The configuration with the layers below the adapted ones alone, and with the others alone."""
    layers = config.num_hidden_layers
    below, above = copy.copy(config), copy.copy(config)
    above.num_hidden_layers = adapted or layers
    below.num_hidden_layers = layers - above.num_hidden_layers
    return below, above


def squares(llm: LLM, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two seeded square matrices on the model's device and in its precision, whose product shows what the machine can do."""
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(side, side, generator=generator).to(llm.model.device, llm.model.dtype) for _ in range(2))
    return left, right


def multiply(left: torch.Tensor, right: torch.Tensor) -> None:
    """Their product; an entry of it is read, which waits for the device."""
    (left @ right)[0, 0].item()
