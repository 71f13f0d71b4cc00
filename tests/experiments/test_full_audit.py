"""The audit of everybody: what is recorded is what the released evaluation gives for the same lists, and adds up."""

from dataclasses import replace

import pandas as pd
import pytest

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.released import AUDITED, RELEASED, evaluate
from dualrec.evaluation.results import side_runs
from dualrec.experiments import full_audit
from dualrec.experiments.audit import audit_cases, listed_outputs, sentence_vectors
from dualrec.llm import local
from dualrec.sequence.ranking import best_lists
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model, lstm_hints


@pytest.fixture
def study(toy_profile, toy_folder, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    study = open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
    monkeypatch.setattr(full_audit, "open_study", lambda _: study)
    monkeypatch.setattr(local, "load_llm", lambda _: tiny)
    return study


def test_ends_are_those_of_the_released_evaluation_and_switches_add_up(study):
    found = full_audit.measure_audit("toy")
    entry = side_runs(paths.results(paths.DEFAULT_PROFILE))["toy"]["audit"]
    assert entry.keys() == found.keys() and entry["switches"] == list(full_audit.SWITCHES)
    assert found["n"] == 40 and found["command"] == "make audit PROFILE=toy"
    assert [*found["systems"]] == ["markov", "lstm", "llm_hint_trie", "random"]
    audit = audit_cases(study, users=0)
    model = fit_sequence_model(study, "markov", split=audit.split)
    lstm = fit_sequence_model(study, "lstm", split=audit.split)
    hints = lstm_hints(study, audit.cases.history, lstm)
    lists = listed_outputs(study, best_lists(model, audit.cases.history, 5).items, hints)
    vectors = sentence_vectors(study, lists)
    everybody = replace(RELEASED, row_split=False, users=0)
    protocols = {"released": replace(RELEASED, users=0), "audited": AUDITED, "told": everybody}
    protocols["untold"] = replace(everybody, truth_in_references=False)
    for end, protocol in protocols.items():
        frame = evaluate(lists, audit.truth, vectors, protocol, 0)
        entry = found["systems"]["markov"]["ends"][end]
        for metric in ("HR@1", "HR@5"):
            assert entry[metric]["value"] == pytest.approx(frame[metric].mean())
            assert entry[metric]["n"] == len(frame)
    for entry in found["systems"].values():
        for metric in ("HR@1", "HR@5"):
            ends = [entry["ends"][end][metric]["value"] for end in ("released", "audited")]
            assert sum(worth[metric]["value"] for worth in entry["worth"].values()) == pytest.approx(ends[1] - ends[0])
        assert entry["ends"]["told"]["first"]["value"] >= entry["ends"]["untold"]["first"]["value"]
        assert entry["sample"] == {}, "forty users are no more than a sample"
    assert found["systems"]["random"]["worth"]["targets"]["HR@5"]["value"] < 0, (
        "of one target fewer are hit than of five"
    )


def test_a_rate_of_nothing_has_an_upper_limit(study):
    """None of 40 hit: by Clopper and Pearson up to 1 - 0.025 ** (1 / 40)."""
    rates = full_audit._rates(pd.DataFrame({"HR@1": [0.0] * 40, "HR@5": [0.0] * 40}), resamples=50, seed=0)
    assert rates["HR@1"]["low"] == 0 and rates["HR@1"]["high"] == pytest.approx(1 - 0.025 ** (1 / 40))


def test_lists_longer_than_the_released_ones_are_refused(study):
    study.profile = replace(study.profile, audit=replace(study.profile.audit, titles=6))
    with pytest.raises(StudyError, match="have 5 titles, not 6"):
        full_audit.measure_audit("toy")


def test_samples_spread_around_what_everybody_has(study):
    frame = pd.DataFrame({"HR@1": [0.0, 1.0] * 200, "HR@5": [1.0] * 400})
    found = full_audit._sample(frame.iloc[:150], everyone=frame, seed=0)
    assert found["of"] == 400 and found["users"] == 150, (
        "the released users are a sample themselves: everybody is drawn from"
    )
    assert 0.4 < found["HR@1"]["low"] < 0.5 < found["HR@1"]["high"] < 0.6
    assert found["HR@5"] == {"value": 1.0, "low": 1.0, "high": 1.0}
