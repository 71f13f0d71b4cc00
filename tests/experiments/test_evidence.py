"""Second opinions weighed by conditional logit: each arm is measured, and what is recorded is what the parts give."""

from dataclasses import replace

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.evaluation.ranks import list_ranks
from dualrec.evaluation.results import side_runs
from dualrec.evaluation.shards import Place, read_family
from dualrec.experiments import evidence
from dualrec.rerank.conditional_logit import features, fit_weights
from dualrec.study import open_study
from dualrec.systems.parts import Loaders, Parts
from dualrec.systems.second_opinion import count_opinions
from dualrec.systems.sequence_models import fit_network, fit_sequence_model


def test_every_opinion_is_weighed_and_recorded(toy_profile, toy_folder, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    study = open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
    study = replace(study, profile=replace(study.profile, llm=replace(study.profile.llm, candidates=15, others=1)))

    def loaders(of):
        return Parts(of, Loaders(lambda s: fit_network(s, "lstm"), lambda _: tiny, lambda _: tiny, lambda _: tiny))

    monkeypatch.setattr(evidence, "open_study", lambda profile, seed=0: study)
    monkeypatch.setattr(evidence, "lazy_parts", loaders)
    found = evidence.measure_evidence("toy", count=1)
    entry = side_runs(paths.results(paths.DEFAULT_PROFILE))["toy"]["evidence"]
    assert entry["command"] == "make evidence COUNT=1 PROFILE=toy" and entry["candidates"] == 15
    told = {row["arm"]: row for row in found["weights"]}
    assert list(told) == ["untuned", "tuned", "chain"] and told["untuned"]["gain"] == told["tuned"]["gain"]
    assert set(told["untuned"]["weights"]) == {"sequence", "language", "prior"}
    lstm, chain = fit_network(study, "lstm"), fit_sequence_model(study, "windowed_markov")
    validation = count_opinions(study, chain, lstm, study.validation.history)
    weights = fit_weights(features(validation, None), validation.items, study.validation.targets)
    assert told["chain"]["weights"]["language"]["value"] == pytest.approx(weights["value"]["language"])
    test = count_opinions(study, chain, lstm, study.cases.history)
    scores = sum(weights["value"][name] * values for name, values in features(test, None).items())
    ranks = list_ranks(test.ranked(np.where(test.items > 0, scores, -np.inf), 10).items, study.cases.targets)
    shard = read_family("toy", "evidence")[Place("chain", "test", 0)]
    assert shard.ranks.tolist() == np.where(np.isinf(ranks), 0, ranks).tolist()
