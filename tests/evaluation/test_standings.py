"""The table of a run: whose ledgers are in it, in which order, and against whom."""

import json

import numpy as np
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.imported import mark_imported
from dualrec.evaluation.ledger import write_ledger
from dualrec.evaluation.standings import standings
from dualrec.types import Cases, RankedLists, Sequences

LABELS = {"popularity": "Popularity", "lstm": "LSTM", "llm": "LLM"}
PEOPLE = 60


@pytest.fixture
def run(tmp_path):
    """A run with as many hits of each system as `hits` says; the writer is asked for fewer people, and right."""
    hits = {"lstm": 40, "popularity": 10, "my.models.Oracle": 41, "mine": 39, "lstm_seed1": 60, "llm": 20}
    for name, hit in hits.items():
        users = np.arange(1, (20 if name == "llm" else PEOPLE) + 1)
        cases = Cases(Sequences.from_lists(users, [[1]] * len(users)), np.full(len(users), 2))
        lists = RankedLists(np.where(users <= hit, 2, 3)[:, None])
        meta = {"data": "kitchen", "data_digest": "d", "protocol": "audited"}
        write_ledger(tmp_path / "lists", name, cases, lists, np.arange(5), meta)
    mark_imported(tmp_path / "lists", "mine", "My | model")
    return tmp_path


def test_rows_cells_and_verdicts(run):
    text, about = standings(run, LABELS, 200, 0)
    rows = [[cell.strip() for cell in line.replace(r"\|", "/").strip("|").split("|")] for line in text.splitlines()]
    assert rows[0] == ["system", "users", "HR@1", "HR@5", "HR@10", "NDCG@10", "MRR", "Δ NDCG@10"]
    assert [row[0] for row in rows[2:]] == ["Popularity", "LSTM", "LLM", "Oracle", "My / model"]
    by_label = {row[0]: row for row in rows[2:]}
    assert by_label["LSTM"][1] == "60" and by_label["LSTM"][2].startswith("0.667 [") and by_label["LLM"][1] == "20"
    assert by_label["Oracle"][-1] == "the first", "not the writer, who is right for fewer people"
    assert by_label["Popularity"][-1].startswith("-0.517 [") and by_label["Popularity"][-1].endswith("], worse")
    assert by_label["LSTM"][-1].endswith(", cannot tell") and by_label["LLM"][-1].startswith("+0.000 [")
    assert (
        about.startswith("kitchen; audited. ") and "against Oracle" in about and "for 4 comparisons together" in about
    )


def test_one_system_is_compared_with_nobody(run):
    for path in [*run.glob("lists/*")]:
        if path.stem != "lstm":
            path.unlink()
    text, about = standings(run, LABELS, 200, 0)
    assert text.splitlines()[-1].endswith("| the first |") and "for 0 comparisons" in about


def test_ledgers_of_other_data_are_refused(run):
    path = run / "lists" / "mine.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"data_digest": "e"}))
    with pytest.raises(StudyError, match="must not be compared: the data .* differ in content"):
        standings(run, LABELS, 200, 0)


@pytest.mark.parametrize("folder", ["nowhere", "lists"])
def test_a_folder_without_ledgers_is_told(run, folder):
    with pytest.raises(StudyError, match="has no ledger of a system"):
        standings(run / folder, LABELS, 200, 0)
