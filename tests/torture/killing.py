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

PATIENCE = 3600.0  # seconds after which a run counts as hanging


def start(home: Path, *arguments: str) -> subprocess.Popen:
    """`python -m dualrec ...` in a home of its own, with no network, one thread (others run beside it) and nothing on its screen."""
    environment = os.environ | {"DUALREC_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = open(home / "log.txt", "ab")  # noqa: SIM115  the process keeps it
    return subprocess.Popen([sys.executable, "-m", "dualrec", *arguments], env=environment, stdout=log, stderr=log, cwd=home)


def run_whole(home: Path, *arguments: str) -> float:
    """Run to the end; returns the seconds it took. Raises AssertionError with the last lines of its log where it fails."""
    started = time.perf_counter()
    code = start(home, *arguments).wait(PATIENCE)
    assert code == 0, (home / "log.txt").read_text(encoding="utf-8", errors="replace")[-3000:]
    return time.perf_counter() - started


def run_killed(home: Path, kills: int, longest: float, seed: int, *arguments: str) -> list[float]:
    """Kill the run `kills` times after a random while, each time starting it again, then let it end; returns when it was killed.

    longest: seconds, the latest moment. Every second kill leaves the notebook's kernel alone: it has to notice that it is an orphan.
    A run that ends before its moment has come is begun anew from nothing but its caches, with `--again`.
    """
    random_moment, moments = random.Random(seed), []
    while len(moments) < kills:
        process = start(home, *arguments, *(["--again"] if moments and moments[-1] < 0 else []))
        moment = random_moment.uniform(0.5, longest)
        try:
            code = process.wait(moment)
            assert code == 0, (home / "log.txt").read_text(encoding="utf-8", errors="replace")[-3000:]
            moments.append(-moment)  # over before
            continue
        except subprocess.TimeoutExpired:
            moments.append(moment)
        children = psutil.Process(process.pid).children(recursive=True) if len(moments) % 2 else []
        for victim in [*children, process]:
            try:
                victim.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        process.wait(30)
    run_whole(home, *arguments)
    return moments


def leftovers(home: Path) -> list[str]:
    """Half-written files that are still there."""
    return [path.relative_to(home).as_posix() for path in home.rglob(".*.writing")]
