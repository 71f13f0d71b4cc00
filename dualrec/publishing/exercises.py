"""Exercises: written as solutions that run, handed out with the solutions taken away.

`notebooks/exercises/solutions/NN_name.py` holds cells: `# %% [markdown]` prose, `# %%` code that is given,
`# %% solution` what a student writes, `# %% check` assertions that tell whether it is right. `make exercises` turns
each file into a notebook and lists its exercises at the end of the notebook they belong to; the tests run the
solutions.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from dualrec.core import paths
from dualrec.core.artifacts import write_text
from dualrec.core.errors import StudyError

KINDS = ("", "[markdown]", "solution", "check")
EXERCISE = re.compile(r"^## (\d+ · .+)$", re.MULTILINE)
YOURS = "# Your turn.\n..."
HEADING = "## Exercises"


def cells_of(text: str, where: str) -> list[tuple[str, str]]:
    """The cells of a solutions file: kind (one of KINDS) and source.

    text: of the file
    where: how an error calls the file

    Raises StudyError for any other kind.
    """
    cells = []
    for kind, source in re.findall(r"^# %% ?([^\n]*)\n(.*?)(?=^# %%|\Z)", text, re.MULTILINE | re.DOTALL):
        if kind not in KINDS:
            kinds = ", ".join(filter(None, KINDS))
            raise StudyError(f"{where}: a cell is called '{kind}'; the kinds are {kinds} and none")
        if kind == "[markdown]":
            source = re.sub(r"^# ?", "", source, flags=re.MULTILINE)
        cells.append((kind, source.strip()))
    return cells


def handed_out(cells: list[tuple[str, str]], name: str) -> nbformat.NotebookNode:
    """The notebook that a student gets, with room in place of the solutions.

    cells: as `cells_of` returns them
    name: of the file, without suffix, from which the ids of its cells are made
    """
    notebook_cells = []
    for number, (kind, source) in enumerate(cells):
        cell_id = f"{name[:2]}-x{number:02}"
        if kind == "[markdown]":
            notebook_cells.append(new_markdown_cell(source, id=cell_id))
        else:
            notebook_cells.append(new_code_cell(YOURS if kind == "solution" else source, id=cell_id))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=notebook_cells, metadata=metadata)


def write_exercises() -> list[Path]:
    """Write every notebook of exercises, and their list into the notebook they belong to; returns the former.

    Raises StudyError for a file of solutions that belongs to no notebook or has no exercise.
    """
    written = []
    for file in sorted((paths.notebooks() / "exercises/solutions").glob("*.py")):
        cells = cells_of(file.read_text(encoding="utf-8"), paths.readable(file))
        titles = [title for kind, source in cells if kind == "[markdown]" for title in EXERCISE.findall(source)]
        study = paths.notebooks() / f"{file.stem}.ipynb"
        if not titles or not study.is_file():
            raise StudyError(f"{paths.readable(file)} has no `## 1 · …` or no notebook {study.name} to belong to")
        target = file.parents[1] / f"{file.stem}.ipynb"
        write_text(target, nbformat.writes(handed_out(cells, file.stem)) + "\n")
        _list_exercises(study, titles)
        written.append(target)
    return written


def _list_exercises(study: Path, titles: list[str]) -> None:
    """Name the exercises before the last cell of a notebook, in place of an earlier list; results stay."""
    notebook = nbformat.read(study, as_version=4)
    lines = "\n".join(f"* {title}" for title in titles)
    text = f"{HEADING}\n\n{lines}\n\nThey wait in [exercises/{study.stem}](exercises/{study.name}), from easy to hard."
    rest = [cell for cell in notebook.cells if not cell.source.startswith(HEADING)]
    notebook.cells = [*rest[:-1], new_markdown_cell(text, id=f"{study.stem[:2]}-exercises"), rest[-1]]
    write_text(study, nbformat.writes(notebook) + "\n")
