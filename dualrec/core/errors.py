"""The errors a user can do something about, and the nearest valid name for a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process


class StudyError(Exception):
    """What is wrong, where, and what to do about it, in one sentence that is printed without a traceback."""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """` (did you mean 'x'?)` where a valid name is close, else nothing."""
    best = process.extractOne(name, list(names), scorer=fuzz.ratio, score_cutoff=60)
    return f" (did you mean '{best[0]}'?)" if best else ""
