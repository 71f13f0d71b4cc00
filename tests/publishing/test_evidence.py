"""README's part on what a second opinion knows."""

import pytest

from dualrec.publishing.evidence import ABOUT, evidence_part


@pytest.fixture
def run() -> dict:
    def told(arm: str, seed: int, low: float, high: float) -> dict:
        weights = {"language": {"value": 0.05, "low": -0.01, "high": 0.11}}
        return {
            "arm": arm,
            "seed": seed,
            "weights": weights,
            "gain": {"value": 0.01, "low": low, "high": high, "n": 380},
        }

    facts = {"command": "make evidence COUNT=2", "data": "ml-100k", "commit": "1a2b3c4", "hardware": "a core"}
    systems = {"untuned": {"label": "LSTM and language model"}, "chain": {"label": "LSTM and chain"}}
    weights = [told("untuned", 0, -0.01, 0.03), told("chain", 0, 0.005, 0.015), told("chain", 1, 0.9, 0.9)]
    return facts | {"n": 943, "seeds": [0, 1], "candidates": 20, "systems": systems, "weights": weights}


def test_a_row_per_opinion_with_words(run):
    assert evidence_part({"laptop": {"evidence": run}}) == (
        "| ml-100k, 20 candidates | weight | gain, nats per user | users | in words |\n"
        "| --- | ---: | ---: | ---: | --- |\n"
        "| LSTM and language model | +0.050 [-0.010, +0.110] | +0.0100 [-0.0100, +0.0300] | 380 | cannot tell |\n"
        "| LSTM and chain | +0.050 [-0.010, +0.110] | +0.0100 [+0.0050, +0.0150] | 380 | it tells something |\n\n"
        f"{ABOUT}\n\nMeasured by `make evidence COUNT=2` on ml-100k: commit `1a2b3c4`, a core."
    )


def test_nothing_is_said_of_nothing_and_what_misleads_is_named(run):
    assert evidence_part({"laptop": {"seeds": {}}}) == "Not recorded yet."
    run["weights"][0]["gain"] |= {"low": -0.03, "high": -0.01}
    assert "it misleads" in evidence_part({"laptop": {"evidence": run}})
