"""The roomy cache holds what the usual one does, and moves it only when it is full."""

import torch
from transformers import DynamicCache

from dualrec.llm.speed.kv_cache import ROOM, roomy_cache


def tokens(count: int, rows: int = 2) -> torch.Tensor:
    return torch.randn(rows, 3, count, 4)


def test_it_holds_what_the_usual_cache_holds():
    ours, theirs = roomy_cache(), DynamicCache()
    for count in (5, 1, 1, ROOM, 1, 2 * ROOM, 1):
        keys, values = tokens(count), tokens(count)
        for found, expected in zip(ours.update(keys, values, 0), theirs.update(keys, values, 0), strict=True):
            torch.testing.assert_close(found, expected, rtol=0, atol=0)
        assert ours.get_seq_length() == theirs.get_seq_length()


def test_a_step_moves_nothing_while_there_is_room():
    cache = roomy_cache()
    first, _ = cache.update(tokens(5), tokens(5), 0)
    places = {cache.update(tokens(1), tokens(1), 0)[0].data_ptr() for _ in range(ROOM)}
    assert places == {first.data_ptr()}
    assert cache.update(tokens(1), tokens(1), 0)[0].data_ptr() not in places, "it was full"


def test_what_is_cropped_is_written_over_and_repeated_rows_part():
    cache = roomy_cache()
    start = tokens(3, rows=1)
    cache.update(start, start, 0)
    cache.batch_repeat_interleave(2)
    more = tokens(2)
    keys, _ = cache.update(more, more, 0)
    torch.testing.assert_close(keys, torch.cat([start.expand(2, -1, -1, -1), more], dim=2), rtol=0, atol=0)
    cache.crop(-2)
    other = tokens(1)
    keys, _ = cache.update(other, other, 0)
    torch.testing.assert_close(keys, torch.cat([start.expand(2, -1, -1, -1), other], dim=2), rtol=0, atol=0)
