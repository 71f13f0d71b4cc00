"""Every switch of the released protocol by a hand-worked case; its audited end against the study's own metrics."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dualrec.evaluation.ledger import read_ledger, write_ledger
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.released import AUDITED, RELEASED, Outputs, Truth, evaluate, last_rows, references, steps
from dualrec.rerank.similarity import rerank_by_hint
from dualrec.types import Cases, Hints, RankedLists, Sequences

TITLES = [
    "",
    "Alien (1979)",
    "Aliens (1986)",
    "Heat (1995)",
    "Casino (1995)",
    "Toy Story (1995)",
    "Fargo (1996)",
    "Jaws (1975)",
]
WRITTEN = ["The Big Leopard (1997)"]
VECTORS = dict(zip(TITLES[1:] + WRITTEN, np.eye(len(TITLES)), strict=True))  # a title resembles itself alone
ALL = replace(AUDITED, targets=5)


def truth(*targets: list[int], last=None, popularity=None) -> Truth:
    n = len(targets)
    rows = np.array([row + [0] * (5 - len(row)) for row in targets])
    counts = np.arange(len(TITLES))[::-1] if popularity is None else np.array(popularity)
    return Truth(np.arange(1, n + 1) * 10, rows, TITLES, counts, np.ones(n, bool) if last is None else np.array(last))


def outputs(*rows: list[int], hint="Toy Story (1995)") -> Outputs:
    return Outputs([[TITLES[i] for i in row] for row in rows], [list(row) for row in rows], [hint] * len(rows))


def hits(outputs, truth, protocol, metric="HR@1") -> list[float]:
    return evaluate(outputs, truth, VECTORS, protocol, 0)[metric].tolist()


def test_true_titles_among_the_references_pull_a_hit_to_the_first_place():
    listed, wanted = outputs([3, 4, 1]), truth([1])
    assert hits(listed, wanted, AUDITED) == [0] and hits(listed, wanted, AUDITED, "HR@5") == [1]
    assert hits(listed, wanted, replace(AUDITED, truth_in_references=True)) == [1]
    assert evaluate(listed, wanted, VECTORS, AUDITED, 0)["NDCG@5"].tolist() == [0.5]  # 1 / log2(3 + 1)


def test_the_hint_is_a_reference_in_both():
    assert hits(outputs([3, 4, 1], hint="Alien (1979)"), truth([1]), AUDITED) == [1]


@pytest.mark.parametrize("off", [-1e-7, 0, 1e-7])
def test_of_two_references_in_the_list_the_first_stands_first_whatever_the_last_bits_say(off):
    vectors = VECTORS | {"Alien (1979)": VECTORS["Alien (1979)"] * (1 + off)}  # a unit vector as far as float32 goes
    told = replace(AUDITED, truth_in_references=True)
    for row, first in (([5, 1], 0), ([1, 5], 1)):  # 5 is the hint, 1 the true movie
        assert evaluate(outputs(row), truth([1]), vectors, told, 0)["HR@1"].tolist() == [first]


def test_a_sequel_is_a_hit_at_four_fifths_of_the_characters():
    # "aliens (1986)" and "alien (1979)" share 10 characters in order: 2 * 10 / (13 + 12) = 0.8
    listed, wanted = outputs([2]), truth([1])
    assert hits(listed, wanted, AUDITED) == [0]
    assert hits(listed, wanted, replace(AUDITED, similarity=0.8)) == [1]
    assert hits(listed, wanted, replace(AUDITED, similarity=0.81)) == [0]


def test_an_invented_title_takes_a_place_only_where_titles_are_compared_as_text():
    listed = Outputs([[*WRITTEN, "Alien (1979)"]], [[-1, 1]], ["Toy Story (1995)"])
    assert hits(listed, truth([1]), AUDITED) == [1]
    assert hits(listed, truth([1]), replace(AUDITED, similarity=0.8)) == [0]


def test_a_failure_is_dropped_or_a_miss():
    listed, wanted = Outputs([["Alien (1979)"], []], [[1], []], ["Toy Story (1995)"] * 2), truth([1], [1])
    assert hits(listed, wanted, AUDITED) == [1, 0]
    assert hits(listed, wanted, replace(AUDITED, drop_failures=True)) == [1]


def test_any_of_five_targets_or_the_next_one():
    listed, wanted = outputs([3]), truth([1, 4, 3])
    assert hits(listed, wanted, AUDITED) == [0] and hits(listed, wanted, ALL) == [1]


def test_the_cut_catalogue_removes_targets_and_users():
    wanted = truth([1, 7], [7, 6], popularity=[0, 9, 8, 7, 6, 5, 4, 3])  # 7 and 6 are the least rated
    listed = outputs([7], [7])
    assert hits(listed, wanted, ALL) == [1, 1]
    # the first user keeps target 1, the second has none left
    assert hits(listed, wanted, replace(ALL, catalogue=5)) == [0]


def test_the_row_split_keeps_users_of_the_last_rows():
    events = pd.Series({30: 10, 10: 80, 20: 10})  # ordered by user: rows 0-79, 80-89, 90-99
    assert last_rows(np.array([10, 20, 30]), events).tolist() == [False, False, True]
    listed, wanted = outputs([1], [3]), truth([1], [1], last=[False, True])
    assert evaluate(listed, wanted, VECTORS, replace(AUDITED, row_split=True), 0).index.tolist() == [20]


def test_the_sample_is_seeded_and_of_the_wanted_size():
    listed, wanted = outputs(*[[1]] * 40), truth(*[[1]] * 40)
    sampled = [evaluate(listed, wanted, VECTORS, replace(AUDITED, users=15), seed).index.tolist() for seed in (0, 0, 1)]
    assert len(sampled[0]) == 15 and sampled[0] == sampled[1] != sampled[2]
    assert len(evaluate(listed, wanted, VECTORS, replace(AUDITED, users=50), 0)) == 40


def test_steps_turn_one_switch_at_a_time():
    protocols = list(steps().values())
    assert protocols[0] == RELEASED and protocols[-1] == AUDITED and len(protocols) == 8
    for before, after in zip(protocols, protocols[1:], strict=False):
        assert sum(a != b for a, b in zip(vars(before).values(), vars(after).values(), strict=True)) == 1


def test_the_audited_end_is_the_metric_of_the_study(tmp_path):
    rng = np.random.default_rng(0)
    n, k = 30, 5
    items = np.array([rng.permutation(np.arange(1, 8))[:k] for _ in range(n)])
    items[rng.random((n, k)) < 0.3] = -1
    targets, hint = rng.integers(1, 8, (n, 5)), rng.integers(1, 8, n)
    vectors = rng.normal(size=(8, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    written = [[TITLES[i] if i > 0 else "Nothing (2000)" for i in row] for row in items]
    found = evaluate(
        Outputs(written, items.tolist(), [TITLES[i] for i in hint]),
        replace(truth(*[[1]] * n), targets=targets),
        dict(zip(TITLES[1:], vectors[1:], strict=True)),
        AUDITED,
        0,
    )
    closed_up = np.array([sorted(row, key=lambda i: i < 0) for row in items])  # a stable sort: empty places go last
    ranked = rerank_by_hint(RankedLists(closed_up), Hints(hint[:, None], np.ones((n, 1))), vectors)
    cases = Cases(Sequences.from_lists(np.arange(1, n + 1) * 10, [[1]] * n), targets[:, 0])
    ledger = read_ledger(write_ledger(tmp_path, "x", cases, ranked, np.arange(8), {}))
    pd.testing.assert_frame_equal(found, per_user(ledger, ks=(1, 5))[list(found)], check_dtype=False)


@pytest.mark.parametrize(("protocol", "same"), [(AUDITED, True), (RELEASED, False)])
def test_sentinel_targets_reach_the_ranker_in_the_released_protocol_only(protocol, same):
    listed = outputs([3, 4, 1])
    before = references(listed, 0, np.array([1, 2]), truth([1, 2]), protocol)
    after = references(listed, 0, np.array([7, 7]), truth([7, 7]), protocol)
    assert (before == after) is same
