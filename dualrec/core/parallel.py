"""Several single-threaded calls side by side, one process each.

A second thread would make one call a little faster, and change the last bits of its result.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import torch

from dualrec.core.errors import StudyError


def side_by_side(function: Callable, calls: list[tuple]) -> Iterator[None]:
    """Call a function with each tuple of arguments, as many at once as there are cores; one after another with a GPU.

    function: leaves its results in files; what it prints is dropped, since it would mix with its neighbours'
    calls: one tuple of arguments per call

    Gives back None as each call ends. The processes end with this one, however it ends.
    Raises what a call raises, and StudyError where a process dies.
    """
    at_once = min(len(calls), 1 if torch.cuda.is_available() else os.cpu_count() or 1)
    # fresh processes: one that is forked may inherit locks that the threads of this one hold
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn"), _begin) as pool:
        try:
            for ended in as_completed([pool.submit(_call, function, call) for call in calls]):
                yield ended.result()
        except BrokenProcessPool as error:
            raise StudyError(
                "a process that worked beside others died, most likely for want of memory; "
                "close other programs and run again"
            ) from error
        except BaseException:
            for child in multiprocessing.active_children():
                child.terminate()
            raise


@contextmanager
def limit_threads(number: int) -> Iterator[None]:
    """Let torch compute with `number` threads within the block, here and in every Python thread that begins there."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _begin() -> None:
    """What every process does first."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent hears it, too, and sees to its end
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _call(function: Callable, arguments: tuple) -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        function(*arguments)
