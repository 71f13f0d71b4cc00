"""Expectations over blind lists, by hand and against lists that are really drawn and evaluated as all others."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from dualrec.evaluation.random_lists import expected_hits
from dualrec.evaluation.released import AUDITED, RELEASED, Outputs, Truth, evaluate
from dualrec.types import Sequences

TITLES = ["", "Alien (1979)", "Aliens (1986)", "Heat (1995)", "Casino (1995)", "Toy Story (1995)", "Fargo (1996)"]
VECTORS = np.vstack([np.zeros(4), np.random.default_rng(0).normal(size=(6, 4))]).astype(np.float32)
VECTORS[1:] /= np.linalg.norm(VECTORS[1:], axis=1, keepdims=True)
CLOSED = Sequences.from_lists([10, 20, 30], [[5], [], [1, 2]])
HINTS = np.array([3, 3, 6])
NAME = frozenset({"one"})


def truth(*targets: list[int], last=(True, True, True)) -> Truth:
    rows = np.array([row + [0] * (5 - len(row)) for row in targets])
    return Truth(np.array([10, 20, 30]), rows, TITLES, np.arange(7)[::-1], np.array(last))


EVERYBODY = truth([1, 4, 6, 3, 2], [1, 2, 3, 4, 5], [3, 4, 5, 6, 3])


def by_all_lists(wanted: Truth, protocol, length: int) -> dict[int, np.ndarray]:
    """User -> mean hits over every list that can be drawn."""
    vectors = dict(zip(TITLES[1:], VECTORS[1:], strict=True))
    means = {}
    for row, user in enumerate(wanted.users.tolist()):
        unseen = [item for item in range(1, 7) if item not in CLOSED.sequence(row)]
        found = []
        for drawn in permutations(unseen, length):
            items = [[6]] * row + [list(drawn)] + [[6]] * (2 - row)
            outputs = Outputs([[TITLES[i] for i in of] for of in items], items, [TITLES[i] for i in HINTS])
            frame = evaluate(outputs, wanted, vectors, protocol, 0)
            if user in frame.index:
                found.append(frame.loc[user, ["HR@1", "HR@5"]].to_numpy(float))
        if found:
            means[user] = np.mean(found, axis=0)
    return means


@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize(
    "protocol",
    [
        AUDITED,
        replace(AUDITED, targets=5),
        replace(AUDITED, targets=5, truth_in_references=True),
        replace(AUDITED, similarity=0.8),
        replace(RELEASED, users=0, row_split=False, catalogue=3),
        replace(RELEASED, users=0, row_split=False),
    ],
)
def test_it_is_the_mean_over_all_lists(protocol, length):
    found = expected_hits(EVERYBODY, HINTS, CLOSED, VECTORS, {NAME: protocol}, length)[NAME]
    wanted = by_all_lists(EVERYBODY, protocol, length)
    assert found.index.tolist() == list(wanted) and len(wanted) > 1
    assert found.to_numpy() == pytest.approx(np.array(list(wanted.values())), abs=1e-6)


def test_with_the_answers_among_the_references_every_hit_stands_first_but_behind_the_hint():
    """User 20 may be shown all six: one of them is drawn, and it is the one target or is not."""
    told = replace(AUDITED, truth_in_references=True)
    found = expected_hits(truth([1], [1], [3]), np.array([1, 1, 3]), CLOSED, VECTORS, {NAME: told}, 2)[NAME]
    assert found.loc[20].tolist() == pytest.approx([2 / 6, 2 / 6])


def test_users_of_other_rows_and_without_targets_leave():
    protocol = replace(AUDITED, row_split=True, catalogue=2)  # the most rated are items 0, which is none, and 1
    found = expected_hits(truth([1], [6], [1], last=(True, True, False)), HINTS, CLOSED, VECTORS, {NAME: protocol}, 2)
    assert found[NAME].index.tolist() == [10]


def test_a_list_of_all_that_is_unseen_has_every_target():
    found = expected_hits(truth([1], [2], [3]), HINTS, CLOSED, VECTORS, {NAME: AUDITED}, 5)[NAME]
    assert found["HR@5"].tolist() == pytest.approx([1, 5 / 6, 1])
