"""What a run is expected to take elsewhere, by numbers that can be worked out by hand."""

import json
from dataclasses import asdict, replace

import pytest

from dualrec.core.errors import StudyError
from dualrec.core.machine import environment
from dualrec.core.probe import Speeds
from dualrec.workflow import minutes
from dualrec.workflow.minutes import Machine, expected, fixed_share, in_words, language_model, read_runs, training

THERE = Machine("cpu", "AMD EPYC", 2, "bfloat16", Speeds(100.0, 400.0, 20.0))
RUN = {
    "minutes": 20.0,
    "hardware": "AMD EPYC, 2 threads",
    "machine": asdict(THERE),
    "notebooks": {
        "01_one": {
            "seconds": 600,
            "spent": {"training": 240, "tuning": 0, "reading": 0, "writing": 0, "imports": 60},
        },
        "02_two": {
            "seconds": 600,
            "spent": {"training": 0, "tuning": 120, "reading": 240, "writing": 120, "imports": 60},
        },
    },
}


@pytest.fixture(autouse=True)
def _shares(monkeypatch):
    """Half of all tuning, a quarter of all reading and no writing is fixed."""
    monkeypatch.setattr(minutes, "FIXED", {"tuning": 0.5, "reading": 0.25, "writing": 0.0})


def test_the_machine_on_record_takes_what_is_on_record():
    found = expected(RUN, THERE)
    assert found.notebooks == {"01_one": 10, "02_two": 10} and found.minutes == 20 and not found.at_most
    assert in_words(RUN, THERE) == "about 20 minutes here (recorded: 20 on AMD EPYC)"


def test_networks_follow_the_step_of_an_lstm():
    here = replace(THERE, speeds=Speeds(50.0, 400.0, 50.0))
    assert training(240, THERE, here) == 600
    assert expected(RUN, here).notebooks == {"01_one": 16, "02_two": 10}  # 240 s become 600 s


@pytest.mark.parametrize(("kind", "seconds"), [("tuning", 300), ("reading", 390), ("writing", 480)])
def test_a_language_model_follows_its_precision_but_for_a_share(kind, seconds):
    in_float32 = replace(THERE, precision="float32")  # 100 GFLOP/s instead of 400
    assert language_model(kind, 120, THERE, in_float32) == seconds


def test_a_notebook_adds_up_its_kinds():
    in_float32 = replace(THERE, precision="float32")
    # tuning 120 s -> 300 s, reading 240 s -> 780 s, writing 120 s -> 480 s, and 120 s of imports and the rest
    assert expected(RUN, in_float32).notebooks == {"01_one": 10, "02_two": 28}
    assert in_words(RUN, in_float32) == "about 38 minutes here (recorded: 20 on AMD EPYC)"


def test_fewer_threads_take_longer_and_more_are_not_counted_on():
    one, four = replace(THERE, threads=1), replace(THERE, threads=4)
    # 240 s of training become 480 s; 480 s of the language model become 960 s
    assert expected(RUN, one).notebooks == {"01_one": 14, "02_two": 18}
    assert expected(RUN, four).minutes == 20
    assert in_words(RUN, four) == "at most 20 minutes here (recorded: 20 on AMD EPYC)"


def test_nothing_takes_no_minutes():
    here = replace(THERE, speeds=Speeds(1e9, 1e9, 1e-9))
    run = RUN | {
        "notebooks": {"01_one": {"seconds": 1, "spent": dict.fromkeys(RUN["notebooks"]["01_one"]["spent"], 0)}}
    }
    assert in_words(run, here).startswith("about 1 minute here")


def test_what_cannot_be_estimated_is_said():
    recorded = "(recorded: 20 on AMD EPYC)"
    assert in_words(None, THERE) == "never recorded"
    assert in_words(RUN, replace(THERE, device="mps")) == f"minutes not estimated for a GPU {recorded}"
    on_gpu = RUN | {"machine": asdict(replace(THERE, device="Some GPU"))}
    assert in_words(on_gpu, THERE) == "minutes not estimated for a GPU (recorded: 20 on Some GPU)"
    emulated = replace(THERE, speeds=Speeds(100.0, 0.0, 20.0))
    assert "not estimated for bfloat16, which this processor does not list" in in_words(RUN, emulated)
    old = {name: value for name, value in RUN.items() if name not in ("machine", "notebooks")}
    assert in_words(old, THERE) == "minutes not recorded by kind of work (recorded: 20 on AMD EPYC, 2 threads)"


def test_the_fixed_share_is_that_of_the_faster_run():
    # 40 s fixed and 60 s of products; the products take 60 · 4 s at a quarter of the rate
    assert fixed_share(100, 280, 400, 100) == pytest.approx(0.4)
    assert fixed_share(100, 400, 400, 100) == 0 and fixed_share(100, 100, 400, 100) == 1


def test_a_machine_is_what_the_environment_says():
    here = Machine.of(environment())
    assert here.speeds.float32 > 0 and here.threads >= 1
    assert Machine.of(json.loads(json.dumps(asdict(here)))) == here
    assert replace(here, precision="float32").rate == here.speeds.float32


def test_runs_that_are_no_json_are_refused(tmp_path):
    assert read_runs(tmp_path / "none.json") == {}
    (tmp_path / "runs.json").write_text("{")
    with pytest.raises(StudyError, match="is not JSON"):
        read_runs(tmp_path / "runs.json")
