"""Killed at any moment, the study goes on where it was and says the same in the end, byte for byte."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from dualrec.core import paths
from dualrec.core.artifacts import WORKSPACE, write_text
from dualrec.core.locks import sole_user
from dualrec.workflow.verify import first_difference
from tests.torture.killing import leftovers, run_killed, run_whole

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
[llm]
model = "{model}"
users = 24
batch_size = 2
titles = 3
[lora]
users = 24
validation_users = 6
epochs = 3
batch_size = 2
"""
PARAMETERS = new_code_cell('PROFILE = "toy"\nSEED = 0', metadata={"tags": ["parameters"]})
SEQUENCE_MODELS_CELL = """
from dualrec import plots
from dualrec.notebook import Caption, begin, record, record_system, show, table
from dualrec.systems.names import SYSTEMS
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.sequence.base import top_k
study = begin(PROFILE, SEED)
for name in ("markov", "lstm", "sasrec"):
    study.save(name, study.cases, top_k(fit_sequence_model(study, name).scores(study.cases.history), 5), 0.0)
dots = plots.dots(table(study, ["markov", "lstm", "sasrec"]), ["HR@10"], SYSTEMS)
show(study, dots, "01_dots", Caption("Toy.", n=len(study.cases)))
record_system(study, "markov", "lstm", "sasrec")
record(study, "01_sequence", users=len(study.cases))
"""
LANGUAGE_MODEL_CELL = """
from dualrec.llm.local import load_llm
from dualrec.notebook import begin, record, record_system
from dualrec.systems.free_writer import write_lists
from dualrec.systems.sequence_models import fit_sequence_model, lstm_hints
from dualrec.systems.lora import fine_tuned_llm
study = begin(PROFILE, SEED)
cases = study.llm_cases
hints = lstm_hints(study, cases.history, fit_sequence_model(study, "lstm"))
for name, llm in (("llm_hint", load_llm(study.profile.llm.model)), ("llm_lora", fine_tuned_llm(study))):
    lists = write_lists(study, llm, cases.history, hints, 3)
    study.save(name, cases, lists, 0.0)
record_system(study, "llm_hint", "llm_lora")
record(study, "02_language", written=len(cases))
"""


def test_a_kill_while_writing_leaves_the_old_file_and_rubbish_that_the_next_run_sweeps_away(tmp_path):
    target = tmp_path / "kept.json"
    write_text(target, "old")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom dualrec.core.artifacts import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as path:\n"
        "    path.write_text('ne')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    died = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert died.returncode == -signal.SIGKILL and target.read_text() == "old"
    (rubbish,) = (path for path in tmp_path.iterdir() if WORKSPACE.fullmatch(path.name))
    mine = rubbish.with_name(f".other.{os.getpid()}.abc.writing")  # of a process that lives
    mine.mkdir()
    with sole_user(tmp_path):
        assert not rubbish.exists() and mine.exists()


@pytest.fixture
def toy_home(tmp_path, toy_profile, toy_folder, tiny_folder):
    """Two homes with the same study: two notebooks that train networks and a tiny language model on toy data."""
    settings = Path(toy_profile).read_text(encoding="utf-8").replace('data = "ml-100k"', f'data = "{toy_folder}"')
    settings = settings.replace("epochs = 2", "epochs = 12") + SETTINGS.format(model=tiny_folder)
    for name in ("undisturbed", "killed"):
        notebooks = tmp_path / name / "notebooks"
        notebooks.mkdir(parents=True)
        (tmp_path / name / "toy.toml").write_text(settings, encoding="utf-8")
        for stem, source in (("01_sequence", SEQUENCE_MODELS_CELL), ("02_language", LANGUAGE_MODEL_CELL)):
            nbformat.write(new_notebook(cells=[PARAMETERS, new_code_cell(source)]), notebooks / f"{stem}.ipynb")
    return tmp_path


def test_a_small_study_killed_a_few_times_ends_as_if_nothing_had_been(toy_home):
    assert killed_beside_undisturbed(toy_home, 20, 1.0, "toy.toml") >= 2
    assert first_difference(toy_home / "undisturbed/runs/toy", toy_home / "killed/runs/toy") is None
    assert leftovers(toy_home / "killed") == []
    killed, undisturbed = (toy_home / name / "runs/toy/figures" for name in ("killed", "undisturbed"))
    assert sorted(os.listdir(killed)) == sorted(os.listdir(undisturbed))


@pytest.mark.torture
def test_the_smoke_run_killed_twenty_times_ends_as_if_nothing_had_been(tmp_path):
    for name in ("undisturbed", "killed"):
        shutil.copytree(ROOT / "notebooks", tmp_path / name / "notebooks")
    assert killed_beside_undisturbed(tmp_path, 10, 5.0, "smoke", afterwards=alone_after_the_others) >= 20
    assert first_difference(tmp_path / "undisturbed/runs/smoke", tmp_path / "killed/runs/smoke") is None
    assert leftovers(tmp_path / "killed") == []
    assert paths.DEFAULT_PROFILE not in os.listdir(tmp_path / "killed/runs")


def alone_after_the_others(home: Path) -> None:
    """Run each notebook alone, last one first, with what the others left: it must say what it said before."""
    for notebook in sorted((home / "notebooks").glob("[0-9]*.ipynb"), reverse=True):
        run_whole(home, "run", "--profile", "smoke", "--only", notebook.stem, "--again")


def killed_beside_undisturbed(
    home: Path, steps: int, delay: float, profile: str, afterwards: Callable[[Path], None] | None = None
) -> int:
    """Run a profile whole and, beside it, killed again and again, see `run_killed`; returns how often.

    afterwards: what the undisturbed one goes on with meanwhile
    """

    def undisturbed() -> None:
        run_whole(home / "undisturbed", "run", "--profile", profile)
        if afterwards:
            afterwards(home / "undisturbed")

    with ThreadPoolExecutor() as side_by_side:
        whole = side_by_side.submit(undisturbed)
        kills = run_killed(home / "killed", steps, delay, 2, "run", "--profile", profile)
        whole.result()
    return kills
