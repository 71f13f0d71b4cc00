"""Attention as plain matrix products, which reads a few new tokens behind a long prompt faster than fused kernels do.

With it comes the check that a model's attention is nothing more than such products.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import AttentionInterface, PreTrainedModel

from dualrec.core.errors import StudyError

GROUPED = "grouped_sdpa"  # for the "sdpa" in it transformers refuses it to models that attend in another way


class AttentionFeature(ValueError):
    """A model hands its attention something that `attend` cannot honour; the message is its name."""


@contextmanager
def grouped_attention(model: PreTrainedModel) -> Iterator[None]:
    """Within the block the model attends by `attend`.

    Raises StudyError for a model whose attention is more than scaled dot products, as Gemma 2's with its caps, or does
    not let itself be replaced.
    """
    before = model.config._attn_implementation
    try:
        model.set_attn_implementation(GROUPED)
        if model.config._attn_implementation != GROUPED:
            raise ValueError("transformers does not replace its attention")
        yield
    except AttentionFeature as error:
        raise _refusal(model, str(error)) from error
    finally:
        model.set_attn_implementation(before)
