"""Attention that reads a few tokens behind a long prompt without copying keys and values once per query head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
import torch.nn.functional as F
from transformers import AttentionInterface, PreTrainedModel

from dualrec.core.errors import StudyError

GROUPED = "grouped_sdpa"  # for the "sdpa" in it transformers refuses it to models that attend in another way


class AttentionFeature(Exception):
    """A model asks its attention for something that `attend` does not do; the message names it."""


@contextmanager
def grouped_attention(model: PreTrainedModel) -> Iterator[None]:
    """Within the block the model attends by `attend`.

    Raises StudyError for a model whose attention is more than scaled dot products over all earlier tokens, as Gemma 2's
    with its caps, or cannot be replaced.
    """
    before = cast(str, model.config._attn_implementation)
    try:
        model.set_attn_implementation(GROUPED)
    except ValueError as error:
        raise _refusal(model, "with more than scaled dot products") from error
    if model.config._attn_implementation != GROUPED:  # transformers has logged a warning and changed nothing
        raise _refusal(model, "by code that cannot be replaced")
    try:
        yield
    except AttentionFeature as error:
        raise _refusal(model, str(error)) from error
    finally:
        model.set_attn_implementation(before)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_,
) -> tuple[torch.Tensor, None]:
    """softmax(scaling query·key + mask)·value, with the query heads that share a key head as queries of that head.

    The usual way copies keys and values once per query head, which for a few tokens takes longer than attending does.
    query: (B, H, W, d)
    key, value: (B, G, S, d), H a multiple of G
    attention_mask: (B, 1, W, S) what is added, 0 or -inf
    sliding_window, softcap, s_aux: what transformers calls a window, a cap on the scores and attention sinks
    Returns (B, W, H, d). Raises AttentionFeature where one of the last three is given.
    """
    if sliding_window is not None:
        raise AttentionFeature(f"in a window of {sliding_window} tokens")
    if softcap is not None:
        raise AttentionFeature(f"with scores capped at {softcap:g}")
    if s_aux is not None:
        raise AttentionFeature("with attention sinks")
    batch, heads, tokens, size = query.shape
    groups = key.shape[1]
    packed = query.reshape(batch, groups, heads // groups * tokens, size)
    mask = attention_mask.repeat(1, 1, heads // groups, 1)  # (B, 1, H / G * W, S)
    out = F.scaled_dot_product_attention(packed, key, value, mask, scale=scaling)
    return out.view(batch, heads, tokens, -1).transpose(1, 2).contiguous(), None


def _refusal(model: PreTrainedModel, how: str) -> StudyError:
    return StudyError(
        f"{type(model).__name__} attends {how}, and the study reads with plain attention to all earlier tokens alone; "
        "set llm.model to a model of the Llama, Qwen, Mistral, Phi or Gemma 1 family that does without"
    )


AttentionInterface.register(GROUPED, attend)
