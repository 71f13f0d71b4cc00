"""Imported ledgers are known by their sidecars, and pass for no others."""

import json

import numpy as np
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.imported import imported_ledgers, mark_imported, require_free_name
from dualrec.evaluation.ledger import read_ledger, write_ledger
from dualrec.types import Cases, RankedLists, Sequences


@pytest.fixture
def folder(tmp_path):
    """Ledgers of a run: the study's own, and one that was imported."""
    for name in ("lstm", "mine"):
        meta = {"data": "kitchen", "data_digest": "d", "protocol": "p"}
        cases, lists = Cases(Sequences.from_lists([1], [[1]]), np.array([2])), RankedLists(np.array([[3, -1]]))
        write_ledger(tmp_path, name, cases, lists, np.arange(5), meta)
    mark_imported(tmp_path, "mine", "My model")
    return tmp_path


def test_imported_ledgers_are_known_by_their_sidecars(folder):
    assert imported_ledgers(folder, "lstm") == {"mine": "My model"}
    sidecar = json.loads((folder / "mine.json").read_text())
    assert sidecar["imported"] is True and sidecar["label"] == "My model" and len(read_ledger(folder / "mine.parquet"))
    assert imported_ledgers(folder / "nowhere", "lstm") == {}


def test_lists_of_an_earlier_split_are_not_compared(folder):
    sidecar = json.loads((folder / "mine.json").read_text())
    (folder / "mine.json").write_text(json.dumps(sidecar | {"protocol": "q"}))
    with pytest.raises(StudyError, match="mine and lstm must not be compared: the protocol is"):
        imported_ledgers(folder, "lstm")


SYSTEMS = {"markov": "Markov, first order"}


@pytest.mark.parametrize("name", ["mine", "another", "v1.2", "My-model_2"])
def test_a_free_name_may_be_used_and_used_again(folder, name):
    require_free_name(folder, name, "My model" if name == "mine" else "Another", SYSTEMS)


@pytest.mark.parametrize(
    ("name", "label", "said"),
    [
        ("markov", "Mine", "'markov' is a system of the study"),
        ("lstm", "Mine", r"lstm\.parquet is a ledger that was not imported"),
        ("a/b", "Mine", "'a/b' is no name for a file"),
        ("", "Mine", "is no name for a file"),
        (".x", "Mine", "is no name for a file"),
        ("another", "Markov, first order", "already the name of other lists"),
        ("another", "My model", "already the name of other lists"),
        ("another", " ", "is empty"),
    ],
)
def test_a_name_that_is_taken_is_refused(folder, name, label, said):
    with pytest.raises(StudyError, match=said):
        require_free_name(folder, name, label, SYSTEMS)
