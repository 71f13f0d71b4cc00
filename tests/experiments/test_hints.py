"""Hints of every kind, lists without a writer, and what is recorded of right and wrong hints."""

from dataclasses import replace

import numpy as np
import pytest

from dualrec.config import LoRAConfig
from dualrec.core import paths
from dualrec.evaluation.results import side_runs
from dualrec.evaluation.shards import Place, read_family
from dualrec.experiments import hints
from dualrec.sequence.ranking import best_hints, best_lists
from dualrec.study import open_study
from dualrec.systems.parts import Loaders, Parts
from dualrec.systems.sequence_models import fit_network, fit_sequence_model
from dualrec.types import Hints


@pytest.fixture
def study(toy_profile, toy_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    study = open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
    lora = LoRAConfig(rank=2, epochs=1)
    return replace(study, profile=replace(study.profile, lora=lora))


@pytest.fixture
def own(study):
    return best_hints(fit_sequence_model(study, "markov"), study.cases.history, 1)


def test_hints_of_every_kind(study, own):
    before = own.items.copy()
    given = {kind: hints.hints_of_kind(study, kind, own) for kind in hints.KINDS}
    assert given["none"] is None and given["own"].items.tolist() == own.items.tolist()
    assert given["true"].items[:, 0].tolist() == study.cases.targets.tolist()
    popular = best_lists(fit_sequence_model(study, "popularity"), study.cases.history, 1).items
    assert given["popular"].items.tolist() == popular.tolist()
    assert (own.items == before).all(), "the LSTM's hints stay what they are"
    assert sorted(given["shuffled"].items[:, 0]) == sorted(own.items[:, 0])


def test_nobody_keeps_a_hint_that_is_shuffled(study):
    numbered = Hints(np.arange(len(study.cases))[:, None], np.ones((len(study.cases), 1)))
    assert (hints.hints_of_kind(study, "shuffled", numbered).items != numbered.items).all()


def test_behind_the_hint_stands_what_is_popular_and_the_hint_not_again(study, own):
    lists = hints.then_popular(study, own).items
    popular = best_lists(fit_sequence_model(study, "popularity"), study.cases.history, 10).items
    assert lists.shape == (40, 10) and (lists[:, 0] == own.items[:, 0]).all()
    for row, found in enumerate(lists.tolist()):
        others = [item for item in popular[row].tolist() if item != found[0]]
        assert found[1:] == others[:9]


def test_what_is_recorded(study, tiny, monkeypatch):
    def loaders(of):
        return Parts(of, Loaders(lambda s: fit_network(s, "lstm"), lambda _: tiny, lambda _: tiny, lambda _: tiny))

    monkeypatch.setattr(hints, "open_study", lambda profile, seed=0: study)
    monkeypatch.setattr(hints, "lazy_parts", loaders)
    found = hints.measure_hints("toy", count=1)
    entry = side_runs(paths.results(paths.DEFAULT_PROFILE))["toy"]["hints"]
    assert entry["command"] == "make hints COUNT=1 PROFILE=toy" and entry["n"] == found["n"] == 40
    shards = read_family("toy", "hints")
    assert {place.arm for place in shards} == set(hints.LABELS) == set(found["systems"])
    means = {arm: shards[Place(arm, "test", 0)].metrics["NDCG@10"].mean() for arm in hints.LABELS}
    for row in found["comparisons"]:
        if row["metric"] == "NDCG@10":
            assert row["delta"] == pytest.approx(means[row["arm"]] - means[row["against"]])
    assert len(found["comparisons"]) == 2 * len(hints.COMPARISONS) and found["comparisons"][1]["margin"] > 0
    model = fit_network(study, "lstm")
    hint = best_hints(model, study.cases.history, 1).items[:, 0]
    for row in found["trust"]:
        assert row["right"] == (hint == study.cases.targets).sum()
        assert row["kept_right"]["n"] + row["kept_wrong"]["n"] == 40
    assert found["trust"][0]["auc"] == found["trust"][1]["auc"], "the two writers are one model here"
