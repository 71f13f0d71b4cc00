"""What bfloat16 costs: both precisions are trained with every seed, compared user by user, and shown."""

import shutil

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.evaluation.results import side_runs
from dualrec.evaluation.shards import Place, read_family, shard_path
from dualrec.experiments import precision
from dualrec.publishing.readme import precision_table
from dualrec.sequence.training import trains_lstms_in_bfloat16
from dualrec.systems.names import LABELS, NETWORKS

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not trains_lstms_in_bfloat16(), reason="PyTorch cannot train an LSTM in bfloat16 on this processor")
def test_every_network_is_measured_in_both_precisions_with_every_seed(toy_profile, toy_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    study = precision.open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
    monkeypatch.setattr(precision, "open_study", lambda *_: study)
    found = precision.measure_precision("toy", count=2)
    assert list(found) == list(NETWORKS)
    shards = read_family("toy", "precision")
    assert len(shards) == len(NETWORKS) * 2 * 2
    for name, entry in found.items():
        gains = {}
        for kind in precision.PRECISIONS:
            both = [shards[Place(f"{name}-{kind}", "test", seed)] for seed in (0, 1)]
            assert {shard.settings["model"]["precision"] for shard in both} == {kind}
            gains[kind] = np.mean([shard.metrics["NDCG@10"] for shard in both], axis=0)
            assert entry[kind]["metrics"]["NDCG@10"]["value"] == pytest.approx(gains[kind].mean())
            assert len(entry[kind]["per_seed"]["HR@10"]) == 2 and entry[kind]["seconds_per_epoch"] > 0
            assert "networks in" not in both[0].hardware, "a caption of other runs, where all networks are float32"
        losses = [shards[Place(f"{name}-{kind}", "test", 0)].measured["epochs"][0]["loss"] for kind in gains]
        assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.05)
        change = entry["difference"]["NDCG@10"]
        assert change["delta"] == pytest.approx((gains["bfloat16"] - gains["float32"]).mean()) and change["n"] == 40
        assert change.keys() >= {"low", "high", "verdict", "p_holm"} and "verdict" in entry["difference"]["HR@10"]

    recorded = side_runs(paths.results(paths.DEFAULT_PROFILE))
    assert recorded["toy"]["precision"]["command"] == "make precision COUNT=2 PROFILE=toy"
    assert all(entry["seeds"] == [0, 1] for entry in recorded["toy"]["precision"]["systems"].values())
    rows = precision_table(recorded).splitlines()
    assert len(rows) == 2 + len(NETWORKS) and rows[2].startswith(f"| `toy` | {LABELS[NETWORKS[0]]} | 40 | 2 | ")

    first, second, *_ = NETWORKS
    shard_path("toy", "precision", Place(f"{first}-bfloat16", "test", 1)).unlink()
    shutil.rmtree(shard_path("toy", "precision", Place(f"{second}-float32", "test", 0)).parent)
    monkeypatch.setattr(precision, "measure_model", lambda *_: pytest.fail("COUNT=0 measures nothing"))
    there = precision.measure_precision("toy", count=0)
    assert list(there) == [name for name in NETWORKS if name != second]
    assert there[first]["seeds"] == [0] and there[NETWORKS[2]] | {"difference": None} == found[NETWORKS[2]] | {
        "difference": None
    }
