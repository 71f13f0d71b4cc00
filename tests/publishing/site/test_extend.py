"""What "Write your own" tells people to write, run as it stands there."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from dualrec.core import paths
from dualrec.evaluation.ledger import read_ledger
from dualrec.evaluation.metrics import per_user
from dualrec.publishing.site.build import TEXTS
from dualrec.study import open_study

pytestmark = pytest.mark.slow

TEXT = (TEXTS / "extend.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
ROLE = dict(re.findall(r"```\{code-block\} python\n:caption: ([^\n]*)\n\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def ran(toy_profile):
    """What the blocks leave behind, run in order."""
    left = {"PROFILE": toy_profile}
    for block in BLOCKS:
        exec(compile(block, "extend.md", "exec"), left)
    return left


def test_every_example_runs_ranks_unseen_items_and_leaves_a_ledger(ran):
    study = open_study(ran["PROFILE"])
    assert len(BLOCKS) == 4 and all(len(block.splitlines()) <= 25 for block in BLOCKS)
    for system in ("same_genres", "parrot", "same_genres_newest"):
        assert len(per_user(study.ledger(system))) == len(study.cases)
    lists = ran["best"].items
    assert (lists > 0).all() and not any(set(row) & set(study.cases.history.sequence(i)) for i, row in enumerate(lists))


def test_they_do_what_the_text_says(ran):
    assert (ran["lists"].counts["seen"] > 0).all(), "a parrot repeats what was seen"
    best, newest, years = ran["best"].items, ran["newest_first"](ran["best"], None).items, ran["catalogue"].years
    assert (abs(newest).sum(axis=1) == abs(best).sum(axis=1)).all()
    assert (years[newest][:, :-1] >= years[newest][:, 1:]).all()


def test_a_role_is_one_file_one_row_and_one_table(tmp_path, toy_folder, toy_settings, tiny_folder):
    """What the page says, put where it says, in a copy of the package; then the command line ranks with the role."""
    shutil.copytree(paths.PACKAGE, tmp_path / "dualrec", ignore=shutil.ignore_patterns("__pycache__"))
    assert list(ROLE) == [
        "dualrec/systems/bold.py",
        "dualrec/systems/names.py, in ROWS",
        "dualrec/config/profile.py, before Profile",
        "dualrec/config/profile.py, in Profile",
    ]
    file, row, table, place = ROLE.values()
    (tmp_path / "dualrec/systems/bold.py").write_text(file, encoding="utf-8")
    put_before(tmp_path / "dualrec/systems/names.py", "    # A row of your own goes here.\n", row)
    config = "@dataclass(frozen=True, config=STRICT)\nclass Profile:\n"
    put_before(tmp_path / "dualrec/config/profile.py", config, f"{table}\n\n")
    put_before(tmp_path / "dualrec/config/profile.py", "    seeds: Count", place)
    outcomes = {}
    for weight in (0.0, 50.0):
        profile = tmp_path / f"toy{weight:.0f}.toml"
        extra = f'[llm]\nmodel = "{tiny_folder.as_posix()}"\n[bold]\nweight = {weight}\n'
        profile.write_text(toy_settings + extra, encoding="utf-8")
        outcomes[weight] = evaluate(tmp_path, toy_folder, profile)
    by_lstm, by_both = outcomes.values()
    assert (by_lstm["lstm"].item_id == by_lstm["bold"].item_id).all(), "a weight of nothing leaves the order as it was"
    assert (by_both["lstm"].item_id != by_both["bold"].item_id).any()


def put_before(path, mark, text):
    content = path.read_text(encoding="utf-8")
    assert content.count(mark) == 1, f"{mark!r} in {path.name}"
    path.write_text(content.replace(mark, text + mark), encoding="utf-8")


def evaluate(folder, data, profile):
    """The ledgers of LSTM and new role, made by the copy of the package in `folder`."""
    out = folder / profile.stem
    command = [sys.executable, "-m", "dualrec", "evaluate", "--data", str(data), "--profile", str(profile)]
    environment = os.environ | {"PYTHONPATH": str(folder), "DUALREC_HOME": str(folder)}
    done = subprocess.run(
        [*command, "--systems", "lstm,bold", "--out", str(out)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).keys() == {"lstm", "bold"}
    return {name: read_ledger(out / "lists" / f"{name}.parquet") for name in ("lstm", "bold")}
