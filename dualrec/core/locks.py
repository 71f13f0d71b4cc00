"""A lock on a run's folder: one process at a time works in it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from dualrec.core import paths
from dualrec.core.artifacts import WORKSPACE, write_json
from dualrec.core.errors import StudyError


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Hold a run's folder while the block runs, and first sweep away what killed processes were writing there.

    The operating system holds the lock for the process and lets go of it when the process ends, however it ends: there
    is nothing to delete by hand. Raises StudyError where another process holds it, saying which one and since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / ".holder.json"  # who holds the lock, for people; what decides is the lock
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise StudyError(
            f"{paths.readable(folder)} is in use by {_describe(holder)}; wait for it or stop it, then run again"
        ) from error
    try:
        _sweep(folder)
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        write_json(holder, {"pid": os.getpid(), "command": " ".join(sys.argv[1:]), "since": since})
        yield
    finally:
        lock.release()


def _describe(holder: Path) -> str:
    """The process that holds a lock, in words."""
    try:
        note = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {note['pid']} ('{note['command']}', since {note['since']})"
    except (OSError, ValueError, KeyError, TypeError):  # it has only just begun
        return "another process"


def _sweep(folder: Path) -> None:
    """Remove half-written files of processes that are no more."""
    for hidden in folder.rglob(".*"):
        workspace = WORKSPACE.fullmatch(hidden.name)
        if workspace and not psutil.pid_exists(int(workspace["pid"])):
            shutil.rmtree(hidden, ignore_errors=True)
