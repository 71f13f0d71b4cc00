"""Every path of the study, from the repository root or `DUALREC_HOME`."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
DEFAULT_PROFILE = "laptop"


def home() -> Path:
    """The folder that holds `notebooks/`, `figures/` and `runs/`."""
    return Path(os.environ.get("DUALREC_HOME") or PACKAGE.parent).resolve()


def notebooks() -> Path:
    """The committed notebooks."""
    return home() / "notebooks"


def run_dir(profile: str) -> Path:
    """Everything one profile's run leaves behind; ignored by git."""
    return home() / "runs" / profile


def shared_cache() -> Path:
    """What every profile shares: converted language models and downloads."""
    return home() / "runs" / "cache"


def figures(profile: str) -> Path:
    """`figures/` for the default profile, `runs/<profile>/figures/` for the others."""
    return home() / "figures" if profile == DEFAULT_PROFILE else run_dir(profile) / "figures"


def results(profile: str) -> Path:
    """The profile's `results.json`, beside its figures."""
    return figures(profile) / "results.json"


def readable(path: Path) -> str:
    """The path relative to the study's home where it lies inside, so that no output names a machine."""
    try:
        return Path(path).resolve().relative_to(home()).as_posix()
    except ValueError:
        return str(path)
