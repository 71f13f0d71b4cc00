"""The arms on a toy study: tried on validation alone, chosen, trained with every seed, tested and recorded."""

from dataclasses import replace

import numpy as np
import pytest

from dualrec.config import GridConfig
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.results import side_runs
from dualrec.evaluation.shards import Place, read_family, shard_path
from dualrec.experiments import representation, representation_arms
from dualrec.experiments.primary import DataSet, primary_comparisons
from dualrec.types import Cases

SOME = ("ids", "ids_genres_years", "sbert", "permuted", "language_model", "random_weights", "sbert_alone")


@pytest.fixture
def study(toy_profile, toy_folder, tiny_folder, tmp_path, monkeypatch):
    """The toy study with a small language model, made-up sentence vectors, two points of the grid and some arms."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    opened = representation.open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
    llm = replace(opened.profile.llm, model=str(tiny_folder))
    opened.profile = replace(opened.profile, llm=llm, grid=GridConfig(learning_rate=(1e-3,), dropout=(0.1,)))
    opened.title_vectors = np.random.default_rng(0).normal(size=(31, 6)).astype(np.float32)
    monkeypatch.setattr(representation, "open_study", lambda *_: opened)
    monkeypatch.setattr(representation, "with_settings", with_vectors(representation.with_settings))
    monkeypatch.setattr(representation, "ARMS", {name: representation.ARMS[name] for name in SOME})
    monkeypatch.setattr(representation, "NETWORKS", ("lstm",))
    monkeypatch.setitem(representation_arms.UNTIL_IT_FALLS, "epochs", 1)
    declare(monkeypatch, DataSet("toy", seeds=2))
    return opened


def with_vectors(with_settings):
    """Another study reads the same made-up vectors."""

    def changed(study, name, **settings):
        other = with_settings(study, name, **settings)
        other.title_vectors = study.title_vectors
        return other

    return changed


def declare(monkeypatch, *data: DataSet):
    declared = replace(primary_comparisons("representation"), data=data, resamples=50)
    monkeypatch.setattr(representation, "primary_comparisons", lambda _: declared)


def test_every_arm_is_tried_alike_and_what_is_chosen_is_tested(study):
    found = representation.measure_representation("toy")
    shards = read_family("toy", "representation")
    tried = [place for place in shards if place.fold == "validation"]
    layers = {f"lstm-language_model-layers-{n}" for n in (1, 2)}
    assert {place.arm for place in tried if "layers" in place.arm} == layers
    for arm in SOME:
        points = {f"lstm-{arm}-0.001-0.1-{width}" for width in ("0.5", "1")}
        assert points <= {place.arm for place in tried}
        best = max(points, key=lambda name: shards[Place(name, "validation", 0)].metrics["NDCG@10"].mean())
        chosen = found["systems"][f"lstm-{arm}"]["chosen"]
        assert f"{chosen['width']:g}" == best.rpartition("-")[2]
        model = shards[Place(f"lstm-{arm}", "test", 1)].settings["model"]
        assert model == shards[Place(best, "validation", 0)].settings["model"]
    assert len(tried) == 2 * len(SOME) + 2
    tests = {place for place in shards if place.fold == "test"}
    assert tests == {Place(f"lstm-{arm}", "test", s) for arm in (*SOME, *representation_arms.SUMS) for s in (0, 1)}
    assert len(found["primary"]) == 4 and all("p_holm" in row and row["seeds"] == 2 for row in found["primary"])
    best_layers = max(layers, key=lambda name: shards[Place(name, "validation", 0)].metrics["NDCG@10"].mean())
    for arm in ("language_model", "random_weights"):
        settings = shards[Place(f"lstm-{arm}", "test", 0)].settings
        assert best_layers.endswith(str(settings["model"]["title_layers"])) and settings["language_model"]

    both = shards[Place("lstm-sum_ids_sbert", "test", 0)]
    assert both.settings["second"]["id_dim"] == 0 < both.settings["model"]["id_dim"] and both.measured["weight"] >= 0
    ranks = {arm: shards[Place(arm, "test", 0)].ranks for arm in ("lstm-ids", "lstm-sum_ids_ids")}
    weight = shards[Place("lstm-sum_ids_ids", "test", 0)].measured["weight"]
    assert np.array_equal(*ranks.values()) == (weight == 0)
    recorded = side_runs(paths.results(paths.DEFAULT_PROFILE))["toy"]["representation"]
    assert recorded["command"] == "make representation COUNT=2 PROFILE=toy" and recorded["n"] == 40
    assert recorded["systems"].keys() == found["systems"].keys() and recorded["margin"] == 0.005


def test_what_there_is_is_recorded_and_an_arm_that_lacks_a_trial_left_out(study, monkeypatch):
    with pytest.raises(StudyError, match="run `make representation COUNT=1 PROFILE=toy`"):
        representation.measure_representation("toy", count=0)
    representation.measure_representation("toy")
    shard_path("toy", "representation", Place("lstm-permuted-0.001-0.1-1", "validation", 0)).unlink()
    shard_path("toy", "representation", Place("lstm-ids", "test", 0)).unlink()
    monkeypatch.setattr(representation, "measure_model", lambda *_: pytest.fail("COUNT=0 measures nothing"))
    there = representation.measure_representation("toy", count=0)
    assert "lstm-permuted" not in there["systems"] and there["primary"] == []
    assert there["systems"]["lstm-ids"]["seeds"] == [1] and there["systems"]["lstm-sbert"]["seeds"] == [0, 1]


def test_no_trial_reads_a_test_target(study):
    arms = representation.Arms(study, representation.primary_comparisons("representation"), 1, measuring=True)
    first = arms.choice("lstm", "sbert")
    blind = replace(study, split=replace(study.split, test=Cases(study.split.test.history, None)))
    blind.title_vectors = study.title_vectors
    shard_path("toy", "representation", Place("lstm-sbert-0.001-0.1-1", "validation", 0)).unlink()
    again = representation.Arms(blind, representation.primary_comparisons("representation"), 1, measuring=True)
    assert again.choice("lstm", "sbert") == first is not None


def test_settings_that_were_chosen_elsewhere_hold(study, monkeypatch):
    """The study has the primary arms alone, and no trial of its own: those of another one decide."""
    declare(monkeypatch, DataSet("toy", seeds=1, settings_of="other", arms="primary"), DataSet("other"))
    other = replace(study, profile=replace(study.profile, name="other"))
    other.title_vectors = study.title_vectors
    monkeypatch.setattr(representation, "open_study", lambda name: other if name == "other" else study)
    found = representation.measure_representation("toy")
    assert {place.fold for place in read_family("toy", "representation")} == {"test"}
    assert {place.fold for place in read_family("other", "representation")} == {"validation"}
    assert list(found["systems"]) == [f"lstm-{arm}" for arm in primary_comparisons("representation").arms]
