"""Memory that is free inside the process goes back to the system.

glibc keeps what is freed between blocks that are still in use, and a heap per thread: what one stage of a run has freed
is not there for another stage's threads, and their peaks add up.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def return_free_memory() -> None:
    """Give free pages back where the C library is glibc; elsewhere nothing is done."""
    if trim := _malloc_trim():
        trim(0)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):  # no Linux, or one with another C library
        return None
