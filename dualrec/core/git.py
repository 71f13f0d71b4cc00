"""What git knows of this copy of the study."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git_commit(home: Path) -> str:
    """Short hash of the commit checked out in `home`, "-dirty" where files differ from it, "unknown" outside git.

    `figures/` does not count as a difference: it is what a run draws, not what it is drawn from.
    """
    folder_in_repository = ask_git(home, "rev-parse", "--show-prefix")
    commit = ask_git(home, "rev-parse", "--short=7", "HEAD")
    if (
        folder_in_repository != "" or not commit
    ):  # a folder within somebody else's repository has not this study's commit
        return "unknown"
    return commit + ("-dirty" if ask_git(home, "status", "--porcelain", "--", ".", ":(exclude)figures") else "")


def ask_git(home: Path, *arguments: str) -> str | None:
    """What git prints in the folder `home`, None where it fails or is not installed."""
    # without GIT_DIR and its like, which point to another repository: within a hook of it they are set
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape").strip()
