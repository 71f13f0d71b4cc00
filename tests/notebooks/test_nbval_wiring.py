"""`make test` compares marked cells, ignores the others and stops at errors.

It uses this interpreter in the smoke profile.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def test_nbval_as_make_calls_it(tmp_path):
    def cell(source, shown):
        return new_code_cell(source, outputs=[new_output("stream", text=shown)], execution_count=1)

    marked, seen = (
        "# NBVAL_CHECK_OUTPUT\n",
        "import os, sys\nprint(os.environ['DUALREC_PROFILE'], os.environ['HF_HUB_OFFLINE'], sys.executable)",
    )
    cells = {
        "same": cell(f"{marked}print(1 + 1)", "2\n"),
        "environment": cell(f"{marked}{seen}", f"smoke 1 {sys.executable}\n"),
        "unmarked": cell("print(3)", "4\n"),
        "different": cell(f"{marked}print(5)", "6\n"),
        "error": new_code_cell("1 / 0", execution_count=1),
    }
    (tmp_path / "notebooks").mkdir()
    # No such kernel is installed: nbval has to take the interpreter it runs in.
    metadata = {"kernelspec": {"name": "absent", "display_name": "absent", "language": "python"}}
    nbformat.write(new_notebook(cells=list(cells.values()), metadata=metadata), tmp_path / "notebooks/01_x.ipynb")
    shutil.copy(ROOT / "conftest.py", tmp_path)
    plan = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    arguments = re.search(r"-m pytest (--nbval.*)$", plan, re.MULTILINE)[1].split()
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    verdicts = re.findall(r"::Cell \d+ (PASSED|FAILED)", run.stdout)
    assert dict(zip(cells, verdicts, strict=True)) == {
        "same": "PASSED",
        "environment": "PASSED",
        "unmarked": "PASSED",
        "different": "FAILED",
        "error": "FAILED",
    }, run.stdout
    assert run.returncode == 1
