"""What surrounds the study: names of folders, encodings of files, variables of other programs, a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dualrec import __main__ as cli
from dualrec.core import paths
from dualrec.core.artifacts import json_text, write_json
from dualrec.core.errors import StudyError
from dualrec.core.git import git_commit
from dualrec.evaluation.ledger import read_ledger, read_sidecar

FOREIGN = os.fsdecode(b"caf\xe9")  # in latin-1


def refuse(constant: str) -> None:
    pytest.fail(f"{constant} is no JSON")


@pytest.fixture
def foreign(tmp_path) -> Path:
    """A folder whose name is not UTF-8."""
    folder = tmp_path / FOREIGN
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    return folder


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_repository_of_a_hook_is_not_the_studys(tmp_path, monkeypatch):
    other, home = tmp_path / "other", tmp_path / "home"
    other.mkdir()
    home.mkdir()
    git(other, "init", "--quiet")
    git(other, "commit", "--quiet", "--allow-empty", "-m", "first")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert git_commit(home) == "unknown"
    monkeypatch.setenv("GIT_WORK_TREE", str(home))
    assert git_commit(home) == "unknown"


@pytest.mark.slow
def test_folders_whose_names_are_not_utf_8(foreign, write_toy, toy_profile):
    """As home, as data, as place of the ledgers; sidecars and holders name them."""
    data, out = write_toy(foreign / FOREIGN, 20), foreign / "out"
    command = [sys.executable, "-m", "dualrec"]
    environment = os.environ | {"DUALREC_HOME": str(foreign)}
    arguments = ["--data", str(data), "--profile", toy_profile, "--systems", "markov,lstm", "--out", str(out)]
    command_line = [*command, "evaluate", *arguments]
    done = subprocess.run(command_line, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout, parse_constant=refuse)["markov"]["n"] == 20
    ledger = out / "lists" / "markov.parquet"
    assert len(read_ledger(ledger)) == 200 and read_sidecar(ledger)["data"] == FOREIGN
    for arguments in (["score", str(ledger)], ["verify", str(out), str(out)]):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr


def test_a_path_is_shown_in_letters_that_any_file_takes(foreign, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(foreign))
    assert paths.readable(foreign / "runs" / FOREIGN) == r"runs/caf\udce9"
    assert paths.readable(Path("/elsewhere") / FOREIGN).endswith(r"caf\udce9")


def test_json_holds_neither_nan_nor_half_a_letter_that_is_no_escape(tmp_path):
    write_json(tmp_path / "x.json", {"a": [float("nan"), float("-inf"), 1.5], "b": FOREIGN, "c": "Café"})
    text = (tmp_path / "x.json").read_bytes().decode("utf-8")
    assert json.loads(text, parse_constant=refuse) == {"a": [None, None, 1.5], "b": FOREIGN, "c": "Café"}
    assert "Café" in text
    assert json_text({"a": float("nan")}) == '{"a": null}'


def test_no_error_commands_the_terminal(monkeypatch, capsys):
    def fail(*_, **__):
        raise StudyError("the column \x1b[2J\x9b of caf\udce9 … is unknown")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["dualrec", "profiles"])
    assert pytest.raises(SystemExit, cli.main).value.code == 1
    assert capsys.readouterr().err == "dualrec: the column \\x1b[2J\\x9b of caf\\udce9 … is unknown\n"
