"""Attention as plain matrix products: on a processor faster than the fused kernels where tokens are few, or numbers are in bfloat16."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import AttentionInterface, PreTrainedModel

from dualrec.core.errors import StudyError

GROUPED = "grouped_sdpa"  # for the "sdpa" in it transformers refuses it to models that attend in another way


@contextmanager
def grouped_attention(model: PreTrainedModel) -> Iterator[None]:
    """Within the block the model attends by `attend`.

    Raises StudyError for a model whose attention is more than scaled dot products, as Gemma 2's with its caps.
    """
    before = model.config._attn_implementation
    try:
        model.set_attn_implementation(GROUPED)
    except ValueError as error:
        raise StudyError(
            f"{type(model).__name__} attends in a way of its own, which attending by plain products cannot do; set another llm.model"
        ) from error
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    **_,
) -> tuple[torch.Tensor, None]:
    """softmax(scaling query·key + mask)·value, with the query heads that share a key head as queries of that head.

    The usual way copies keys and values once per query head, which for a few tokens takes longer than to attend to them; on processors
    with bfloat16 the fused kernel takes up to three times as long, forward and backward, as these products.
    query: (B, H, W, d); key, value: (B, G, S, d), H a multiple of G
    attention_mask: what is added, 0 or -inf, (B, 1, W, S); None: W = S, and no token sees what comes after it; returns (B, W, H, d)
    """
    batch, heads, tokens, size = query.shape
    groups, seen = key.shape[1:3]
    packed = (query * scaling).reshape(batch, groups, heads // groups * tokens, size)
    if attention_mask is None:
        attention_mask = query.new_full((tokens, seen), -torch.inf).triu(1)
    weights = (packed @ key.transpose(2, 3)).view(batch, heads, tokens, seen) + attention_mask
    out = weights.softmax(dim=-1).view(batch, groups, -1, seen) @ value
    return out.view(batch, heads, tokens, -1).transpose(1, 2).contiguous(), None


AttentionInterface.register(GROUPED, attend)
