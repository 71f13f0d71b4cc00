"""What a finished run reached on its data: its record and the README's table."""

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.evaluation.ledger import write_ledger
from dualrec.evaluation.results import record
from dualrec.evaluation.side_by_side import verdicts
from dualrec.publishing.roads import road, roads_part
from dualrec.types import Cases, RankedLists, Sequences
from tests.publishing.finished import interval

N = 200
RANKS = {  # of the target: the LSTM misses half of the users, which the sum finds; the writer finds nobody
    "lstm": [1, 0] * (N // 2),
    "lstm_chain": [1] * N,
    "llm_hint_trie": [0] * (N // 2),
}


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A run of `beauty` with three systems, one of which was asked about half of the users."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    facts = {"profile": "beauty", "data": "amazon-beauty", "protocol": "audited", "commit": "1a2b3c4", "hardware": "h"}
    record(paths.results("beauty"), "study", facts)
    record(paths.results("beauty"), "notebooks", {"02_lstm": {"margins": {"NDCG@10": 0.002}}})
    for name, ranks in RANKS.items():
        users = np.arange(1, len(ranks) + 1)
        cases = Cases(Sequences.from_lists(users, [[2]] * len(ranks)), np.ones(len(ranks), int))
        items = np.where(np.array(ranks)[:, None] == 1, [[1, 3]], [[3, 4]])
        write_ledger(paths.run_dir("beauty") / "lists", name, cases, RankedLists(items), np.arange(5), {})
        metrics = {metric: interval(0.5, len(ranks)) for metric in ("HR@1", "HR@10", "NDCG@10")}
        entry = {"label": name, "n": len(ranks), "k": 10, "seed": 0, "protocol": "audited", "metrics": metrics}
        record(paths.results("beauty"), "systems", {name: entry | {"counts": {}}})


def test_a_road_compares_every_system_with_the_lstm_on_the_same_users(finished):
    run = road("beauty", {"minutes": 90.0})
    assert run["command"] == "make all PROFILE=beauty" and run["data"] == "amazon-beauty" and run["minutes"] == 90.0
    assert list(run["systems"]) == list(RANKS) and set(run["systems"]["lstm"]["metrics"]) == {"HR@10", "NDCG@10"}
    assert "against" not in run["systems"]["lstm"]
    chain, writer = (run["systems"][name]["against"] for name in ("lstm_chain", "llm_hint_trie"))
    assert chain["delta"] == pytest.approx(0.5) and chain["n"] == N and chain["verdict"] == "better"
    assert writer["delta"] == pytest.approx(-0.5) and writer["n"] == N // 2 and writer["verdict"] == "worse"


def test_the_table_has_a_column_per_data_set_and_says_what_it_shows(finished):
    run = road("beauty", {"minutes": 90.0})
    quiet = run | {"data": "ml-100k", "command": "make all", "systems": dict(run["systems"])}
    alike = run["systems"]["lstm_chain"]["against"] | {"verdict": "cannot tell", "delta": 0.0012}
    quiet["systems"]["lstm_chain"] = run["systems"]["lstm_chain"] | {"against": alike}
    del quiet["systems"]["llm_hint_trie"]
    text = roads_part({"beauty": {"road": run}, "laptop": {"road": quiet}})
    head, _, lstm, chain, writer = text.splitlines()[:5]
    assert head == "| system | ml-100k | amazon-beauty |"
    assert lstm == "| LSTM, improved | 0.500 [0.490, 0.510], n = 200 | 0.500 [0.490, 0.510], n = 200 |"
    assert chain.startswith("| LSTM + windowed chain | +0.0012 [") and "| **+0.5000 [" in chain
    assert writer.startswith("| LLM zero-shot + hint, catalogue only | – | **-0.5000 [")
    assert (
        "- **amazon-beauty:** Better than the LSTM alone: lstm_chain. Worse than the LSTM alone: llm_hint_trie." in text
    )
    assert "Cannot tell: lstm_chain (" in text
    assert "`make all PROFILE=beauty` on amazon-beauty: 90 minutes, commit `1a2b3c4`, h." in text
    assert "Not recorded yet: `make all PROFILE=ml-1m`, `make all PROFILE=lastfm`." in text
    assert roads_part({}) == "Not recorded yet."


def test_in_words_says_none_where_there_is_none(finished):
    run = road("beauty", {"minutes": 90.0})
    del run["systems"]["lstm_chain"]
    assert verdicts(run) == "Better than the LSTM alone: none. Worse than the LSTM alone: llm_hint_trie."


def test_equal_lists_are_no_finding(finished):
    run = road("beauty", {"minutes": 90.0})
    nothing = {"delta": 0.0, "low": 0.0, "high": 0.0, "detectable": 0.0, "verdict": "cannot tell"}
    run["systems"]["llm_hint_trie"]["against"] |= nothing
    assert verdicts(run).endswith("For every user as good as the LSTM alone: llm_hint_trie.")


def test_no_gain_is_told_with_its_margin(finished):
    run = road("beauty", {"minutes": 90.0})
    run["systems"]["lstm_chain"]["against"] |= {"verdict": "no gain"}
    assert verdicts(run).endswith("No gain above +0.002: lstm_chain.")
