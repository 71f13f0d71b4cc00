import asyncio
import dataclasses
import gc
import json
import logging
import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from dualrec import __main__ as cli
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.core.timing import KINDS
from dualrec.profiles.load import load_profile
from dualrec.workflow import runner
from dualrec.workflow.dependencies import notebook_fingerprints

pytestmark = pytest.mark.slow

PARAMETERS = 'import os\nPROFILE = os.environ.get("DUALREC_PROFILE", "laptop")\nSEED = 0'
LOG = 'import sys\nwith open("log.txt", "a") as file:\n    print("{name}", PROFILE, SEED, sys.executable, file=file)'

WORK = """import os, time
from dualrec.core.timing import spent
assert "DUALREC_TIMES" not in os.environ  # so that no process of the notebook's writes there, too
with spent("reading"):
    time.sleep(0.5)"""


def write_notebook(name: str, *more: str, parameters: str = PARAMETERS, tags=("parameters",)) -> Path:
    """A notebook that logs its name, parameters and interpreter into the folder it runs in, then runs `more`."""
    cells = [
        new_markdown_cell("# Title"),
        new_code_cell(parameters, metadata={"tags": list(tags)}),
        new_code_cell(LOG.format(name=name)),
    ]
    path = paths.notebooks() / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells + [new_code_cell(source) for source in more]), path)
    return path


def log() -> list[list[str]]:
    file = paths.notebooks() / "log.txt"
    return [line.split() for line in file.read_text().splitlines()] if file.is_file() else []


def ran() -> list[str]:
    return [line[0] for line in log()]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    monkeypatch.setenv("DUALREC_PROFILE", "not the one that is asked for")
    return tmp_path


@pytest.fixture(scope="module")
def finished_once(tmp_path_factory):
    """Three notebooks, run once for the tests below, while a kernel of the user's stands in the way."""
    home = tmp_path_factory.mktemp("finished")
    kernels = home / "kernels" / "python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(
        json.dumps({"argv": ["/bin/false"], "display_name": "not this one", "language": "python"})
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUALREC_HOME", str(home))
        patch.setenv("JUPYTER_PATH", str(home))
        for name in ("01_first", "02_second", "03_third"):
            write_notebook(name, *([WORK] if name == "02_second" else []))
        runner.run_notebooks("smoke")
    return home


@pytest.fixture
def finished(finished_once, home):
    shutil.copytree(finished_once, home, dirs_exist_ok=True)
    return home


def test_notebooks_run_in_order_in_their_folder_with_the_profile_and_this_interpreter(finished):
    assert log() == [[name, "smoke", "0", sys.executable] for name in ("01_first", "02_second", "03_third")]
    executed = nbformat.read(finished / "runs/smoke/notebooks/02_second.ipynb", as_version=4)
    assert [cell.execution_count for cell in executed.cells if cell.cell_type == "code"] == [1, 2, 3, 4]
    committed = nbformat.read(finished / "notebooks/02_second.ipynb", as_version=4)
    assert all(cell.get("execution_count") is None for cell in committed.cells)
    assert sorted(p.name for p in (finished / "runs/smoke/notebooks").iterdir()) == [
        "01_first.ipynb",
        "02_second.ipynb",
        "03_third.ipynb",
    ]


def test_a_home_whose_name_is_not_utf_8(home, monkeypatch):
    foreign = home / os.fsdecode(b"caf\xe9")
    try:
        foreign.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    monkeypatch.setenv("DUALREC_HOME", str(foreign))
    write_notebook("01_first")
    runner.run_notebooks("smoke")
    assert ran() == ["01_first"]
    executed = (foreign / "runs/smoke/notebooks/01_first.ipynb").read_text(encoding="utf-8")
    assert str(home) not in executed, "and no executed notebook names a folder of this machine"


def test_the_manifest_tells_time_memory_and_environment(finished):
    manifest = json.loads((finished / "runs/smoke/manifest.json").read_text())
    assert manifest["profile"] == "smoke"
    entry = manifest["notebooks"]["02_second"]
    assert 0 < entry["seconds"] < 60
    assert 20 < entry["peak_memory_mib"] < 2000  # an idle IPython kernel: tens of MiB
    assert 0.5 <= entry["spent"]["reading"] < 5 and 0 < entry["spent"]["imports"] < entry["seconds"]
    assert entry["spent"].keys() == set(KINDS) and sum(entry["spent"].values()) < entry["seconds"] + 0.1  # rounded
    first = manifest["notebooks"]["01_first"]["spent"]
    assert first["imports"] > 0 == sum(first.values()) - first["imports"], "another kernel, another clock"
    assert "DUALREC_TIMES" not in os.environ
    facts = {"python", "torch", "transformers", "device", "threads", "cpu", "precision", "speeds"}
    assert set(entry["environment"]) == facts


def test_a_second_run_does_nothing(finished, capsys):
    runner.run_notebooks("smoke")
    assert len(ran()) == 3
    first, *_, last = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\[1/3\] 01_first … up to date; left: 02_second, 03_third \(up to \d+ s\)", first)
    assert last == "[3/3] 03_third … up to date; left: nothing"


def test_a_changed_notebook_runs_again_with_the_later_ones(finished, capsys):
    write_notebook("02_second", "2 + 2")
    runner.run_notebooks("smoke")
    assert ran()[3:] == ["02_second", "03_third"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith("[2/3] 02_second … done in ") and "; left: 03_third (up to " in lines[1]
    assert lines[2].endswith("; left: nothing")


def test_again_runs_the_chosen_notebook_though_it_is_up_to_date(finished):
    runner.run_notebooks("smoke", only=["03"], again=True)
    runner.run_notebooks("smoke", only=["02_second.ipynb"])
    assert ran()[3:] == ["03_third"]


def test_a_deleted_result_is_made_again(finished):
    (finished / "runs/smoke/notebooks/03_third.ipynb").unlink()
    runner.run_notebooks("smoke")
    assert ran()[3:] == ["03_third"]


def test_a_failure_stops_the_run_and_the_next_run_continues_there(home, monkeypatch, capsys):
    write_notebook("01_first")
    write_notebook(
        "02_second", "import pathlib\nif not pathlib.Path('fixed').exists():\n    raise ValueError('no popcorn left')"
    )
    write_notebook("03_third")
    monkeypatch.setattr(sys, "argv", ["dualrec", "run", "--profile", "smoke"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    error = capsys.readouterr().err
    assert stopped.value.code == 1
    last = error.splitlines()[-1]
    assert last.startswith("dualrec: 02_second.ipynb: cell In [4] raised ValueError: no popcorn left")
    assert "runs/smoke/notebooks/02_second.failed.ipynb" in last and "Traceback" not in error
    failed = nbformat.read(home / "runs/smoke/notebooks/02_second.failed.ipynb", as_version=4)
    assert any(output.output_type == "error" for cell in failed.cells for output in cell.get("outputs", []))
    assert ran() == ["01_first", "02_second"]
    assert sorted(p.name for p in (home / "runs/smoke/notebooks").iterdir()) == [
        "01_first.ipynb",
        "02_second.failed.ipynb",
    ]

    (paths.notebooks() / "fixed").touch()
    cli_exit = pytest.raises(SystemExit, cli.main)
    assert cli_exit.value.code == 0
    assert ran() == ["01_first", "02_second", "02_second", "03_third"]
    assert not (home / "runs/smoke/notebooks/02_second.failed.ipynb").exists()


def test_a_dead_kernel_is_an_error_of_one_sentence(home):
    write_notebook("01_first", "import os\nos._exit(1)")
    with pytest.raises(StudyError, match="01_first.ipynb: its kernel died.*01_first.failed.ipynb"):
        runner.run_notebooks("smoke")


def test_an_interrupt_says_how_to_continue_and_nothing_else(home, monkeypatch, capsys, caplog):
    def interrupt(source, target, *args, **kwargs):
        shutil.copy(source, target)
        loop = asyncio.new_event_loop()
        awaited.append(loop.create_future())
        awaited[0].set_exception(DeadKernelError("Kernel died"))  # as nbclient leaves it, now and then
        loop.close()
        raise KeyboardInterrupt

    awaited = []
    monkeypatch.setattr(logging.getLogger("asyncio"), "level", logging.NOTSET)
    write_notebook("01_first")
    monkeypatch.setattr(papermill, "execute_notebook", interrupt)
    monkeypatch.setattr(sys, "argv", ["dualrec", "run", "--profile", "smoke"])
    assert pytest.raises(SystemExit, cli.main).value.code == 130
    assert "run the same command again to continue with 01_first" in capsys.readouterr().err
    assert not any((home / "runs/smoke/notebooks").iterdir())
    awaited.clear()
    gc.collect()
    assert not caplog.records


@pytest.mark.parametrize(
    "parameters, tags",
    [
        (PARAMETERS, ()),
        ("SEED = 0", ("parameters",)),
        ('profile = "laptop"', ("parameters",)),
        ("%env PROFILE=x", ("parameters",)),
    ],
)
def test_a_notebook_that_would_not_hear_of_the_profile_is_refused_before_anything_runs(home, parameters, tags):
    write_notebook("01_first")
    write_notebook("02_second", parameters=parameters, tags=tags)
    with pytest.raises(StudyError, match="notebooks/02_second.ipynb has no cell tagged 'parameters'"):
        runner.run_notebooks("smoke")
    assert ran() == []


def test_unknown_notebooks_and_an_empty_folder_are_refused(home):
    with pytest.raises(StudyError, match="no notebooks named"):
        runner.run_notebooks("smoke")
    write_notebook("01_first")
    with pytest.raises(StudyError, match="no notebook '07'; choose from 01_first"):
        runner.run_notebooks("smoke", only=["07"])


def test_a_profile_too_large_for_this_machine_is_refused_before_anything_runs(home):
    write_notebook("01_first")
    (home / "huge.toml").write_text('summary = "huge"\ndata = "ml-100k"\nneeds_memory_gib = 1e6')
    with pytest.raises(StudyError, match="profile huge does not fit this machine: needs 1e\\+06 GiB of memory"):
        runner.run_notebooks(str(home / "huge.toml"))
    assert ran() == []


def test_a_fingerprint_follows_text_and_profile_but_not_outputs(home):  # and sources, see test_dependencies
    first, second = write_notebook("01_first"), write_notebook("02_second")
    smoke = load_profile("smoke")
    before = notebook_fingerprints(smoke)
    assert len(set(before.values())) == 2

    content = nbformat.read(first, as_version=4)
    content.cells[-1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(content, first)
    assert notebook_fingerprints(smoke) == before

    assert not set(notebook_fingerprints(dataclasses.replace(smoke, users=7)).values()) & set(before.values())

    content.cells[0].source = "# Another title"
    nbformat.write(content, first)
    after = notebook_fingerprints(smoke)
    assert after[first] != before[first] and after[second] != before[second]


def test_peak_memory_sees_what_a_child_holds():
    import subprocess

    size = 200 * 2**20
    with runner._peak_memory(interval=0.02) as peak:
        subprocess.run(
            [sys.executable, "-c", f"x = b'1' * {size}; import time; time.sleep(0.3)"], check=True, env=os.environ
        )
    assert size < peak[0] < 2 * size


def test_the_progress_of_a_notebook_reaches_the_terminal(home, monkeypatch):
    written = []
    monkeypatch.setattr(runner.Ticker, "write", lambda self, text: written.append(text))
    write_notebook(
        "02_second",
        "import sys, time\nfrom tqdm import tqdm\nfor _ in tqdm(range(3), desc='steps'):\n    time.sleep(0.2)",
    )
    runner.run_notebooks("smoke", only=["02"])
    assert re.search(r"steps: +100%\|.*3/3", "".join(written))
