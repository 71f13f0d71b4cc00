"""Ledgers of lists that another tool made: what they may be called, and which of them a run's folder holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dualrec.core import paths
from dualrec.core.artifacts import write_json
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_sidecar
from dualrec.evaluation.pairing import check_facts

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def require_free_name(folder: Path, name: str, label: str, systems: Mapping[str, str]) -> None:
    """Raise StudyError where lists may not be called so: they would replace others, or pass for them.

    folder: of the ledgers
    name: of theirs
    label: of their row in tables
    systems: name -> label of the study's own
    """
    if not FILE_NAME.fullmatch(name):
        raise StudyError(f"--name '{name}' is no name for a file; use letters, digits, '-', '_' and '.'")
    if name in systems:
        raise StudyError(f"--name '{name}' is a system of the study; choose another name for your lists")
    path = folder / f"{name}.parquet"
    if path.is_file() and not read_sidecar(path).get("imported"):
        raise StudyError(
            f"{paths.readable(path)} is a ledger that was not imported; delete it, or choose another --name"
        )
    others = {*systems.values(), *(text for other, text in imported_labels(folder).items() if other != name)}
    if not label.strip() or label in others:
        raise StudyError(f"--label '{label}' is empty or already the name of other lists; choose another one")


def mark_imported(folder: Path, name: str, label: str) -> None:
    """Let the sidecar of a ledger say that its lists were imported, and what tables call them.

    folder: of the ledgers
    name: of this one
    label: of its row
    """
    write_json(folder / f"{name}.json", _sidecar(folder, name) | {"imported": True, "label": label})


def imported_ledgers(folder: Path, beside: str) -> dict[str, str]:
    """The imported ledgers of a run: name -> label, by name.

    folder: of the run's ledgers
    beside: the system they are to be compared with

    Raises StudyError for one of other data, or of another protocol or split, than that system's.
    """
    labels = imported_labels(folder)
    for name in labels:
        check_facts((name, beside), (_sidecar(folder, name), _sidecar(folder, beside)))
    return labels


def _sidecar(folder: Path, name: str) -> dict:
    return read_sidecar(folder / f"{name}.parquet")


def imported_labels(folder: Path) -> dict[str, str]:
    """The labels of the imported ledgers of a folder, by name, whatever they are of."""
    sidecars = {file.stem: read_sidecar(file) for file in sorted(folder.glob("*.json"))}
    return {name: sidecar["label"] for name, sidecar in sidecars.items() if sidecar.get("imported")}
