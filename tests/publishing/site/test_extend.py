"""What "Write your own" tells people to write, run as it stands there."""

import re

import pytest

from dualrec.evaluation.metrics import per_user
from dualrec.publishing.site.build import TEXTS
from dualrec.study import open_study

BLOCKS = re.findall(r"```python\n(.*?)```", (TEXTS / "extend.md").read_text(encoding="utf-8"), re.DOTALL)


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
    best, newest, years = ran["best"].items, ran["newest_first"](ran["best"], None).items, ran["movies"].years
    assert (abs(newest).sum(axis=1) == abs(best).sum(axis=1)).all()
    assert (years[newest][:, :-1] >= years[newest][:, 1:]).all()
