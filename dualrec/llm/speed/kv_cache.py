"""A key-value cache with room to grow: what a step adds is written behind what is there, and the rest is not moved.

The usual cache is copied whole at every step. With 32 lists of 280 tokens in the making these are 400 MB a step, which
takes as long as attending to them.
"""

from __future__ import annotations

from typing import cast

import torch
from transformers.cache_utils import Cache, DynamicLayer

ROOM = 32  # tokens for which there is room behind those of a cache whenever it is moved


def roomy_cache() -> Cache:
    """An empty cache, whose layers are made when they are first written to."""
    return Cache(layer_class_to_replicate=RoomyLayer)


class RoomyLayer(DynamicLayer):
    """One layer's keys and values (B, G, S, d): the used part of a larger tensor each, moved only when that is full."""

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Begin with no token and no room."""
        super().lazy_initialization(key_states, value_states)
        self.keys = self._key_room = key_states[:, :, :0]
        self.values = self._value_room = value_states[:, :, :0]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args, **kwargs
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the keys and values of W tokens, (B, G, W, d) each, and return those of all."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        keys, values = cast(torch.Tensor, self.keys), cast(torch.Tensor, self.values)
        self.keys, self._key_room = _appended(keys, self._key_room, key_states)
        self.values, self._value_room = _appended(values, self._value_room, value_states)
        return self.keys, self.values


def _appended(used: torch.Tensor, room: torch.Tensor, new: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The used part of a tensor with new tokens behind it, and the tensor: the same one where there is room.

    used: (B, G, S, d), of `room` unless its rows have been repeated or chosen since
    room: (B, G, S or more, d)
    new: (B, G, W, d)
    """
    before, after = used.shape[2], used.shape[2] + new.shape[2]
    if used.data_ptr() != room.data_ptr() or used.shape[0] != room.shape[0] or after > room.shape[2]:
        room = new.new_empty(*new.shape[:2], after + ROOM, new.shape[3])
        room[:, :, :before] = used
    room[:, :, before:after] = new
    return room[:, :, :after], room
