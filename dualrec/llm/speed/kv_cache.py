"""A key-value cache with room: what it holds is not copied again for every token that comes."""

from __future__ import annotations

import torch
from transformers import Cache
from transformers.cache_utils import DynamicLayer

ROOM = 64  # tokens more than there are, whenever a layer moves


def roomy_cache() -> Cache:
    """An empty cache for a decoder whose layers all attend to everything."""
    return Cache(layer_class_to_replicate=RoomyLayer)


class RoomyLayer(DynamicLayer):
    """The keys and values of one layer, (B, G, S, d): the first S tokens of tensors with room for more."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rooms: dict[str, torch.Tensor] = {}

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args, **kwargs) -> tuple[torch.Tensor, torch.Tensor]:
        """Append W tokens, (B, G, W, d) each, and return all there are."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.keys = self._append("keys", self.keys, key_states)
        self.values = self._append("values", self.values, value_states)
        return self.keys, self.values

    def _append(self, name: str, held: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        if not held.numel():
            return new
        batch, groups, before, size = held.shape
        after, room = before + new.shape[2], self.rooms.get(name)
        # whoever repeats or reorders the cache puts other tensors in the place of these
        if room is None or room.data_ptr() != held.data_ptr() or len(room) != batch or room.shape[2] < after:
            room = self.rooms[name] = held.new_empty(batch, groups, after + ROOM, size)
            room[:, :, :before] = held
        room[:, :, before:after] = new
        return room[:, :, :after]
