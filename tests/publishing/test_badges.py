"""Badges of a copy on GitHub."""

import re
import subprocess

import pytest

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.publishing import badges
from dualrec.workflow.manifest import notebook_paths

README = "# Study\n<!-- badges:begin -->\n<!-- badges:end -->\nThe rest.\n"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A checkout with a README and two notebooks."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    for name in ("01_data", "02_lstm"):
        (tmp_path / f"notebooks/{name}.ipynb").write_text("{}", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=trunk", tmp_path], check=True)
    return tmp_path


@pytest.mark.parametrize(
    "origin",
    [
        "https://github.com/ada/my.study",
        "https://github.com/ada/my.study.git",
        "git@github.com:ada/my.study.git",
        "ssh://git@github.com/ada/my.study.git",
        "https://github.com/ada/my.study/",
    ],
)
def test_the_address_is_where_origin_points(copy, origin):
    subprocess.run(["git", "remote", "add", "origin", origin], cwd=copy, check=True)
    assert badges.write_badges(copy / "README.md") == "ada/my.study"


def test_every_notebook_is_linked_on_its_branch_and_a_second_call_changes_nothing(copy):
    badges.write_badges(copy / "README.md", "ada/study")
    written = (copy / "README.md").read_text(encoding="utf-8")
    assert written.startswith("# Study\n") and written.endswith("The rest.\n")
    for notebook in notebook_paths():
        assert f"https://colab.research.google.com/github/ada/study/blob/trunk/notebooks/{notebook.name}" in written
        assert f"https://mybinder.org/v2/gh/ada/study/trunk?urlpath=lab/tree/notebooks/{notebook.name}" in written
    assert "git clone https://github.com/ada/study\n!cd study && make run" in written
    badges.write_badges(copy / "README.md", "ada/study")
    assert (copy / "README.md").read_text(encoding="utf-8") == written


def test_the_badge_of_the_tests_names_a_workflow_that_is_there():
    (workflow,) = re.findall(r"actions/workflows/([\w.]+)\)", badges.badges("ada/study", "main"))
    assert (paths.PACKAGE.parent / ".github/workflows" / workflow).is_file()


@pytest.mark.parametrize("origin", ["", "https://gitlab.com/ada/study", "/srv/git/study.git", "https://github.com/ada"])
def test_without_an_address_nothing_is_written(copy, origin):
    if origin:
        subprocess.run(["git", "remote", "add", "origin", origin], cwd=copy, check=True)
    with pytest.raises(StudyError, match="not on GitHub; say where the copy lies"):
        badges.write_badges(copy / "README.md")
    with pytest.raises(StudyError, match=r"'ada/study\?x=1' is not OWNER/NAME"):
        badges.write_badges(copy / "README.md", "ada/study?x=1")
    assert (copy / "README.md").read_text(encoding="utf-8") == README
