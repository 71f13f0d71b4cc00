"""Which notebooks there are, in order, and a record of those that have been run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from dualrec.core import paths
from dualrec.core.artifacts import write_json
from dualrec.core.errors import StudyError
from dualrec.workflow.progress import readable_seconds


def notebook_paths() -> list[Path]:
    """The committed notebooks in order. Raises StudyError where there are none."""
    notebooks = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))
    if not notebooks:
        raise StudyError(
            f"no notebooks named NN_*.ipynb in {paths.notebooks()}; "
            "run from a clone of the repository or set DUALREC_HOME"
        )
    return notebooks


@dataclass
class Manifest:
    """`runs/<profile>/manifest.json`: per finished notebook what it was, what it took, and where.

    notebooks: name of a notebook -> its last execution: "fingerprint", "seconds", "peak_memory_mib", "spent" (kind of
        work -> seconds, see `core.timing`), "environment"
    longest: name of a notebook -> the most "seconds" of all its executions, what they were "spent" on, and the most
        "peak_memory_mib"; a later execution, whose work is partly cached, takes less
    """

    profile: str
    notebooks: dict[str, dict] = field(init=False)
    longest: dict[str, dict] = field(init=False)

    def __post_init__(self):
        self.path = paths.run_dir(self.profile) / "manifest.json"
        saved = json.loads(self.path.read_text(encoding="utf-8")) if self.path.is_file() else {}
        self.notebooks = saved.get("notebooks", {})
        self.longest = saved.get("longest", {})

    def executed(self, notebook: Path) -> Path:
        """Where the executed copy of a notebook lies."""
        return self.path.parent / "notebooks" / notebook.name

    def is_current(self, notebook: Path, key: str) -> bool:
        """Whether the executed copy is there and has this fingerprint."""
        return self.notebooks.get(notebook.stem, {}).get("fingerprint") == key and self.executed(notebook).is_file()

    def forget(self, notebook: Path) -> None:
        """Drop the entry of a notebook that is about to be executed again."""
        if self.notebooks.pop(notebook.stem, None):
            self._write()

    def remember(self, notebook: Path, entry: dict) -> None:
        """Keep the entry of a notebook that has finished."""
        self.notebooks[notebook.stem] = entry
        longest = self.longest.setdefault(notebook.stem, {})
        if entry["seconds"] >= longest.get("seconds", 0):
            longest |= {"seconds": entry["seconds"], "spent": entry["spent"]}
        longest["peak_memory_mib"] = max(longest.get("peak_memory_mib", 0), entry["peak_memory_mib"])
        self._write()

    def left(self, later: list[Path]) -> str:
        """The names of the notebooks still to come, with the time they took here if all have been executed before."""
        names = ", ".join(notebook.stem for notebook in later) or "nothing"
        seconds = [self.longest[notebook.stem]["seconds"] for notebook in later if notebook.stem in self.longest]
        return names + (f" (up to {readable_seconds(sum(seconds))})" if later and len(seconds) == len(later) else "")

    def _write(self) -> None:
        notebooks = dict(sorted(self.notebooks.items()))
        longest = dict(sorted(self.longest.items()))
        write_json(self.path, {"profile": self.profile, "notebooks": notebooks, "longest": longest})
