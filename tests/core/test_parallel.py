"""Processes side by side: what they do, what they raise, and that they end with whoever began them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from dualrec.core.errors import StudyError
from dualrec.core.parallel import side_by_side

pytestmark = pytest.mark.slow

BEGIN = """
import pathlib, signal, sys
from dualrec.core.parallel import side_by_side
from test_parallel import sleep_long
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is begun with this signal ignored
"""


def write_facts(file: Path, text: str) -> None:
    print("noise")
    file.write_text(f"{os.getpid()} {torch.get_num_threads()} {text}", encoding="utf-8")


def refuse(reason: str) -> None:
    raise StudyError(reason)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_long(file: Path) -> None:
    file.write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(600)


def test_each_call_has_a_process_of_one_thread_and_is_not_heard(tmp_path, capfd):
    calls = [(tmp_path / str(i), f"call {i}") for i in range(3)]
    assert list(side_by_side(write_facts, calls)) == [None] * 3
    facts = [file.read_text(encoding="utf-8").split(" ", 2) for file, _ in calls]
    assert [text for _, _, text in facts] == ["call 0", "call 1", "call 2"]
    assert {threads for _, threads, _ in facts} == {"1"}
    assert str(os.getpid()) not in {process for process, _, _ in facts}
    assert capfd.readouterr() == ("", "")


def test_what_a_call_raises_is_raised_here():
    with pytest.raises(StudyError, match="lower the rate"):
        list(side_by_side(refuse, [("lower the rate",)]))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_process_that_dies_is_one_clear_sentence():
    with pytest.raises(StudyError, match="a process that worked beside others died"):
        list(side_by_side(die, [(), ()]))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_parallel_end_with_the_one_that_began_them(tmp_path, how):
    file = tmp_path / "pid"
    code = f"{BEGIN}list(side_by_side(sleep_long, [(pathlib.Path(sys.argv[1]),)]))"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen([sys.executable, "-c", code, str(file)], env=environment, stderr=subprocess.DEVNULL)
    child = psutil.Process(int(wait_for(lambda: file.is_file() and file.read_text(encoding="utf-8"))))
    parent.send_signal(how)
    assert parent.wait(timeout=60) != 0
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def wait_for(what, seconds: float = 60):
    """The first true value that `what` gives."""
    until = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.1)
    return value
