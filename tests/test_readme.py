"""What the README and the committed results say is the same thing, and it is complete."""

from pathlib import Path

from dualrec.evaluation.results import load_results, readme_is_current
from dualrec.systems import LABELS

ROOT = Path(__file__).resolve().parents[1]


def test_the_results_table_is_the_one_of_the_recorded_run():
    assert readme_is_current(ROOT / "README.md", load_results(ROOT / "figures" / "results.json"))


def test_results_hold_every_system_of_the_default_profile():
    results = load_results(ROOT / "figures" / "results.json")
    assert results["profile"] == "laptop" and results["data"] == "ml-100k"
    assert results["systems"].keys() >= LABELS.keys()
    assert not results["commit"].endswith("-dirty") and results["commit"] != "unknown"
    for system in results["systems"].values():
        for name in ("HR@1", "HR@5", "HR@10", "NDCG@1", "NDCG@5", "NDCG@10", "MRR"):
            interval = system["metrics"][name]
            assert interval["low"] <= interval["value"] <= interval["high"] and interval["n"] == system["n"]


def test_the_improved_lstm_reaches_its_mark_over_three_seeds():
    seeds = load_results(ROOT / "figures" / "results.json")["systems"]["lstm_seeds"]
    assert seeds["seeds"] == [0, 1, 2]
    assert seeds["metrics"]["NDCG@10"]["value"] >= 0.105 and seeds["metrics"]["HR@10"]["value"] >= 0.205


def test_every_notebook_recorded_its_result():
    recorded = load_results(ROOT / "figures" / "results.json")["notebooks"]
    assert list(recorded) == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
