import ctypes

import psutil
import pytest

from dualrec.core import heap
from dualrec.core.heap import return_free_memory

MIB = 2**20


def test_what_was_freed_between_blocks_in_use_goes_back():
    if heap._malloc_trim() is None:
        pytest.skip("another C library than glibc")
    process = psutil.Process()
    blocks = [bytes(b"x" * 2**16) for _ in range(4000)]  # 250 MiB, in blocks too small for a mapping of their own
    kept = blocks[::40]  # one of them lies at the end of the heap, which keeps glibc from returning the rest itself
    full = process.memory_info().rss
    del blocks
    return_free_memory()
    assert full - process.memory_info().rss > 150 * MIB
    assert all(block == b"x" * 2**16 for block in kept)


def test_another_c_library_is_left_alone(monkeypatch):
    def missing(name: str):
        raise OSError(name)

    heap._malloc_trim.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    return_free_memory()
    assert heap._malloc_trim() is None
    heap._malloc_trim.cache_clear()
