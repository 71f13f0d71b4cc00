"""README's part on the item's representation: what is declared and measured, and what waits."""

import pytest

from dualrec.publishing.representation import ABOUT, representation_part, representation_sentences

ROW = {"delta": 0.01, "low": 0.002, "high": 0.018}


@pytest.fixture
def run() -> dict:
    labels = {"lstm-sbert": "LSTM, + SBERT", "lstm-permuted": "LSTM, + SBERT of other items", "lstm-ids": "LSTM, ids"}
    return {
        "command": "make representation COUNT=2",
        "data": "ml-100k",
        "commit": "1a2b3c4",
        "hardware": "a core",
        "n": 943,
        "declared": [["lstm-sbert", "lstm-permuted"], ["lstm-language_model", "lstm-sbert"]],
        "systems": {arm: {"label": label, "seeds": [0, 1]} for arm, label in labels.items()},
        "primary": [],
        "described": [
            ROW | {"arm": "lstm-sbert", "against": "lstm-permuted"},
            ROW | {"arm": "lstm-sbert", "against": "lstm-ids"},
        ],
    }


def test_a_declared_pair_has_its_interval_before_all_are_measured(run):
    assert representation_part({"laptop": {"representation": run}}) == (
        "| ml-100k, n = 943 | Δ NDCG@10 | verdict |\n| --- | ---: | --- |\n"
        "| LSTM, + SBERT, less LSTM, + SBERT of other items | +0.0100 [+0.0020, +0.0180] | interval alone |\n\n"
        "Measured by `make representation COUNT=2`, at most 2 seeds: commit `1a2b3c4`, a core. "
        f"1 of 2 declared comparisons have not been measured yet.\n\n{ABOUT}"
    )


def test_verdicts_come_with_the_last_of_them(run):
    run["primary"] = [
        ROW | {"arm": "lstm-sbert", "against": "lstm-permuted", "verdict": "better"},
        ROW | {"arm": "lstm-language_model", "against": "lstm-sbert", "verdict": "no gain", "margin": 0.02},
    ]
    run["systems"]["lstm-language_model"] = {"label": "LSTM, + language model", "seeds": [0, 1]}
    part = representation_part({"laptop": {"representation": run}})
    assert "| better |" in part and "| no gain above +0.02 |" in part and "not been measured" not in part


def test_in_a_sentence(run):
    assert representation_sentences({"laptop": {"representation": run}}) == (
        "Each tuned with equally many trials, on ml-100k (n = 943): *LSTM, + SBERT* less *LSTM, + SBERT of other "
        "items* +0.0100 [+0.0020, +0.0180], by interval."
    )
    assert representation_sentences({"laptop": {"representation": run | {"described": []}}}) == ""


def test_nothing_is_said_of_nothing(run):
    assert representation_part({"laptop": {"seeds": {}}}) == "Not recorded yet."
    assert representation_part({"laptop": {"representation": run | {"described": []}}}) == "Not recorded yet."
