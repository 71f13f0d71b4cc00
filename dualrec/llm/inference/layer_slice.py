"""A decoder cut short: a model that reads with its lowest layers alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from dualrec.core.errors import StudyError


@contextmanager
def only_layers(model: PreTrainedModel, number: int) -> Iterator[None]:
    """Within the block the model has its `number` lowest layers alone, all of them for 0, below the same last norm.

    Raises StudyError where it has fewer.
    """
    decoder, config = model.get_decoder(), model.config
    layers = decoder.layers
    if number > len(layers):
        raise StudyError(
            f"layers = {number} in [reader], but the language model has {len(layers)}; take at most that, or 0 for all"
        )
    decoder.layers = layers[: number or None]
    config.num_hidden_layers = len(decoder.layers)
    try:
        yield
    finally:
        decoder.layers, config.num_hidden_layers = layers, len(layers)
