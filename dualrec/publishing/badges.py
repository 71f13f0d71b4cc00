"""Badges for the README of a copy on GitHub: its tests, and every notebook on Binder and Colab.

They need an address, which only a copy has.
"""

from __future__ import annotations

import re
from pathlib import Path

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.core.git import ask_git
from dualrec.publishing.readme import replace_block
from dualrec.workflow.manifest import notebook_paths

REMOTE = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")


def write_badges(readme_path: Path, repository: str | None = None) -> str:
    """Put the badges between their markers in the README; returns the repository's OWNER/NAME.

    readme_path: of the README
    repository: OWNER/NAME on GitHub; where git's remote `origin` points if left out

    Raises StudyError where that is not known or is no such name.
    """
    home = paths.home()
    origin = REMOTE.fullmatch(ask_git(home, "remote", "get-url", "origin") or "")
    name = repository or (origin and origin["name"])
    if not name or not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        fault = f"'{repository}' is not OWNER/NAME" if repository else "git's remote `origin` is not on GitHub"
        raise StudyError(f"{fault}; say where the copy lies, as in `python -m dualrec badges --repository ada/dualrec`")
    replace_block(readme_path, "badges", badges(name, ask_git(home, "branch", "--show-current") or "main"))
    return name


def badges(repository: str, branch: str) -> str:
    """Markdown: badges, and a link to each notebook on both services with what its first cell needs on Colab.

    repository: OWNER/NAME on GitHub
    branch: that the links lead to
    """
    binder = f"https://mybinder.org/v2/gh/{repository}/{branch}?urlpath=lab/tree/notebooks"
    colab = f"https://colab.research.google.com/github/{repository}/blob/{branch}/notebooks"
    tests = f"https://github.com/{repository}/actions/workflows/ci.yml"
    folder = repository.split("/")[1]
    names = [path.name for path in notebook_paths()]
    rows = [f"| {name[:-6]} | [Binder]({binder}/{name}) | [Colab]({colab}/{name}) |" for name in names]
    table = "\n".join(["| notebook | | |", "| --- | --- | --- |", *rows])
    return f"""
[![tests]({tests}/badge.svg)]({tests}) [![Binder](https://mybinder.org/badge_logo.svg)]({binder}/{names[0]})

{table}

On Colab, run this in a new first cell (a quarter of an hour), restart the session, and run it again (seconds):

```
![ -d {folder} ] || git clone https://github.com/{repository}
!cd {folder} && make run PROFILE=smoke ENV=active
%env DUALREC_PROFILE=smoke
```
"""
