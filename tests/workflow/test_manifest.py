"""What is recorded of finished notebooks, and what it says about those to come."""

from pathlib import Path

import pytest

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.workflow.manifest import Manifest, notebook_paths

FIRST = Path("01_one.ipynb")
SECOND = Path("02_two.ipynb")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    return tmp_path


def entry(fingerprint: str = "a", seconds: float = 3, memory: float = 99) -> dict:
    return {
        "fingerprint": fingerprint,
        "seconds": seconds,
        "peak_memory_mib": memory,
        "spent": {"reading": seconds / 2},
    }


def executed(notebook: Path) -> None:
    copy = Manifest("smoke").executed(notebook)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text("{}")


def test_notebooks_are_numbered_files_in_order(home):
    with pytest.raises(StudyError, match="no notebooks named NN_"):
        notebook_paths()
    paths.notebooks().mkdir()
    for name in ("02_two.ipynb", "01_one.ipynb", "notes.ipynb", "01_one.py"):
        (paths.notebooks() / name).touch()
    assert [path.name for path in notebook_paths()] == ["01_one.ipynb", "02_two.ipynb"]


def test_a_notebook_is_current_with_its_fingerprint_and_its_executed_copy():
    Manifest("smoke").remember(FIRST, entry("a"))
    assert not Manifest("smoke").is_current(FIRST, "a"), "the executed copy is not there"
    executed(FIRST)
    assert Manifest("smoke").is_current(FIRST, "a") and not Manifest("smoke").is_current(FIRST, "b")
    assert not Manifest("laptop").is_current(FIRST, "a"), "that is another profile"
    Manifest("smoke").forget(FIRST)
    assert not Manifest("smoke").is_current(FIRST, "a")


def test_the_longest_execution_stays_on_record():
    for seconds, memory in ((60, 10), (2, 30), (5, 20)):
        Manifest("smoke").remember(FIRST, entry(seconds=seconds, memory=memory))
    Manifest("smoke").forget(FIRST)
    assert Manifest("smoke").longest == {"01_one": {"seconds": 60, "peak_memory_mib": 30, "spent": {"reading": 30}}}


def test_what_is_left_has_a_time_where_all_of_it_ran_before():
    manifest = Manifest("smoke")
    assert manifest.left([]) == "nothing" and manifest.left([FIRST]) == "01_one"
    manifest.remember(FIRST, entry(seconds=60))
    assert manifest.left([FIRST]) == "01_one (up to 1 min 0 s)"
    assert manifest.left([FIRST, SECOND]) == "01_one, 02_two", "the second one's time is not known"
