"""Whether two runs of the study have the same outcome: ledgers byte for byte, results apart from time and machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_ledger, read_sidecar
from dualrec.evaluation.results import load_results

CLOCK = {
    "wall_seconds",
    "peak_memory_mib",
    "commit",
}  # may differ between the sidecars of two runs with the same outcome
MACHINE = {"commit", "hardware", "side_runs"}  # may differ between their results


def first_difference(a: Path, b: Path) -> str | None:
    """The first difference between two runs in words, None where they agree.

    a: the folder of a run, such as `runs/smoke` or what `evaluate --out` made, or a `results.json`
    b: another one of the same kind

    Raises StudyError where one of them is neither, or is broken.
    """
    a, b = Path(a), Path(b)
    return next(_differences(a, b), None)


def _differences(a: Path, b: Path) -> Iterator[str]:
    if a.is_dir() and b.is_dir():
        has_results = [_has_results(folder) for folder in (a, b)]
        yield from _ledgers(a / "lists", b / "lists")
        if all(has_results):
            yield from _results(results_of(a), results_of(b))
        elif any(has_results):
            yield f"only {a if has_results[0] else b} has results"
    elif a.is_file() and b.is_file():
        yield from _results(a, b)
    else:
        raise StudyError(f"{a} and {b} are not two runs; name two folders such as runs/smoke, or two results.json")


def _has_results(folder: Path) -> bool:
    """Whether a run has a `results.json`: `evaluate` leaves ledgers alone.

    Raises StudyError for a folder that has neither.
    """
    has_results = results_of(folder).is_file()
    if not has_results and not any((folder / "lists").glob("*.parquet")):
        raise StudyError(f"{folder} holds neither results nor ledgers; name the folder of a run, such as runs/smoke")
    return has_results


def results_of(folder: Path) -> Path:
    """Where a run's results belong.

    The default profile draws into `figures/` of its home, the others into their own folder.
    """
    home = folder.resolve().parent.parent
    return (
        home / "figures" / "results.json"
        if folder.name == paths.DEFAULT_PROFILE
        else folder / "figures" / "results.json"
    )


def _ledgers(a: Path, b: Path) -> Iterator[str]:
    in_a, in_b = ({path.stem for path in folder.glob("*.parquet")} for folder in (a, b))
    for name in sorted(in_a | in_b):
        if name not in in_a or name not in in_b:
            yield f"only {b if name not in in_a else a} has a ledger of {name}"
            continue
        one, two = a / f"{name}.parquet", b / f"{name}.parquet"
        if one.read_bytes() != two.read_bytes():
            yield f"ledger {name}: {_row(read_ledger(one), read_ledger(two))}"
        left, right = (_without(read_sidecar(path), CLOCK) for path in (one, two))
        yield from (f"sidecar of {name}: {difference}" for difference in _unequal(left, right, ""))


def _row(one: pd.DataFrame, two: pd.DataFrame) -> str:
    """The first row in which two ledgers differ, in words."""
    if one.shape != two.shape:
        return f"{len(one)} rows and {len(two)}"
    for column in one.columns:
        same = (one[column] == two[column]).fillna(False) | (one[column].isna() & two[column].isna())
        equal = same.to_numpy(bool)
        if not equal.all():
            at = int(equal.argmin())
            user, rank = one.user_id[at], one["rank"][at]
            return f"user {user}, rank {rank}, {column}: {one[column][at]} and {two[column][at]}"
    return "the same rows in different bytes"


def _results(a: Path, b: Path) -> Iterator[str]:
    left, right = (_without(load_results(path), MACHINE) for path in (a, b))
    yield from (f"results: {difference}" for difference in _unequal(left, right, ""))


def _without(facts: dict, names: set[str]) -> dict:
    return {name: value for name, value in facts.items() if name not in names}


def _unequal(a: Any, b: Any, where: str) -> Iterator[str]:
    """Every place where two JSON values differ, in the order of the file."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(key for key in b if key not in a)]:
            place = f"{where}.{key}".lstrip(".")
            if key not in a or key not in b:
                yield f"{place} is in one of them only"
            else:
                yield from _unequal(a[key], b[key], place)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for number, (one, two) in enumerate(zip(a, b, strict=True)):
            yield from _unequal(one, two, f"{where}[{number}]")
    elif a != b:
        yield f"{where} is {a!r} and {b!r}"
