"""A decoder cut short: a model that reads with its lowest layers alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel

from dualrec.core.errors import StudyError
from dualrec.llm.contract import decoder_layers


@contextmanager
def only_layers(model: PreTrainedModel, number: int) -> Iterator[None]:
    """Within the block the model has its `number` lowest layers alone, all of them for 0, below the same last norm.

    Raises StudyError where it has fewer.
    """
    decoder = model.get_decoder()
    layers = decoder_layers(model)
    if number > len(layers):
        raise StudyError(
            f"layers = {number} in [reader], but the language model has {len(layers)}; take at most that, or 0 for all"
        )
    decoder.layers = layers[: number or None]
    model.config.num_hidden_layers = number or len(layers)
    try:
        yield
    finally:
        decoder.layers = layers
        model.config.num_hidden_layers = len(layers)
