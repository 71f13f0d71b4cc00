"""The committed notebooks keep the form readers and tools rely on; what their cells compute is nbval's business."""

import re
from pathlib import Path

import nbformat
import pytest

from dualrec.publishing import notebooks as publish
from dualrec.workflow import runner

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
EXERCISES = sorted(NOTEBOOKS[0].parent.glob("exercises/*.ipynb"))
MAX_LINES = 25
OF_MOVIES = re.compile(r"\b(movies?|films?|watch(es|ed|ing)?|viewers?)\b", re.IGNORECASE)  # not MovieLens, a name


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def test_names_are_numbered_in_order():
    assert [path.name[:3] for path in NOTEBOOKS] == [f"{i:02d}_" for i in range(1, len(NOTEBOOKS) + 1)]


def test_it_starts_with_a_title_and_hears_of_the_profile(notebook):
    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")
    (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert runner._assigned(parameters.source) >= {"PROFILE", "SEED"}
    assert 'os.environ.get("DUALREC_PROFILE", "laptop")' in parameters.source


def test_cells_are_short_and_know_no_profile_by_name(notebook):
    for cell in code(notebook):
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source
        assert not re.search(r"\bif\b.*\b(smoke|PROFILE)\b", cell.source), cell.source


@pytest.mark.parametrize("path", [*NOTEBOOKS, *EXERCISES], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_cell_names_what_only_some_data_hold(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not OF_MOVIES.search(cell.source), f"take the words from the study:\n{cell.source}"


def test_a_figure_of_a_side_run_tells_its_own_protocol_and_hardware(notebook):
    for cell in code(notebook):
        if "Caption(" in cell.source and re.search(r'\bn=.*\["n"\]', cell.source):
            assert "protocol=" in cell.source and "hardware=" in cell.source, cell.source


def test_it_is_published_clean(notebook):
    before = nbformat.writes(notebook)
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert nbformat.writes(publish.clean(notebook, "notebook")) == before


def test_no_cell_failed(notebook):
    assert all(output.output_type != "error" for cell in code(notebook) for output in cell.outputs)


def test_every_notebook_shows_a_figure(notebook):
    assert any("image/png" in output.get("data", {}) for cell in code(notebook) for output in cell.outputs)
