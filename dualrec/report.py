"""The executed notebooks of a profile as a small web site: one HTML page each and an index."""

from __future__ import annotations

import html
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

from dualrec import paths
from dualrec.artifacts import write_text
from dualrec.errors import StudyError
from dualrec.profiles import load_profile
from dualrec.publish import tidy
from dualrec.runner import Manifest, notebook_paths, readable_seconds

INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>DUALRec: {profile}</title>
<style>body {{ font: 1.1rem/1.6 sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }} small {{ color: #555 }}</style>
<h1>DUALRec, profile {profile}</h1>
<ol>
{entries}
</ol>
</html>
"""


def write_report(profile: str) -> Path:
    """Turn every finished notebook of the profile into HTML in `runs/<profile>/report/`; returns the index page.

    Raises StudyError where no notebook of the profile has finished.
    """
    name = load_profile(profile).name
    manifest = Manifest(name)
    finished = [notebook for notebook in notebook_paths() if notebook.stem in manifest.notebooks and manifest.executed(notebook).is_file()]
    if not finished:
        raise StudyError(f"no finished notebook of profile '{name}'; run `make all PROFILE={name}` first")
    exporter = HTMLExporter()
    folder, entries = paths.run_dir(name) / "report", []
    for notebook in finished:
        content = tidy(nbformat.read(manifest.executed(notebook), as_version=4))
        page, _ = exporter.from_notebook_node(content, resources={"metadata": {"name": notebook.stem}})
        write_text(folder / f"{notebook.stem}.html", page)
        took = readable_seconds(manifest.notebooks[notebook.stem]["seconds"])
        entries.append(f'<li><a href="{notebook.stem}.html">{html.escape(_title(content, notebook.stem))}</a> <small>{took}</small></li>')
    write_text(folder / "index.html", INDEX.format(profile=html.escape(name), entries="\n".join(entries)))
    return folder / "index.html"


def _title(notebook: nbformat.NotebookNode, otherwise: str) -> str:
    """A notebook's first heading."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line.lstrip("# ").strip() for line in lines if line.startswith("# ")), otherwise)
