"""What a side run measures, and what it does not measure again."""

import subprocess
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.results import record_side_run, side_runs
from dualrec.evaluation.shards import Place, read_family
from dualrec.experiments.side_runs import Measured, SideRun, Wanted

STUDY = SimpleNamespace(
    profile=SimpleNamespace(name="toy"), data=SimpleNamespace(name="toy data"), protocol="audited, a toy"
)
WANTED = [Wanted(Place(arm, "test", seed), {"rate": (0.1, 2)}) for arm in ("lstm", "markov") for seed in (0, 1)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def run() -> SideRun:
    return SideRun(STUDY, "seeds", "make seeds COUNT=2", {"lstm": "LSTM"}, "a processor")


def measurer(calls: list, stop_after: int = 99):
    def measure(place: Place) -> Measured:
        if len(calls) == stop_after:
            raise KeyboardInterrupt
        calls.append(place)
        return Measured(np.array([1, 2, 70_000, np.inf]) + place.seed, {"epochs": 3}, 10)

    return measure


def test_everything_wanted_is_measured_once_and_said(run, capsys):
    calls: list[Place] = []
    shards = run.shards(WANTED, measurer(calls))
    assert calls == [place for place, _ in WANTED] == [shard.place for shard in shards]
    assert shards[1].ranks.tolist() == [2, 3, 0, 0] and shards[1].k == 10 and shards[1].measured == {"epochs": 3}
    assert shards[1].command == "make seeds COUNT=2 PROFILE=toy" and shards[1].settings == {"rate": [0.1, 2]}
    assert (shards[1].commit, shards[1].hardware, shards[1].protocol) == ("unknown", "a processor", "audited, a toy")
    assert capsys.readouterr().err.splitlines() == [
        "seeds: not measured yet: LSTM, seeds 0, 1; markov, seeds 0, 1",
        "seeds: LSTM, seed 0: test NDCG@10 0.4077; 3 left",
        "seeds: LSTM, seed 1: test NDCG@10 0.2827; 2 left",
        "seeds: markov, seed 0: test NDCG@10 0.4077; 1 left",
        "seeds: markov, seed 1: test NDCG@10 0.2827; 0 left",
    ]
    again = run.shards(WANTED, measurer([], stop_after=0))
    assert [shard.ranks.tolist() for shard in again] == [shard.ranks.tolist() for shard in shards]
    assert capsys.readouterr().err == ""


def test_after_a_stop_only_what_is_missing_is_measured(run, capsys):
    with pytest.raises(KeyboardInterrupt):
        run.shards(WANTED, measurer([], stop_after=3))
    capsys.readouterr()
    calls: list[Place] = []
    assert len(run.shards(WANTED, measurer(calls))) == 4 and calls == [WANTED[3].place]
    assert capsys.readouterr().err.startswith("seeds: not measured yet: markov, seed 1\n")


def test_other_settings_are_measured_anew_and_said(run, capsys):
    run.shards(WANTED, measurer([]))
    capsys.readouterr()
    calls: list[Place] = []
    changed = [WANTED[0]._replace(settings={"rate": 0.3}), *WANTED[1:]]
    run.shards(changed, measurer(calls))
    assert calls == [WANTED[0].place]
    assert capsys.readouterr().err.startswith("seeds: 1 shard has other settings than now: measured anew\n")
    assert read_family("toy", "seeds")[WANTED[0].place].settings == {"rate": 0.3}


def test_a_setting_that_is_younger_than_a_shard_had_its_default(run):
    @dataclass
    class Younger:
        rate: float
        bias: bool = True

    old, calls = [Wanted(WANTED[0].place, {"model": {"rate": 0.1}})], []
    run.shards(old, measurer(calls))
    for table in (Younger(0.1), Younger(0.1, bias=True)):
        run.shards([Wanted(WANTED[0].place, {"model": table})], measurer([], stop_after=0))
    for table in (Younger(0.1, bias=False), Younger(0.2)):
        run.shards(old, measurer([]))
        run.shards([Wanted(WANTED[0].place, {"model": table})], measurer(calls))
    assert len(calls) == 3


def test_a_broken_shard_and_a_name_that_is_no_file_s_stop_before_anything_is_measured(run):
    run.shards(WANTED, measurer([]))
    next(paths.shards("toy").rglob("*.safetensors")).write_bytes(b"")
    for wanted, sentence in ((WANTED, "is not a whole shard"), ([Wanted(Place("..", "test", 0), {})], "no plain file")):
        with pytest.raises(StudyError, match=sentence):
            run.shards(wanted, measurer([], stop_after=0))


def test_shards_that_are_not_committed_yet_do_not_count_as_a_change_of_the_code(run, home):
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", *identity, *arguments], cwd=home, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    (home / "code.py").write_text("1")
    git("add", "-A")
    git("commit", "-qm", "one")
    commit = git("rev-parse", "--short=7", "HEAD")
    assert [shard.commit for shard in run.shards(WANTED[:2], measurer([]))] == [commit] * 2
    assert run.shards(WANTED[:3], measurer([]))[2].commit == commit, "two shards lie there, not committed"
    (home / "code.py").write_text("2")
    assert run.shards(WANTED, measurer([]))[3].commit == f"{commit}-dirty"


def test_a_record_says_where_its_shards_come_from_and_is_not_replaced_by_one_of_fewer_seeds(run, capsys):
    shards = run.shards(WANTED, measurer([]))
    shards[3].__dict__["commit"] = "1a2b3c4"  # another call, another commit
    results = paths.results(paths.DEFAULT_PROFILE)
    record_side_run(results, "toy", "seeds", {"systems": {"lstm": {"seeds": [0]}}})
    run.record(shards, {"seeds": [0, 1]})
    entry = {"command": "make seeds COUNT=2 PROFILE=toy", "data": "toy data", "commit": "unknown, 1a2b3c4"}
    entry |= {"hardware": "a processor", "seeds": [0, 1]}
    assert side_runs(results)["toy"]["seeds"] == entry
    capsys.readouterr()
    for fewer in ({"seeds": 1}, {"seeds": [0]}, {"systems": {"lstm": {"seeds": [0]}}}):
        run.record(shards, fewer)
        assert capsys.readouterr().err == "seeds: figures/results.json keeps its record over more seeds (2)\n"
    assert side_runs(results)["toy"]["seeds"] == entry
    run.record(shards, {"seeds": 2})
    assert side_runs(results)["toy"]["seeds"]["seeds"] == 2
