"""A cache with room holds what transformers' own holds, whatever is done to it."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import DynamicCache

from dualrec.llm.speed import kv_cache as module
from dualrec.llm.speed.kv_cache import roomy_cache

STEPS = st.lists(st.sampled_from([1, 3, 70, -1, -2, "repeat", "reorder"]), max_size=12)


@given(STEPS, st.integers(0, 2**16))
def test_whatever_is_done_it_holds_what_transformers_holds(steps, seed):
    ours, theirs, draw = roomy_cache(), DynamicCache(), torch.Generator().manual_seed(seed)
    for step in (2, *steps):
        rows = 2 if not theirs.layers else len(theirs.layers[0].keys)
        if step == "repeat" and rows < 8:
            ours.batch_repeat_interleave(2), theirs.batch_repeat_interleave(2)
        elif step == "reorder":
            order = torch.randperm(rows, generator=draw)
            ours.reorder_cache(order), theirs.reorder_cache(order)
        elif isinstance(step, int) and step < 0 and theirs.get_seq_length() > -step:
            ours.crop(step), theirs.crop(step)
        elif isinstance(step, int) and step > 0:
            for layer in range(2):
                new = torch.randn(2, rows, 3, step, 4, generator=draw)
                for mine, other in zip(ours.update(*new, layer), theirs.update(*new, layer), strict=True):
                    torch.testing.assert_close(mine, other, rtol=0, atol=0)
    assert ours.get_seq_length() == theirs.get_seq_length()
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        assert torch.equal(mine.keys, other.keys) and torch.equal(mine.values, other.values)


def test_what_is_there_stays_where_it_is_while_there_is_room():
    cache = roomy_cache()
    places = [cache.update(*torch.zeros(2, 1, 1, 1, 4), 0)[0].data_ptr() for _ in range(module.ROOM)]
    assert len(set(places[1:])) == 1  # the first token lies where it was made
