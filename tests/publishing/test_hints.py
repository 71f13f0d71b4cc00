"""README's part on hints."""

import pytest

from dualrec.publishing.hints import ABOUT, hints_part


def share(value: float | None) -> dict:
    return {"value": value, "low": None, "high": None} if value is None else {"value": value, "low": 0.1, "high": 0.9}


@pytest.fixture
def run() -> dict:
    def trust(writer: str, seed: int) -> dict:
        kept = {"kept_right": share(0.85), "kept_wrong": share(0.8)}
        return {"writer": writer, "seed": seed, "right": 38, "auc": share(0.55), "auc_lstm": share(0.7)} | kept

    facts = {"command": "make hints COUNT=1", "data": "ml-100k", "commit": "1a2b3c4", "hardware": "a core", "n": 943}
    labels = {"untuned-own": "catalogue writer, the LSTM's hint", "lstm": "the LSTM's own list"}
    row = {"delta": -0.06, "low": -0.08, "high": -0.04, "verdict": "worse", "margin": 0.005}
    return facts | {
        "seeds": [0],
        "trust": [trust("untuned", 0), trust("tuned", 0)],
        "systems": {arm: {"label": label} for arm, label in labels.items()},
        "comparisons": [row | {"arm": "untuned-own", "against": "lstm", "metric": "NDCG@10"}],
    }


def test_right_and_wrong_hints_in_a_sentence_and_what_each_is_worth_in_a_table(run):
    assert hints_part({"laptop": {"hints": run}}) == (
        "On ml-100k 38 of 943 hints are right: the untuned writer puts 0.85 [0.10, 0.90] of the right hints first and "
        "0.80 [0.10, 0.90] of the wrong ones, and its AUC is 0.55 [0.10, 0.90]; the tuned writer puts 0.85 "
        "[0.10, 0.90] of the right hints first and 0.80 [0.10, 0.90] of the wrong ones, and its AUC is 0.55 [0.10, "
        "0.90]; the LSTM's own probability has 0.70 [0.10, 0.90].\n\n"
        "| ml-100k, n = 943 | metric | Δ | verdict |\n| --- | --- | ---: | --- |\n"
        "| catalogue writer, the LSTM's hint, less the LSTM's own list | NDCG@10 | -0.0600 [-0.0800, -0.0400] | worse |"
        f"\n\n{ABOUT}\n\nMeasured by `make hints COUNT=1` on ml-100k: commit `1a2b3c4`, a core."
    )


def test_what_could_not_be_measured_is_a_dash_and_no_record_says_nothing(run):
    run["trust"][0]["kept_right"] = share(None)
    assert "puts – [–, –] of the right hints first" in hints_part({"laptop": {"hints": run}})
    assert hints_part({"laptop": {"seeds": {}}}) == "Not recorded yet."
