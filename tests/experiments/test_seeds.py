"""What is measured beside the notebooks: the grid is searched on validation alone, and seeds are counted one by one."""

import math
import shutil
from dataclasses import replace

import numpy as np
import pytest

from dualrec import plots
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.results import record, record_side_run
from dualrec.evaluation.results import side_runs as recorded
from dualrec.evaluation.shards import Place, read_family, shard_path
from dualrec.experiments import grid_search
from dualrec.experiments import seeds as side_runs
from dualrec.experiments.sequence_arms import (
    NETWORKS,
    SEQUENCE_MODELS,
    measure_model,
    model_settings,
    with_settings,
)
from dualrec.profiles.load import available, load_profile
from dualrec.systems import names
from dualrec.systems.names import IDS_ALONE, LABELS, SYSTEMS
from dualrec.systems.rank import rank
from dualrec.types import Cases

pytestmark = pytest.mark.slow

ROOT = paths.PACKAGE.parent


@pytest.fixture
def study(toy_profile, toy_folder, tmp_path, monkeypatch):
    """The toy study, where a side run would open the profile's; results go to a folder of their own."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    opened = side_runs.open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
    for module in (side_runs, grid_search):
        monkeypatch.setattr(module, "open_study", lambda *_: opened)
    return opened


def test_the_grid_is_trained_whole_and_the_best_finalist_chosen(study, monkeypatch):
    grid = {"learning_rate": (1e-3, 0.05), "dropout": (0.0, 0.3)}
    searched = {"ease": {"l2": (1.0, 9.0)}, "sasrec": grid, "lstm": grid, "lstm_ids": grid}
    monkeypatch.setattr(grid_search, "grids", lambda _: searched)
    study.profile = replace(study.profile, seeds=2)
    found = grid_search.search_grid("toy")
    assert found.keys() == searched.keys()
    assert [len(row["per_seed"]) for row in found["ease"]["grid"]] == [1, 1], "least squares draw nothing"
    assert found["ease"]["chosen"]["l2"] == max(found["ease"]["grid"], key=lambda row: row["ndcg"])["l2"]
    for system in (found["sasrec"], found["lstm"], found["lstm_ids"]):
        assert len({(row["learning_rate"], row["dropout"]) for row in system["grid"]}) == 4
        assert all(row["ndcg"] == pytest.approx(np.mean(row["per_seed"])) for row in system["grid"])
        ordered = sorted(system["grid"], key=lambda row: -row["per_seed"][0])
        assert [len(row["per_seed"]) for row in ordered] == [2, 2, 2, 1]
        best = max(ordered[:3], key=lambda row: row["ndcg"])
        assert system["chosen"] == {"learning_rate": best["learning_rate"], "dropout": best["dropout"]}
    entry = recorded(paths.results(paths.DEFAULT_PROFILE))["toy"]["grid_search"]
    assert (
        entry["command"] == "make grid_search PROFILE=toy"
        and entry["n"] == 40
        and entry["systems"].keys() == found.keys()
    )


def test_a_search_of_some_systems_adds_to_the_record(study, monkeypatch):
    searched = {"ease": {"l2": (1.0, 9.0)}, "ials": {"factors": (2, 4)}, "sasrec": {"learning_rate": (1e-3, 0.05)}}
    monkeypatch.setattr(grid_search, "grids", lambda _: searched)

    def entry() -> dict:
        return recorded(paths.results(paths.DEFAULT_PROFILE))["toy"]["grid_search"]["systems"]

    assert list(grid_search.search_grid("toy", ["ials"])) == ["ials"] == list(entry())
    assert list(grid_search.search_grid("toy", ["ease"])) == ["ease", "ials"] == list(entry())
    study.profile = replace(study.profile, seeds=1)
    grid_search.search_grid("toy", ["sasrec"])
    study.profile = replace(study.profile, seeds=2)  # no finalist of SASRec has a second seed
    assert list(grid_search.search_grid("toy", [])) == ["ease", "ials"]
    study.profile = replace(study.profile, ials=replace(study.profile.ials, alpha=2.0))
    assert list(grid_search.search_grid("toy", [])) == ["ease"], "its points were fitted with another setting"
    with pytest.raises(StudyError, match="no grid is declared for markov; choose from ease, ials, sasrec"):
        grid_search.search_grid("toy", ["markov", "ease"])


@pytest.mark.parametrize("name", available())
def test_every_family_is_searched_at_equally_many_points(name):
    grids = grid_search.grids(load_profile(name))
    assert {math.prod(map(len, grid.values())) for grid in grids.values()} == {8}
    assert grids.keys() == {"item_knn", "windowed_markov", "ease", "ials", "sasrec", "lstm", "lstm_ids"}


def test_the_default_profile_has_the_recorded_winners():
    searched = recorded(ROOT / "figures" / "results.json")["laptop"]["grid_search"]["systems"]
    for name, found in searched.items():
        table = getattr(load_profile("laptop"), name)
        assert len(found["grid"]) == 8 and {key: getattr(table, key) for key in found["chosen"]} == found["chosen"]


def test_the_search_cannot_read_a_test_target(study, monkeypatch):
    searched = {"ials": {"factors": (2, 4)}, "sasrec": {"learning_rate": (1e-3, 0.05)}}
    monkeypatch.setattr(grid_search, "grids", lambda _: searched)
    first = grid_search.search_grid("toy")
    shutil.rmtree(paths.shards("toy"))  # so that all is ranked again
    study.split = type(study.split)(study.split.train, study.split.validation, Cases(study.split.test.history, None), 0)
    assert grid_search.search_grid("toy") == first


def test_every_seed_counts_once(study):
    found = side_runs.measure_seeds("toy", count=3)
    assert list(found) == list(SEQUENCE_MODELS)
    shards = read_family("toy", "seeds")
    assert {(place.arm, place.seed) for place in shards} == {(s, n) for s in found for n in found[s]["seeds"]}
    for name, entry in found.items():
        assert entry["seeds"] == ([0, 1, 2] if name in NETWORKS else [0])
        values = entry["per_seed"]["NDCG@10"]
        assert entry["metrics"]["NDCG@10"]["value"] == pytest.approx(np.mean(values))
        if name in NETWORKS:
            assert entry["sd"]["NDCG@10"] == pytest.approx(np.std(values, ddof=1)) and entry["seconds_per_epoch"] > 0
        else:
            assert entry["sd"]["NDCG@10"] is None and entry["seconds_per_epoch"] is None


def test_a_shard_says_what_the_ledger_of_the_same_lists_says(study):
    side_runs.measure_seeds("toy", count=1)
    for place, shard in read_family("toy", "seeds").items():
        if place.arm == IDS_ALONE:
            continue  # no system writes its lists
        lists = rank(study, place.arm, study.cases.history, study.profile.evaluation.k)
        ledger = per_user(study.save(place.arm, study.cases, lists, 0.0))
        np.testing.assert_array_equal(shard.metrics, ledger[list(shard.metrics)])
        assert shard.protocol == study.protocol and shard.k is None
        assert len(shard.measured.get("epochs", [])) == (
            getattr(study.profile, place.arm).epochs if place.arm in NETWORKS else 0
        )


def test_a_call_with_fewer_seeds_forgets_none(study, capsys):
    first = side_runs.measure_seeds("toy", count=2)
    capsys.readouterr()
    assert len(side_runs.measure_seeds("toy", count=1)["lstm"]["seeds"]) == 1
    assert capsys.readouterr().err == "seeds: figures/results.json keeps its record over more seeds (2)\n"
    entry = recorded(paths.results(paths.DEFAULT_PROFILE))["toy"]["seeds"]
    assert entry["command"] == "make seeds COUNT=2 PROFILE=toy" and entry["systems"].keys() == first.keys()


def test_what_there_is_is_recorded_and_nothing_measured(study, monkeypatch, capsys):
    with pytest.raises(StudyError, match="no shard of seeds .* profile 'toy'; run `make seeds COUNT=1 PROFILE=toy`"):
        side_runs.measure_seeds("toy", count=0)
    first = side_runs.measure_seeds("toy", count=2)
    shard_path("toy", "seeds", Place("sasrec", "test", 1)).unlink()
    shutil.rmtree(shard_path("toy", "seeds", Place("ease", "test", 0)).parent)
    monkeypatch.setattr(side_runs, "measure_model", lambda *_: pytest.fail("COUNT=0 measures nothing"))
    capsys.readouterr()
    there = side_runs.measure_seeds("toy", count=0)
    assert "not measured yet: EASE, seed 0; SASRec, seed 1\n" in capsys.readouterr().err
    assert there["sasrec"]["seeds"] == [0] and there["lstm"] == first["lstm"] and "ease" not in there
    entry = recorded(paths.results(paths.DEFAULT_PROFILE))["toy"]["seeds"]
    assert entry["command"] == "make seeds COUNT=2 PROFILE=toy" and entry["systems"].keys() == there.keys()


def test_the_figure_of_the_seeds_has_a_dot_for_each(study):
    found = side_runs.measure_seeds("toy", count=2)
    found = {name: found[name] for name in names.SEQUENCE_MODELS}
    (axis,) = plots.seeds(found, "NDCG@10", SYSTEMS).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        f"{LABELS[s]}  ({2 if s in NETWORKS else 1})" for s in found
    ]
    dots = [line.get_xdata() for line in axis.lines if line.get_marker() == "o"]
    for drawn, entry in zip(dots, found.values(), strict=True):
        assert drawn.tolist() == pytest.approx(entry["per_seed"]["NDCG@10"])


def test_side_runs_of_other_profiles_and_kinds_stay(tmp_path):
    path = tmp_path / "results.json"
    record_side_run(path, "laptop", "grid_search", {"command": "a"})
    record_side_run(path, "ml-1m", "seeds", {"command": "b"})
    record_side_run(path, "laptop", "seeds", {"command": "c"})
    record(path, "notebooks", {"01_data": {}})
    assert recorded(path) == {
        "laptop": {"grid_search": {"command": "a"}, "seeds": {"command": "c"}},
        "ml-1m": {"seeds": {"command": "b"}},
    }
    assert recorded(tmp_path / "none.json") == {}


def test_ids_alone_have_a_table_of_their_own_and_hear_nothing_of_titles(study):
    """Its shards depend on `lstm_ids`, and with that table made the LSTM's its ranks are the LSTM's."""
    test = study.split.test
    settings = model_settings(study, IDS_ALONE, test)
    assert settings["model"] == study.profile.lstm_ids != study.profile.lstm
    alone = with_settings(study, IDS_ALONE, title_dim=0, genre_dim=0, epochs=1)
    ranks = measure_model(alone, IDS_ALONE, 0, test).ranks
    as_lstm = replace(alone, profile=replace(alone.profile, lstm=alone.profile.lstm_ids))
    np.testing.assert_array_equal(measure_model(as_lstm, "lstm", 0, test).ranks, ranks)


def test_the_record_tells_how_far_the_best_is_ahead_of_the_second(study):
    found = side_runs.measure_seeds("toy", count=2)
    ahead = recorded(paths.results(paths.DEFAULT_PROFILE))["toy"]["seeds"]["ahead"]
    means = {name: entry["metrics"]["NDCG@10"]["value"] for name, entry in found.items()}
    best, second, *_ = sorted(means, key=lambda name: -means[name])
    assert (ahead["best"], ahead["second"], ahead["n"]) == (best, second, 40)
    assert ahead["delta"] == pytest.approx(means[best] - means[second], abs=1e-6) and ahead["detectable"] >= 0
