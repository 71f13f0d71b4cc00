"""Every path of the study, from the repository root or `DUALREC_HOME`."""

from __future__ import annotations

import os
from pathlib import Path

from dualrec.core.text import printable

PACKAGE = Path(__file__).resolve().parents[1]
DEFAULT_PROFILE = "laptop"


def home() -> Path:
    """The folder that holds `notebooks/`, `figures/` and `runs/`."""
    return Path(absolute(os.environ.get("DUALREC_HOME") or str(PACKAGE.parent))).resolve()


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


def recorded_runs() -> Path:
    """What the published runs of all profiles took and reached."""
    return figures(DEFAULT_PROFILE) / "profiles.json"


def shards(profile: str) -> Path:
    """What runs beside the notebooks measured with a profile, committed whatever the profile: a folder per family."""
    return home() / "figures" / "shards" / profile


def readable(path: Path) -> str:
    """The path relative to the study's home where it lies inside, so that no output names a machine.

    For people alone: what is not printed is escaped, so it need not be a path any more.
    """
    try:
        return printable(Path(path).resolve().relative_to(home()).as_posix())
    except ValueError:
        return printable(str(path))


def settle() -> None:
    """Make the folders that the environment names absolute, since notebooks run in a folder of their own."""
    for name in ("DUALREC_HOME", "DUALREC_DATA"):
        if value := os.environ.get(name):
            os.environ[name] = absolute(value)


def absolute(path: str) -> str:
    """A path from the environment as an absolute one; it may begin with `~`, which a shell replaces only unquoted."""
    return os.path.abspath(os.path.expanduser(path))
