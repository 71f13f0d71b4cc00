"""A decoder cut across: its lower layers alone, or its upper ones from where those end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from transformers import PreTrainedModel

from dualrec.core.errors import StudyError


@contextmanager
def only_layers(model: PreTrainedModel, first: int = 0, end: int | None = None, norm: bool = True) -> Iterator[nn.Module]:
    """The decoder, which within the block has none but the layers first to end - 1; up to the last where end is left out.

    norm: whether it ends by bringing its states to one size, as the whole one does
    One that begins higher up takes what the layers below made of a text, as `inputs_embeds`.
    """
    decoder, config = model.get_decoder(), model.config
    layers, last, number = decoder.layers, decoder.norm, config.num_hidden_layers
    decoder.layers = layers[first:end]
    decoder.norm = last if norm else nn.Identity()
    config.num_hidden_layers = len(decoder.layers)
    try:
        yield decoder
    finally:
        decoder.layers, decoder.norm, config.num_hidden_layers = layers, last, number


def require_layers(model: PreTrainedModel, layers: int, section: str) -> None:
    """Raise StudyError where the model has fewer layers than a section of the profile wants."""
    has = model.config.num_hidden_layers
    if layers > has:
        raise StudyError(f"layers = {layers} in [{section}], but the language model has {has}; take at most that, or 0 for all")
