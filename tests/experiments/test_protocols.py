"""Other rules for ties, repeats and splits: which levels data allow, and that each is ranked on its own cases."""

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.evaluation.results import side_runs
from dualrec.evaluation.shards import read_family
from dualrec.experiments import protocols
from dualrec.study import open_study

pytestmark = pytest.mark.slow
CUTS = ["first after a cut in time", "last after a cut in time"]


@pytest.fixture
def study(toy_profile, tmp_path, monkeypatch):
    """Opens the toy study on people who walk in circles, and from the fifth on come back; with times or an order."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))

    def opened(clock: str, length: int):
        folder = tmp_path / f"{clock}-{length}"
        folder.mkdir()
        events = "".join(f"{u},{(u * 3 + t) % 8},{u % 7 + t // 2}\n" for u in range(1, 41) for t in range(length))
        (folder / "interactions.csv").write_text(f"user_id,item_id,{clock}\n{events}")
        (folder / "items.csv").write_text("item_id,title\n" + "".join(f"{i},Item {i}\n" for i in range(8)))
        toy = open_study(toy_profile, data=str(folder), folder=tmp_path / "run")
        monkeypatch.setattr(protocols, "open_study", lambda *_: toy)
        monkeypatch.setattr(protocols, "load", lambda *_: toy.data)
        return toy

    return opened


@pytest.mark.parametrize(
    "clock, length, levels",
    [
        ("timestamp", 7, ["ties by falling item id", *CUTS]),
        ("timestamp", 12, ["ties by falling item id", *CUTS, "repeats allowed"]),
        ("order", 7, []),
        ("order", 12, ["repeats allowed"]),
    ],
)
def test_a_level_that_the_data_cannot_tell_is_left_out(study, clock, length, levels):
    assert list(protocols.protocol_splits(study(clock, length))) == ["leave-one-out", *levels]


def test_every_level_is_ranked_on_its_own_cases_and_recorded(study):
    toy = study("timestamp", 12)
    found = protocols.measure_protocols("toy")
    splits, shards = protocols.protocol_splits(toy), read_family("toy", "protocols")
    assert len(shards) == len(splits) * len(protocols.MODELS) and found["levels"].keys() == splits.keys()
    for level, entry in found["levels"].items():
        assert entry["n"] == len(splits[level].test)
        means = {s: e["metrics"]["NDCG@10"]["value"] for s, e in entry["systems"].items()}
        assert entry["order"] == sorted(means, key=lambda s: -means[s])
    entry = side_runs(paths.results(paths.DEFAULT_PROFILE))["toy"]["protocols"]
    assert entry["command"] == "make protocols PROFILE=toy" and entry["n"] == 40
    assert entry["counts"]["last_met_before"] == 40 and entry["counts"]["tied_last"] >= 0


def test_a_level_with_another_first_is_compared_with_the_audited_first(study, monkeypatch):
    toy = study("timestamp", 12)
    ranks = {"popularity": 1.0, "markov": 2.0}

    def measured(studied, name, seed, cases):
        better = "markov" if studied.split.test.history.repeats else "popularity"
        rank = 1.0 if name == better else ranks.get(name, 9.0)
        return protocols.Measured(np.full(len(cases), rank + (name == "popularity" and better == "markov")), {})

    monkeypatch.setattr(protocols, "measure_model", measured)
    levels = protocols.measure_protocols("toy")["levels"]
    assert {level: entry["order"][0] for level, entry in levels.items() if entry["moved"]} == {
        "repeats allowed": "markov"
    }
    moved = levels["repeats allowed"]["moved"]
    assert moved["delta"] == pytest.approx(1 - 1 / np.log2(3)) and moved["verdict"] == "better" and moved["n"] == 40
    assert len(toy.split.test) == 40
