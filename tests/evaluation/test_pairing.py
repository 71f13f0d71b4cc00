"""What must not be compared, and over whom the rest is."""

import sys

import numpy as np
import pytest

from dualrec.__main__ import main
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_ledger, read_sidecar, write_ledger
from dualrec.evaluation.pairing import Side, pair
from dualrec.types import Cases, RankedLists, Sequences

IDS = np.arange(9) * 10
META = {"data": "toy", "data_digest": "d1", "protocol": "audited", "split": {"tie_rule": "file", "min_events": 5}}


def write(folder, name: str, users: list[int], targets: list[int], k: int = 2, hits: int = 0, **meta):
    """A ledger whose first users have their targets on top of the list."""
    first = [target if row < hits else target % 8 + 1 for row, target in enumerate(targets)]
    items = np.array([[item, *[-1] * (k - 1)] for item in first])
    cases = Cases(Sequences.from_lists(users, [[1]] * len(users)), np.array(targets))
    return write_ledger(folder, name, cases, RankedLists(items), IDS, META | meta)


def side(path) -> Side:
    return Side(path.stem, read_ledger(path), read_sidecar(path))


@pytest.mark.parametrize(
    ("users", "targets", "meta", "words"),
    [
        ([1, 2], [3, 4], {"data_digest": "d2"}, r"the data 'toy' and 'toy' differ in content \(d1 and d2\)"),
        ([1, 2], [3, 4], {"data": "other", "data_digest": None}, "the data 'toy' and 'other' have different names"),
        (
            [1, 2],
            [3, 4],
            {"protocol": "released"},
            "the protocol is 'audited' for the one and 'released' for the other",
        ),
        (
            [1, 2],
            [3, 4],
            {"split": {"tie_rule": "id_up"}},
            "the split is '.*file.*' for the one and '.*id_up.*' for the",
        ),
        ([1, 2], [3, 5], {}, r"target of user 2 is item 40 in the one and item 50 in the other \(1 of 2 users"),
        ([3, 4], [3, 4], {}, "A and B have no user in common; compare systems evaluated on the same users"),
    ],
)
def test_what_must_not_be_compared_is_refused(tmp_path, users, targets, meta, words):
    a, b = write(tmp_path, "A", [1, 2], [3, 4]), write(tmp_path, "B", users, targets, **meta)
    with pytest.raises(StudyError, match=words):
        pair(side(a), side(b))


def test_the_same_data_may_have_two_names(tmp_path):
    a, b = write(tmp_path, "A", [1, 2], [3, 4]), write(tmp_path, "B", [1, 2], [3, 4], data="elsewhere")
    assert pair(side(a), side(b)).notes == []


def test_all_numbers_are_over_the_users_that_both_have(tmp_path):
    a = write(tmp_path, "A", [5, 1, 2, 3], [5, 3, 4, 6], hits=1)  # user 5 alone is a hit, and has no partner
    b = write(tmp_path, "B", [3, 2, 9], [6, 4, 1], hits=1)
    both = pair(side(a), side(b))
    assert both.a.index.tolist() == both.b.index.tolist() == [2, 3] and both.left_out == (2, 1)
    assert both.a["HR@1"].tolist() == [0, 0] and both.b["HR@1"].tolist() == [0, 1]


def test_what_is_not_checked_is_noted(tmp_path):
    a, b = write(tmp_path, "A", [1, 2], [3, 4]), write(tmp_path, "B", [1, 2], [3, 4], k=3, data_digest=None)
    older, places = pair(side(a), side(b)).notes
    assert "names no data_digest" in older and places.startswith("lists of 2 and of 3 places are compared")
    alone = Side("B", read_ledger(b), None)
    assert pair(side(a), alone).notes[0] == "B has no sidecar: its data and protocol are not checked"


def run(monkeypatch, *arguments) -> int | None:
    monkeypatch.setattr(sys, "argv", ["dualrec", *map(str, arguments)])
    return pytest.raises(SystemExit, main).value.code


def test_the_command_compares_shared_users_and_says_who_was_left_out(tmp_path, monkeypatch, capsys):
    a = write(tmp_path, "A", [5, 1, 2, 3], [5, 3, 4, 6], hits=1)
    b = write(tmp_path, "B", [3, 2, 9], [6, 4, 1], hits=1)
    assert run(monkeypatch, "compare", a, b) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(
        "A = A, B = B; 2 users in both; left out: 2 users of A alone, 1 of B alone; intervals"
    )
    row = next(line.split() for line in printed.out.splitlines() if line.startswith("HR@1 "))
    assert row[1:4] == ["0.0", "0.5", "-0.5"], "A - B is the difference of the means that are shown"


def test_the_command_refuses_in_one_sentence(tmp_path, monkeypatch, capsys):
    a, b = write(tmp_path, "A", [1, 2], [3, 4]), write(tmp_path, "B", [1, 2], [5, 6], data_digest="d2")
    assert run(monkeypatch, "compare", a, b) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.splitlines()) == 1 and "must not be compared" in printed.err
