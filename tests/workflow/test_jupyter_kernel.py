"""The kernel of the notebooks: this interpreter, with nobody before the screen where they are executed to be saved."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from dualrec.core import paths
from dualrec.workflow import jupyter_kernel as kernels
from dualrec.workflow import runner

pytestmark = pytest.mark.slow

PARAMETERS = 'import os\nPROFILE = os.environ.get("DUALREC_PROFILE", "laptop")\nSEED = 0'
BARS = """from tqdm.auto import tqdm
from tqdm.autonotebook import tqdm as other
for bar in (tqdm, other):
    list(bar(range(3)))"""
SHOWN = "from dualrec.demo import show_page\nshow_page(None)"


@pytest.mark.parametrize(("manager", "made"), [(kernels.ThisInterpreter, True), (kernels.Unwatched, False)])
def test_any_name_means_this_interpreter(manager, made):
    spec = manager().get_kernel_spec("whatever")
    assert spec.language == "python" and "ipykernel_launcher" in spec.argv
    assert ("ipywidgets" not in spec.argv[-1]) is made


def test_an_executed_notebook_holds_no_widget(tmp_path, monkeypatch):
    """A widget that was made stays in the file, shown or not, and reads as an error where nobody can move it."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    paths.notebooks().mkdir()
    cells = [new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}), new_code_cell(BARS), new_code_cell(SHOWN)]
    nbformat.write(new_notebook(cells=cells), paths.notebooks() / "01_one.ipynb")
    runner.run_notebooks("smoke")
    executed = nbformat.read(tmp_path / "runs/smoke/notebooks/01_one.ipynb", as_version=4)
    assert "widgets" not in executed.metadata and "widget-view" not in nbformat.writes(executed)
    assert all(output.output_type == "stream" for output in executed.cells[-2].outputs), "bars are printed"
    (said,) = executed.cells[-1].outputs
    assert "make demo" in said.data["text/markdown"]
