"""Our networks against those of RecTools and RecBole on the same cases.

Theirs are golden numbers, made once by the scripts in `tests/golden/`.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from dualrec.evaluation.ledger import read_ledger, write_ledger
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.results import load_results
from dualrec.sequence.base import mask_seen, target_ranks, top_k
from dualrec.study import open_study
from dualrec.types import Cases, Sequences

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((ROOT / "tests/golden/golden.json").read_text(encoding="utf-8"))
OURS = {"rectools_sasrec": "sasrec", "recbole_gru4rec": "lstm"}

_spec = importlib.util.spec_from_file_location("golden_common", ROOT / "tests/golden/common.py")
common = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(common)


def ours(theirs: str) -> dict:
    return load_results(ROOT / "figures/results.json")["side_runs"]["laptop"]["seeds"]["systems"][OURS[theirs]]


def test_the_golden_cases_are_ours():
    study = open_study("laptop")
    split, ids = study.split, study.catalogue.ids  # the exported cases go by original ids
    targets = ids[split.validation.targets], ids[split.test.targets]
    digest = common.digest(split.train.offsets, ids[split.train.items], *targets)
    assert all(entry["cases"] == digest for entry in GOLDEN.values())


@pytest.mark.parametrize("theirs", GOLDEN)
def test_golden_means_are_those_of_the_runs(theirs):
    entry = GOLDEN[theirs]
    for metric in common.METRICS:
        assert entry["test"][metric] == pytest.approx(np.mean([run["test"][metric] for run in entry["runs"]]))
    best = max(entry["searched"], key=lambda point: point["validation"]["NDCG@10"])
    assert entry["chosen"].items() <= best.items(), "chosen by validation"
    assert entry["test"]["NDCG@10"] > 0.05 and entry["test"]["HR@10"] > 0.1, (
        "theirs has learned something: the bar is one"
    )


@pytest.mark.parametrize("theirs", GOLDEN)
def test_ours_has_the_same_users_and_enough_seeds(theirs):
    assert ours(theirs)["n"] == GOLDEN[theirs]["n"] and len(ours(theirs)["seeds"]) >= 5


@pytest.mark.parametrize("theirs", GOLDEN)
@pytest.mark.parametrize("metric", ["HR@10", "NDCG@10"])
def test_ours_is_above_theirs_or_within_noise(theirs, metric):
    """Within noise: theirs is not above the 95 % interval over users of ours, each user averaged over the seeds."""
    assert GOLDEN[theirs]["test"][metric] <= ours(theirs)["metrics"][metric]["high"]


def test_golden_metrics_by_hand():
    scores = np.array([[9.0, 0.1, 0.5, 0.5, 0.2]] * 4)
    places = common.ranks(scores, [[], [2], [2, 3, 4], [3]], np.array([3, 3, 1, 3]))
    assert places.tolist() == [2, 1, 1, 5], "ties to the lower index, the history removed, a seen target last"
    found = common.metrics(np.array([1, 2, 6, 11]))
    gains = 1 + 1 / np.log2(3) + 1 / np.log2(7)
    assert found == pytest.approx(
        {"HR@1": 1 / 4, "HR@5": 2 / 4, "HR@10": 3 / 4, "NDCG@10": gains / 4, "MRR": (1 + 1 / 2 + 1 / 6) / 4}
    )


def test_golden_metrics_are_ours_on_ties(tmp_path):
    rng = np.random.default_rng(0)
    n, n_items = 200, 40
    scores = rng.integers(0, 6, (n, n_items + 1)).astype(np.float32)
    scores[:, 7] = -np.inf  # an item the model does not know
    histories = [rng.choice(np.arange(1, n_items + 1), rng.integers(1, 35), replace=False) for _ in range(n)]
    targets = rng.integers(1, n_items + 1, n)  # some are in the history
    cases = Cases(Sequences.from_lists(np.arange(n), histories), targets)
    masked = mask_seen(scores.copy(), cases.history)
    places = common.ranks(scores, histories, targets)
    np.testing.assert_array_equal(places, target_ranks(masked, targets))
    ledger = read_ledger(write_ledger(tmp_path, "system", cases, top_k(masked, common.K), np.arange(n_items + 1), {}))
    assert common.metrics(places) == pytest.approx(per_user(ledger)[list(common.METRICS)].mean().to_dict())
