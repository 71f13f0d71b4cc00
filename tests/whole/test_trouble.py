"""Trouble with the machine: one clear sentence, nothing finished lost, and the next run goes on."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dualrec import __main__ as cli
from dualrec import notebook
from dualrec.core import paths
from dualrec.core.artifacts import cached
from dualrec.core.errors import StudyError

SMALL_DISK = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"']


def can_mount(folder: Path) -> bool:
    try:
        return subprocess.run([*SMALL_DISK, str(folder), "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def on_a_full_disk(folder: Path, evaluate: list[str]) -> dict:
    """Evaluate, fill the disk, evaluate anew, make room, evaluate.

    It runs within a name space where `folder` is a disk of 4 MiB.
    """

    def run(seed: int) -> tuple[int, str]:
        done = subprocess.run([*evaluate, "--seed", str(seed)], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def ledgers() -> dict:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((folder / "out/lists").iterdir())
        }

    outcome = {"first": run(0), "ledgers": ledgers()}
    with open(folder / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    outcome |= {"full": run(1), "kept": ledgers()}
    (folder / "filler").unlink()
    return outcome | {
        "room": run(1),
        "new": ledgers(),
        "rubbish": [p.name for p in (folder / "out").rglob(".*.writing")],
    }


@pytest.mark.slow
def test_a_full_disk_is_named_and_nothing_finished_is_lost(tmp_path, toy_folder, toy_profile):
    disk = tmp_path / "disk"
    disk.mkdir()
    if not can_mount(disk):
        pytest.skip("this machine lets nobody mount a small disk in a name space of his own")
    evaluate = [sys.executable, "-m", "dualrec", "evaluate", "--data", str(toy_folder), "--profile", toy_profile]
    evaluate += ["--systems", "markov,lstm", "--out", str(disk / "out")]
    call = f"test_trouble.on_a_full_disk(pathlib.Path({str(disk)!r}), {evaluate!r})"
    code = f"import json, test_trouble, pathlib; print(json.dumps({call}))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(paths.PACKAGE.parent)])}
    done = subprocess.run(
        [*SMALL_DISK, str(disk), sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["first"][0] == 0, outcome["first"]
    assert outcome["full"][0] == 1 and outcome["kept"] == outcome["ledgers"]
    last = outcome["full"][1].splitlines()[-1]
    assert last.startswith("dualrec: the disk is full") and "make room and run the same command again" in last
    assert "Traceback" not in outcome["full"][1]
    assert outcome["room"][0] == 0 and outcome["new"].keys() == outcome["ledgers"].keys() and outcome["rubbish"] == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StudyError("as it is"), "as it is"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "the disk is full; make room and run the same command again",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/nowhere/x"), "the disk is full at /nowhere/x; make room"),
        (
            OSError(errno.EROFS, "Read-only file system", "/nowhere/x"),
            "no access at /nowhere/x (Read-only file system)",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", b"/nowhere/x"),
            "no access at /nowhere/x (Permission denied)",
        ),
        (MemoryError(), "the memory is full; close other programs or choose a smaller profile"),
        (
            ValueError("two\nlines"),
            "this should not happen: ValueError: two lines; run it again with --debug and report",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "x" * 5000),
            f"the system refuses at {'x' * 200}: File name too long; mend or",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            "the system refuses: Input/output error; mend or choose another path",
        ),
    ],
)
def test_whatever_goes_wrong_is_one_line_and_exit_code_1(error, said, monkeypatch, capsys):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(sys, "argv", ["dualrec", "profiles"])
    assert pytest.raises(SystemExit, cli.main).value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"dualrec: {said}")
    monkeypatch.setattr(sys, "argv", ["dualrec", "profiles", "--debug"])
    with pytest.raises(type(error)):
        cli.main()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_named(tmp_path, toy_folder, toy_profile):
    (tmp_path / "out").mkdir(mode=0o500)
    arguments = ["evaluate", "--data", str(toy_folder), "--profile", toy_profile]
    arguments += ["--systems", "popularity", "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "dualrec", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no access" in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


@pytest.mark.parametrize("damage", [b"", b"{", bytes(range(256))])
def test_what_is_damaged_is_made_again(tmp_path, damage, capsys):
    def get() -> list:
        return cached(
            tmp_path / "kept",
            "key",
            build=lambda: [1, 2],
            save=lambda value, folder: (folder / "value.json").write_text(json.dumps(value)),
            load=lambda folder: json.loads((folder / "value.json").read_bytes()),
        )

    assert get() == [1, 2]
    (tmp_path / "kept/value.json").write_bytes(damage)
    assert get() == [1, 2] and "is damaged" in capsys.readouterr().err
    assert get() == [1, 2] and capsys.readouterr().err == "", "and then it is whole"


def test_another_seed_is_a_study_of_its_own(tmp_path, monkeypatch, toy_profile, toy_folder):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(paths, "DEFAULT_PROFILE", "toy")  # the profile whose figures stand in the repository
    own = Path(toy_profile)
    own.write_text(own.read_text().replace('data = "ml-100k"', f'data = "{toy_folder}"'))
    first = notebook.begin(str(own), 0)
    notebook.record(first, "01_one", value=1)
    before = paths.results("toy").read_bytes()
    other = notebook.begin(str(own), 3)
    notebook.record(other, "01_one", value=2)
    assert paths.results("toy").read_bytes() == before and paths.results("toy").parent.name == "figures"
    assert other.folder == tmp_path / "home/runs/toy-seed3"
    assert paths.results(other.profile.name).is_relative_to(other.folder)
    assert np.array_equal(first.cases.users, other.cases.users), "every user is tested whatever the seed"


@pytest.mark.slow
def test_a_home_that_is_no_folder_is_said_at_once(tmp_path, toy_profile):
    (tmp_path / "home").write_text("a file")
    environment = os.environ | {"DUALREC_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "dualrec", "run", "--profile", toy_profile]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
    assert "DUALREC_HOME" in done.stderr


@pytest.mark.slow
def test_a_notebook_alone_says_which_command_makes_what_it_lacks(tmp_path):
    shutil.copytree(paths.PACKAGE.parent / "notebooks", tmp_path / "notebooks")
    environment = os.environ | {"DUALREC_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "dualrec", "run", "--profile", "smoke", "--only", "06"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    last = done.stderr.splitlines()[-1]
    assert (
        done.returncode == 1
        and last.startswith("dualrec: 06_results.ipynb: cell In [")
        and "Traceback" not in done.stderr
    )
    assert "there is no ledger runs/smoke/lists/" in last and "run the notebook that writes it, or `make all`" in last
