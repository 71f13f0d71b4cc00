"""Two runs at once: the second is told who is at it; a process that is gone holds nothing."""

import json
import os
import signal
import subprocess
import sys

import pytest

from dualrec import __main__ as cli
from dualrec.core.errors import StudyError
from dualrec.core.locks import sole_user
from dualrec.evaluation.results import record

HOLD = (
    "import sys, time\nfrom pathlib import Path\nfrom dualrec.core.locks import sole_user\n"
    "with sole_user(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(600)\n"
)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder `run`."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_is_told_who_holds_the_folder(tmp_path, holder):
    said = rf"run is in use by process {holder.pid} \('.*', since \d{{4}}-.*\); wait for it or stop it"
    with pytest.raises(StudyError, match=said), sole_user(tmp_path / "run"):
        pytest.fail("two at once")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_holds_nothing(tmp_path, holder, how):
    holder.send_signal(how)
    holder.wait()
    with sole_user(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / ".holder.json").read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_note_about_the_holder_does_no_harm(tmp_path, holder, text):
    (tmp_path / "run" / ".holder.json").write_text(text)
    with pytest.raises(StudyError, match="in use by another process"), sole_user(tmp_path / "run"):
        pytest.fail("two at once")


def test_a_note_that_a_rebooted_machine_left_counts_for_nothing(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".holder.json").write_text(json.dumps({"pid": os.getpid(), "command": "run", "since": "then"}))
    (tmp_path / "run" / ".lock").touch()
    for _ in range(2):  # and a folder may be taken again
        with sole_user(tmp_path / "run"):
            pass


@pytest.mark.slow
def test_the_commands_that_write_take_the_lock(tmp_path, holder, toy_folder, toy_profile, monkeypatch, capsys):
    arguments = ["evaluate", "--data", str(toy_folder), "--profile", toy_profile]
    arguments += ["--systems", "popularity", "--out", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", ["dualrec", *arguments])
    assert pytest.raises(SystemExit, cli.main).value.code == 1
    assert f"in use by process {holder.pid}" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.slow
def test_results_recorded_by_several_processes_at_once_are_all_there(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom dualrec.evaluation.results import record\n"
        "for i in range(20):\n    record(Path(sys.argv[1]), 'notebooks', {f'{sys.argv[2]}-{i}': {}})\n"
    )
    path = tmp_path / "results.json"
    record(path, "notebooks", {"first": {}})
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(n)]) for n in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(json.loads(path.read_text())["notebooks"]) == 61
