"""A home of its own in which one notebook of the smoke profile has been run."""

import nbformat
import pytest
from nbformat.v4 import new_notebook

from dualrec.core import paths
from tests.publishing.finished import finish


@pytest.fixture
def finished_home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    paths.notebooks().mkdir()
    nbformat.write(new_notebook(), paths.notebooks() / "01_one.ipynb")
    finish("smoke", "01_one", 2.5)
    return tmp_path
