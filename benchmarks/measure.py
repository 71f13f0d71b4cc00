"""Two ways of doing one thing, timed in turns, and the row that is recorded about them."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any


def in_turns(ours: Callable[[], Any], baseline: Callable[[], Any], repetitions: int) -> tuple[float, float]:
    """Median seconds of each: ours, baseline, ours, … so that a machine that grows slower or faster does so for both.

    Nothing is warmed up: of three repetitions or more the median leaves out a slow first one.
    """
    seconds: dict[str, list[float]] = {"ours": [], "baseline": []}
    for _ in range(repetitions):
        for name, run in (("ours", ours), ("baseline", baseline)):
            seconds[name].append(stopwatch(run))
    return median(seconds["ours"]), median(seconds["baseline"])


def stopwatch(run: Callable[[], Any]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def letter(letter: str, name: str, ours: float, baseline: float, unit: str, must: float, **facts: Any) -> dict:
    """One object of `results.json`.

    letter: of the measurement
    name: of what is measured
    ours: a rate, more is better
    baseline: the rate of the plain way of doing the same
    unit: of both rates
    must: the least that their ratio may be
    facts: sizes, and what else was measured
    """
    ratio = ours / baseline
    rates = {"ours": ours, "baseline": baseline, "ratio": ratio, "unit": unit}
    return {"letter": letter, "name": name} | rates | {"must": must, "met": ratio >= must} | facts
