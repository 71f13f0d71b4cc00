import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.results import side_runs
from dualrec.profiles.load import load_profile
from dualrec.publishing import notebooks as publish
from dualrec.workflow.dependencies import notebook_fingerprints
from dualrec.workflow.manifest import Manifest

PARAMETERS = new_code_cell('PROFILE = "laptop"\nSEED = 0', metadata={"tags": ["parameters"]})


def executed(*cells):
    """A notebook as papermill leaves it: an injected cell, timings everywhere, counts with a gap."""
    injected = new_code_cell(
        '# Parameters\nPROFILE = "laptop"', metadata={"tags": ["injected-parameters"]}, execution_count=2
    )
    all_cells = [new_markdown_cell("# A question"), PARAMETERS.copy(), injected, *cells]
    for count, cell in enumerate(all_cells):
        cell.metadata = {
            **cell.metadata,
            "papermill": {"start_time": "2026-01-02T03:04:05.678"},
            "execution": {"iopub.execute_input": "2026"},
        }
        if cell.cell_type == "code":
            cell.execution_count = count
    metadata = {
        "papermill": {"end_time": "2026-01-02"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x": 1}}},
        "kernelspec": {"display_name": "mine", "name": "my-kernel", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.7"},
    }
    return new_notebook(cells=all_cells, metadata=metadata)


def cell(source, *outputs):
    return new_code_cell(source, outputs=list(outputs))


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def test_traces_of_the_run_go_and_results_stay():
    widget = new_output("display_data", data={publish.WIDGET: {"model_id": "abc"}, "text/plain": "HBox(...)"})
    dirty = executed(
        cell("f()", printed("one\n"), printed("a warning", "stderr"), printed("two\n"), widget),
        cell("1 + 1", new_output("execute_result", data={"text/plain": "2"}, execution_count=9)),
        cell(""),
        cell("g()", new_output("display_data", data={"image/png": "aGVsbG8/home/x", "text/plain": "<Figure>"})),
    )
    clean = publish.clean(dirty, "01_x.ipynb")
    nbformat.validate(clean)
    assert [c.source for c in clean.cells] == ["# A question", PARAMETERS.source, "f()", "1 + 1", "", "g()"]
    assert [c.execution_count for c in clean.cells if c.cell_type == "code"] == [1, 2, 3, None, 4]
    assert clean.cells[1].metadata == {"tags": ["parameters"]}
    assert [o.text for o in clean.cells[2].outputs] == ["one\ntwo\n"]
    assert clean.cells[3].outputs[0].execution_count == 3
    assert clean.cells[5].outputs[0].data["image/png"] == "aGVsbG8/home/x"
    text = nbformat.writes(clean)
    assert not re.search(r"papermill|2026|widget|iopub|my-kernel|3\.11", text)


def test_cleaning_twice_changes_nothing():
    once = publish.clean(executed(cell("f()", printed("one\n"), printed("two\n"))), "01_x.ipynb")
    text = nbformat.writes(once)
    assert nbformat.writes(publish.clean(once, "01_x.ipynb")) == text


def test_own_folders_are_shortened(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "study"))
    said = f"{sys.prefix}/lib/x.py {paths.home()}/runs '{Path.home()}/notes' {paths.home()}"
    html = new_output("display_data", data={"text/html": f"<td>{paths.home()}</td>"})
    clean = publish.clean(executed(cell("f()", printed(said), html)), "01_x.ipynb")
    assert clean.cells[2].outputs[0].text == ".venv/lib/x.py ./runs '~/notes' ."
    assert clean.cells[2].outputs[1].data["text/html"] == "<td>.</td>"


@pytest.mark.parametrize(
    "text",
    ["read /usr/share/x", "('/tmp/a', 1)", "C:\\Users\\me", "file=/etc/passwd"],
    ids=["plain", "tuple", "windows", "assigned"],
)
def test_any_other_machine_path_is_refused_with_its_cell(text):
    with pytest.raises(StudyError, match="01_x.ipynb, cell 3 shows the path"):
        publish.clean(executed(cell("f()", printed(text))), "01_x.ipynb")
    with pytest.raises(StudyError, match="01_x.ipynb, cell 4"):
        publish.clean(executed(cell("f()"), new_markdown_cell(text)), "01_x.ipynb")


@pytest.mark.parametrize(
    "text", ["and/or", "https://example.org/usr/x", "12/05/1998", "</tmp/>", "runs/tmp/x", "~/usr/x", "Star/Wars/usr/1"]
)
def test_what_only_looks_like_a_path_stays(text):
    clean = publish.clean(executed(cell("f()", printed(text))), "01_x.ipynb")
    assert clean.cells[2].outputs[0].text == text


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Two committed notebooks, both run in the default profile; the README's table is somebody else's work."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    written = []
    monkeypatch.setattr(publish, "load_results", lambda path: path)
    monkeypatch.setattr(publish, "finished_runs", lambda known: {"laptop": {"minutes": 1}, "beauty": {"minutes": 2}})
    monkeypatch.setattr(publish, "road", lambda profile, run: {"of": profile} | run)
    monkeypatch.setattr(publish, "update_readme", lambda *what: written.append(what))
    paths.notebooks().mkdir()
    for name in ("01_one", "02_two"):
        nbformat.write(
            new_notebook(cells=[new_markdown_cell("# A question"), PARAMETERS, cell(f"'{name}'")]),
            paths.notebooks() / f"{name}.ipynb",
        )
    manifest = Manifest("laptop")
    for notebook, key in notebook_fingerprints(load_profile("laptop")).items():
        manifest.executed(notebook).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(executed(cell(f"'{notebook.stem}'", printed("42\n"))), manifest.executed(notebook))
        manifest.remember(notebook, {"fingerprint": key, "seconds": 75.0, "peak_memory_mib": 900, "spent": {}})
    return SimpleNamespace(home=tmp_path, readmes=written)


def test_publishing_writes_both_notebooks_and_the_table_and_keeps_the_run_current(study):
    written = publish.publish()
    assert [p.name for p in written] == ["01_one.ipynb", "02_two.ipynb"]
    published = nbformat.read(written[0], as_version=4)
    assert published.cells[2].outputs[0].text == "42\n"
    runs = {"laptop": {"minutes": 1}, "beauty": {"minutes": 2}}
    assert study.readmes == [(study.home / "README.md", study.home / "figures/results.json", runs)]
    assert json.loads((study.home / "figures/profiles.json").read_text()) == runs
    assert side_runs(study.home / "figures/results.json") == {"laptop": {"road": {"of": "laptop", "minutes": 1}}}
    assert publish.publish() == written  # publishing changed outputs only: nothing has to be run again


def test_a_changed_or_missing_notebook_is_not_published(study):
    before = (paths.notebooks() / "01_one.ipynb").read_text()
    nbformat.write(new_notebook(cells=[PARAMETERS, cell("'changed'")]), paths.notebooks() / "02_two.ipynb")
    with pytest.raises(StudyError, match="not run, or changed since: 02_two; run `make all`"):
        publish.publish()
    (study.home / "runs/laptop/manifest.json").unlink()
    with pytest.raises(StudyError, match="01_one, 02_two"):
        publish.publish()
    assert (paths.notebooks() / "01_one.ipynb").read_text() == before and study.readmes == []


def test_another_profile_is_recorded_and_leaves_the_notebooks_alone(study, monkeypatch):
    before = (paths.notebooks() / "01_one.ipynb").read_text()
    with pytest.raises(
        StudyError, match="01_one, 02_two; run `make all PROFILE=beauty` before `make publish PROFILE=b"
    ):
        publish.publish("beauty")
    monkeypatch.setattr(Manifest, "is_current", lambda *_: True)
    assert publish.publish("beauty") == [] and (paths.notebooks() / "01_one.ipynb").read_text() == before
    recorded = side_runs(study.home / "figures/results.json")
    assert recorded == {"beauty": {"road": {"of": "beauty", "minutes": 2}}} and len(study.readmes) == 1


def test_one_bad_notebook_keeps_all_back(study):
    before = (paths.notebooks() / "01_one.ipynb").read_text()
    target = study.home / "runs/laptop/notebooks/02_two.ipynb"
    nbformat.write(executed(cell("'02_two'", printed("/usr/bin/env"))), target)
    with pytest.raises(StudyError, match="02_two.ipynb, cell 3"):
        publish.publish()
    assert (paths.notebooks() / "01_one.ipynb").read_text() == before
