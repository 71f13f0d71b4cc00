"""Where the seconds of a process go, by kind of work; what is left of a notebook's seconds is its rest.

training: the small networks and the reader's head learn
tuning: LoRA, with its validation
reading: the language model or the sentence encoder reads: beams, candidates, hidden states, title vectors
writing: the language model writes freely
imports: the process begins, and modules are imported

Only the standard library is imported here: what a kernel imports before `begin` is not seen as an import.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

Kind = Literal["training", "tuning", "reading", "writing", "imports"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FILE = "DUALREC_TIMES"  # the variable that names the file in which a kernel leaves its seconds


class _Clock:
    """One kind of work runs at a time, or none."""

    def __init__(self):
        self.totals: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
        self.kind: Kind | None = None
        self.since = 0.0

    def turn_to(self, kind: Kind | None) -> Kind | None:
        """End the kind that runs, begin another one or none, and return the one that ended."""
        now = time.perf_counter()
        if self.kind:
            self.totals[self.kind] += now - self.since
        before, self.kind, self.since = self.kind, kind, now
        return before


_clock = _Clock()


@contextmanager
def spent(kind: Kind) -> Iterator[None]:
    """Count the wall seconds of the block.

    A block within another one counts for the outer one, and a block in another thread than the main one not at all,
    since the main thread waits for it: put it around the call that waits. An import within a block is an import.
    """
    if _clock.kind or threading.current_thread() is not threading.main_thread():
        yield
        return
    _clock.turn_to(kind)
    try:
        yield
    finally:
        _clock.turn_to(None)


def seconds_spent() -> dict[Kind, float]:
    """Seconds of this process so far, by kind; a block counts once it has ended."""
    return dict(_clock.totals)


def begin() -> None:
    """The first thing that a kernel does: count imports, and leave all seconds in a file after every cell.

    After every cell, since nobody promises that a kernel which is shut down comes to its end. The variable that names
    the file is taken out of the environment, so that no process that the kernel starts writes there, too.
    """
    from IPython.core.interactiveshell import InteractiveShell  # which a kernel has imported already

    file = Path(os.environ.pop(FILE))
    _clock.totals["imports"] = time.process_time()  # of the processor, since no clock tells exactly when it began
    count_imports()

    def leave(_) -> None:
        file.write_text(json.dumps(seconds_spent()), encoding="utf-8")

    InteractiveShell.instance().events.register("post_run_cell", leave)


def count_imports() -> None:
    """Count from now on the seconds of every import, which takes with it those that it leads to.

    What is loaded already is handed on at once, `from … import …` apart, which may load a module of a package.
    """
    plain, loaded, main = builtins.__import__, sys.modules, threading.main_thread().ident

    def counted(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002  as Python calls it
        known = name in loaded and not fromlist
        if known or _clock.kind == "imports" or threading.get_ident() != main:
            return plain(name, globals, locals, fromlist, level)
        before = _clock.turn_to("imports")
        try:
            return plain(name, globals, locals, fromlist, level)
        finally:
            _clock.turn_to(before)

    builtins.__import__ = counted
