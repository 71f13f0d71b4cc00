"""What is served, and what is said where it cannot be."""

import socket

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.demo import server

NOTEBOOK = paths.PACKAGE.parent / "notebooks" / server.NOTEBOOK


def free_port() -> int:
    with socket.socket() as free:
        free.bind((server.HOST, 0))
        return free.getsockname()[1]


def test_a_browser_gets_the_cells_that_are_tagged_and_no_figure_is_drawn_again():
    cells = server.page_cells(None, nbformat.read(NOTEBOOK, as_version=4), "").cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    assert "PROFILE = os.environ" in code and "load_demo" in code and code.endswith("show_page(demo)")
    assert "show(" not in code and "begin(" not in code and "record" not in code
    compile(code, "page", "exec")
    assert cells[0].source.startswith("# 11")


def test_untagged_cells_are_left_out():
    cells = [
        new_markdown_cell("a", metadata={"tags": ["page"]}),
        new_code_cell("b"),
        new_code_cell("c", metadata={"tags": ["parameters"]}),
    ]
    assert [cell.source for cell in server.page_cells(None, new_notebook(cells=cells), "").cells] == ["a", "c"]


def test_a_taken_port_and_a_missing_notebook_are_named(tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind((server.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            StudyError, match=f"port {port} cannot be used .*; name another one, as in --port {port + 1}"
        ):
            server.serve("smoke", port, False)
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    with pytest.raises(StudyError, match="no notebook 11_demo.ipynb in"):
        server.serve("smoke", free_port(), False)


def test_a_model_that_tells_no_probabilities_is_refused_before_a_page_opens():
    with pytest.raises(StudyError, match="needs the model's own probabilities"):
        server.serve("remote", free_port(), False)


def test_the_page_asks_the_network_for_nothing():
    template = (server.TEMPLATES / "voila/templates/dualrec/index.html.j2").read_text(encoding="utf-8")
    assert "http" not in template and "super.super()" in template, "Voilà's own block fetches icon fonts"


def test_it_is_served_to_this_machine_alone():
    config = server._configuration(NOTEBOOK, 8866, False)
    assert config.Voila.ip == "127.0.0.1" and config.Voila.port_retries == 0 and config.Voila.open_browser is False
