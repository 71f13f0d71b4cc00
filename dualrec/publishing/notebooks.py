"""Publish a finished run: the default profile's notebooks, cleaned, and any profile's record in README."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dualrec.core import paths
from dualrec.core.artifacts import write_json, write_text
from dualrec.core.errors import StudyError
from dualrec.evaluation.results import load_results, record_side_run
from dualrec.evaluation.side_by_side import PROFILES
from dualrec.profiles.load import load_profile
from dualrec.publishing.readme import update_readme
from dualrec.publishing.roads import road
from dualrec.publishing.runs import finished_runs
from dualrec.workflow.dependencies import notebook_fingerprints
from dualrec.workflow.manifest import Manifest
from dualrec.workflow.minutes import read_runs

PAPERMILL_TAGS = {"injected-parameters", "papermill-error-cell-tag"}
WIDGET = "application/vnd.jupyter.widget-view+json"
# A token that starts at the root, not the rest of a URL, a fraction or a closing tag; `_machine_path` looks whether the
# folder exists.
ROOTED = re.compile(r"(?<![\w/.:~<+-])(?:/(?P<top>[\w.-]+)/|[A-Za-z]:\\\w)[^\s'\"<>)]*")
ENCODED = {"image/png", "image/jpeg"}


def publish(name: str = paths.DEFAULT_PROFILE) -> list[Path]:
    """Keep what a finished run took and reached, and renew the README's tables.

    What it took stands in `figures/profiles.json`; what it reached on its data is a side run in `figures/results.json`.
    Of the default profile, every executed notebook is cleaned and copied, too.

    name: of the profile

    Returns the notebooks written. Raises StudyError where a notebook has not finished, has changed since it was run, or
    would publish a machine's path; nothing is written then.
    """
    profile = load_profile(name)
    manifest = Manifest(profile.name)
    keys = notebook_fingerprints(profile)
    behind = [notebook.stem for notebook, key in keys.items() if not manifest.is_current(notebook, key)]
    if behind:
        other = "" if profile.name == paths.DEFAULT_PROFILE else f" PROFILE={profile.name}"
        again = f"run `make all{other}` before `make publish{other}`"
        raise StudyError(f"not run, or changed since: {', '.join(behind)}; {again}")
    cleaned = {}
    if profile.name == paths.DEFAULT_PROFILE:
        executed = {notebook: nbformat.read(manifest.executed(notebook), as_version=4) for notebook in keys}
        cleaned = {notebook: clean(content, notebook.name) for notebook, content in executed.items()}
    runs = finished_runs(read_runs(paths.recorded_runs()))
    reached = road(profile.name, runs[profile.name]) if profile.name in PROFILES else None
    for notebook, content in cleaned.items():
        write_text(notebook, nbformat.writes(content) + "\n")
    write_json(paths.recorded_runs(), runs)
    results = paths.results(paths.DEFAULT_PROFILE)
    if reached:
        record_side_run(results, profile.name, "road", reached)
    update_readme(paths.home() / "README.md", load_results(results), runs)
    return list(cleaned)


def clean(notebook: NotebookNode, name: str) -> NotebookNode:
    """An executed notebook without traces of the run, see `tidy`.

    notebook: changed in place, too
    name: how an error calls it

    Raises StudyError naming the cell in which a path of this machine is left.
    """
    notebook = tidy(notebook)
    for number, cell in enumerate(notebook.cells, start=1):
        for text in [cell.source, *_texts(cell)]:
            if shown := _machine_path(text):
                raise StudyError(
                    f"{name}, cell {number} shows the path {shown}; print paths with `dualrec.core.paths.readable`"
                )
    return notebook


def tidy(notebook: NotebookNode) -> NotebookNode:
    """An executed notebook with the same text, code and results, but without traces of the run.

    Dropped: timings and other metadata, cells papermill added, widget state, standard error; home and environment
    folders are shortened to `.`, `.venv` and `~`; execution counts run 1..n.
    """
    cells = [cell for cell in notebook.cells if not PAPERMILL_TAGS & set(cell.metadata.get("tags", []))]
    count = 0
    for cell in cells:
        cell.metadata = NotebookNode({"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {})
        if cell.cell_type == "code":
            count += bool(cell.source.strip())
            cell.execution_count = count if cell.source.strip() else None
            cell.outputs = list(_outputs(cell.outputs, cell.execution_count))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return NotebookNode({"cells": cells, "metadata": nbformat.from_dict(metadata), "nbformat": 4, "nbformat_minor": 5})


def _outputs(outputs: list[NotebookNode], count: int | None) -> Iterator[NotebookNode]:
    """A cell's results: no standard error, no widgets, one block per run of printed lines."""
    printed = None
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if printed is not None:
                printed.text += _without_folders(output.text)
                continue
            output.text = _without_folders(output.text)
            printed = output
        else:
            if WIDGET in output.get("data", {}):
                continue
            printed = None
            for kind, value in output.get("data", {}).items():
                if isinstance(value, str) and kind not in ENCODED:
                    output.data[kind] = _without_folders(value)
            if output.output_type == "execute_result":
                output.execution_count = count
        yield output


def _texts(cell: NotebookNode) -> Iterator[str]:
    """Everything a reader sees of a cell's outputs, encoded pictures aside."""
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        for kind, value in output.get("data", {}).items():
            if isinstance(value, str) and kind not in ENCODED:
                yield value


def _without_folders(text: str) -> str:
    """Shorten the environment's, the study's and the user's folders, the longest first."""
    for folder, short in ((sys.prefix, ".venv"), (str(paths.home()), "."), (str(Path.home()), "~")):
        text = re.sub(rf"{re.escape(folder)}(?=[/\\\s'\"<>),:]|$)", short, text)
    return text


def _machine_path(text: str) -> str | None:
    """The first path that names a folder of this machine, or a Windows drive."""
    for match in ROOTED.finditer(text):
        if match["top"] is None or Path("/", match["top"]).is_dir():
            return match.group()
    return None
