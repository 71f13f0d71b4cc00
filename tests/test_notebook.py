"""What notebooks say and show, by hand."""

import math

import pytest
from matplotlib import pyplot as plt

from dualrec import notebook
from dualrec.core import paths
from dualrec.core.machine import hardware
from dualrec.evaluation.results import record_side_run
from dualrec.notebook import Caption
from dualrec.study import open_study

DIFFERENCE = {"delta": -0.00091, "low": -0.00185, "high": 0.0000763, "verdict": "cannot tell"}


@pytest.fixture
def study(monkeypatch, tmp_path, toy_profile, toy_folder):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    return open_study(toy_profile, data=str(toy_folder))


@pytest.fixture
def said(monkeypatch):
    shown = []
    monkeypatch.setattr(notebook, "display", shown.append)
    return shown


def test_numbers_in_sentences():
    interval = {"value": 0.10456, "low": 0.0899, "high": 0.1206}
    assert notebook.pm(interval) == "0.105 [0.090, 0.121]" and notebook.pm(interval, 1) == "0.1 [0.1, 0.1]"
    assert notebook.between(interval) == "[0.090, 0.121]"
    assert notebook.change(DIFFERENCE) == "-0.001 [-0.002, +0.000], cannot tell"
    assert notebook.change(DIFFERENCE, 4) == "-0.0009 [-0.0019, +0.0001], cannot tell"


def test_what_could_not_be_measured_is_a_dash():
    assert notebook.pm({"value": 0.5, "low": None, "high": None}, 1) == "0.5"
    assert notebook.pm({"value": math.nan, "low": math.nan, "high": math.nan}) == "–"
    assert notebook.between({"low": None, "high": math.nan}) == "[–, –]"
    unknown = dict.fromkeys(("delta", "low", "high"), math.nan) | {"verdict": "cannot tell"}
    assert notebook.change(unknown) == "– [–, –], cannot tell"


def test_a_caption_says_on_whom_with_what_and_where(study, said):
    figure, _ = plt.subplots()
    notebook.show(study, figure, "01_some", Caption("What is seen.", n=6040))
    elsewhere = Caption("More.", n=1, seeds="0, 1", protocol="another", hardware="elsewhere", profile="two")
    notebook.show(study, figure, "01_other", elsewhere)
    (first, second) = (entry.data for entry in said if hasattr(entry, "data"))
    facts = f"n = 6,040 users; seed 0; profile toy; {study.protocol}; {hardware()}."
    assert first == f"**Figure 01_some.** What is seen. *({facts})*"
    assert second == "**Figure 01_other.** More. *(n = 1 user; seed 0, 1; profile two; another; elsewhere.)*"
    assert {file.name for file in paths.figures("toy").iterdir()} >= {"01_some.png", "01_some.svg", "01_other.png"}


def test_side_runs_are_those_of_the_profile_unless_another_is_named(study):
    assert notebook.side_run(study, "lora_examples") == {}
    for profile in ("toy", "ml-1m"):
        record_side_run(paths.results(paths.DEFAULT_PROFILE), profile, "lora_examples", {"command": profile})
    assert notebook.side_run(study, "lora_examples") == {"command": "toy"}
    assert notebook.side_run(study, "lora_examples", profile="ml-1m") == {"command": "ml-1m"}
    assert notebook.side_run(study, "seeds") == notebook.side_run(study, "lora_examples", profile="paper") == {}


def test_side_runs_stand_side_by_side_by_data(study):
    recorded = paths.results(paths.DEFAULT_PROFILE)
    record_side_run(recorded, "lastfm", "protocols", {"data": "lastfm-2k"})
    record_side_run(recorded, "laptop", "protocols", {"data": "ml-100k"})
    records, missing = notebook.side_by_side("protocols")
    assert list(records) == ["ml-100k", "lastfm-2k"]
    assert missing == "Not recorded yet: `make protocols PROFILE=ml-1m`, `make protocols PROFILE=beauty`."
