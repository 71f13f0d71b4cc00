"""Our networks against those of RecBole and RecTools on the same cases: golden numbers, made once by `tests/golden/`."""

import hashlib
import json
from pathlib import Path

import pytest

from dualrec.evaluation.results import load_results
from dualrec.study import open_study

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = json.loads((ROOT / "tests/golden/golden.json").read_text(encoding="utf-8"))


def test_the_golden_cases_are_ours():
    split = open_study("laptop").split
    parts = (split.train.offsets, split.train.items, split.validation.targets, split.test.targets)
    digest = hashlib.sha256(b"".join(part.astype("<i8").tobytes() for part in parts)).hexdigest()
    assert all(entry["cases"] == digest and entry["n"] == len(split.test) for entry in GOLDEN.values())


@pytest.mark.parametrize(("ours", "theirs"), [("lstm", "recbole_gru4rec"), ("sasrec", "rectools_sasrec")])
@pytest.mark.parametrize("metric", ["HR@10", "NDCG@10"])
def test_our_network_is_within_noise_of_theirs_or_above(ours, theirs, metric):
    """Theirs does not lie above the 95 % interval over users of ours, averaged over five seeds."""
    entry = load_results(ROOT / "figures/results.json")["side_runs"]["laptop"]["seeds"]["systems"][ours]
    assert len(entry["seeds"]) >= 5
    assert GOLDEN[theirs]["test"][metric] <= entry["metrics"][metric]["high"]
    assert GOLDEN[theirs]["test"][metric] > 0.05  # theirs has learned something: the bar is one
