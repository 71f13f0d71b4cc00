"""A run of the study that is killed again and again, as a power cut, a user or the kernel's memory killer would."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from dualrec.core.artifacts import WORKSPACE

PATIENCE = 3600.0  # seconds after which a run counts as hanging


def start(home: Path, *arguments: str) -> subprocess.Popen:
    """`python -m dualrec ...` in a home of its own, with no network and nothing on its screen.

    It has one thread, since others run beside it.
    """
    environment = os.environ | {"DUALREC_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = open(home / "log.txt", "ab")  # noqa: SIM115  the process keeps it
    return subprocess.Popen(
        [sys.executable, "-m", "dualrec", *arguments], env=environment, stdout=log, stderr=log, cwd=home
    )


def run_whole(home: Path, *arguments: str) -> None:
    """Run to the end. Raises AssertionError with the last lines of its log where it fails."""
    code = start(home, *arguments).wait(PATIENCE)
    assert code == 0, (home / "log.txt").read_text(encoding="utf-8", errors="replace")[-3000:]


def run_killed(home: Path, steps: int, delay: float, seed: int, *arguments: str) -> int:
    """Kill the run whenever it has got a little further, start it again, and so on to its end.

    By time alone a slow machine would be killed again and again before it gets anywhere. Every second kill leaves the
    notebook's kernel alone: it has to notice that it is an orphan.

    steps: files that the run may finish, at most, before each kill
    delay: seconds that it then has left, at most
    seed: of both draws

    Returns how often it was killed.
    """
    drawn, kills = random.Random(seed), 0
    while True:
        process = start(home, *arguments)
        goal = files(home) + drawn.randint(0, steps)
        while process.poll() is None and files(home) < goal:
            time.sleep(0.1)
        try:
            code = process.wait(drawn.uniform(0.1, delay))
            assert code == 0, (home / "log.txt").read_text(encoding="utf-8", errors="replace")[-3000:]
            return kills
        except subprocess.TimeoutExpired:
            kills += 1
        children = psutil.Process(process.pid).children(recursive=True) if kills % 2 else []
        for victim in [*children, process]:
            try:
                victim.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        process.wait(30)


def files(home: Path) -> int:
    """How many finished files a run has left so far."""
    return sum(not WORKSPACE.fullmatch(name) for _, _, names in os.walk(home / "runs") for name in names)


def leftovers(home: Path) -> list[str]:
    """Half-written files that are still there."""
    return [path.relative_to(home).as_posix() for path in home.rglob(".*.writing")]
