"""The ledgers of one run as a table: every system with its intervals, and whether it can be told from the first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.families import compared
from dualrec.evaluation.imported import imported_labels
from dualrec.evaluation.metrics import summarise
from dualrec.evaluation.pairing import Side, pair
from dualrec.evaluation.results import results_table, signed

BY = "NDCG@10"  # that orders the systems and is compared


def standings(run: Path, systems: Mapping[str, str], resamples: int, seed: int) -> tuple[str, str]:
    """A markdown table of a run's systems, imported lists and models of one's own, and a sentence on how to read it.

    The first is the best by BY of those that are tested on most users: it is chosen by the numbers that are shown,
    which flatters it. All others are compared with it user by user, and the verdicts corrected for their number.

    run: a folder with `lists/`
    systems: name -> label of the study's own, in the order of the table
    resamples: of the bootstrap of differences; intervals of single systems are those of `metrics.summarise`
    seed: of the bootstrap

    Raises StudyError where there is no such ledger, and for two that must not be compared.
    """
    folder = Path(run) / "lists"
    labels = _labels(folder, systems)
    if not labels:
        raise StudyError(
            f"{paths.readable(folder)} has no ledger of a system; `evaluate --out` writes some, or name a run"
        )
    sides = {name: Side.read(folder / f"{name}.parquet") for name in labels}
    entries = {name: summarise(side.ledger, seed=seed) for name, side in sides.items()}
    first = max(entries, key=lambda name: (entries[name]["n"], entries[name]["metrics"][BY]["value"]))
    others = [name for name in labels if name != first]
    both = [pair(sides[name], sides[first]) for name in others]
    family = compared([(pd.Series(p.a[BY]), pd.Series(p.b[BY])) for p in both], resamples, seed) if both else []
    corrected = dict(zip(others, family, strict=True))
    rows = {name: entry | {"label": labels[name]} for name, entry in entries.items()}
    head, rule, *lines = results_table({"systems": rows}).splitlines()
    cells = [_change(corrected[name]) if name in corrected else "the first" for name in labels]
    table = [
        f"{head} Δ {BY} |",
        f"{rule} --- |",
        *(f"{line} {text} |" for line, text in zip(lines, cells, strict=True)),
    ]
    sidecar = sides[first].sidecar or {}
    about = (
        f"{sidecar.get('data')}; {sidecar.get('protocol')}. In brackets: 95 % bootstrap interval over users. "
        f"Δ: against {labels[first]}, the best by {BY} here, user by user; intervals and verdicts hold for "
        f"{len(others)} comparison{'' if len(others) == 1 else 's'} together."
    )
    return "\n".join(table), about


def _labels(folder: Path, systems: Mapping[str, str]) -> dict[str, str]:
    """Which ledgers of a folder the table has: name -> label. Those of notebooks' other questions stay out."""
    there = {path.stem for path in folder.glob("*.parquet") if path.with_suffix(".json").is_file()}
    labels = {name: label for name, label in systems.items() if name in there}
    own = {name: name.rpartition(".")[2] for name in sorted(there) if "." in name}  # `package.module.Class`
    return labels | own | imported_labels(folder)


def _change(difference: dict) -> str:
    """`-0.012 [-0.030, -0.003], worse`."""
    return f"{signed(difference)}, {difference['verdict']}"
