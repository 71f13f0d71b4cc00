"""What finished runs took, as README and `make doctor` read it."""

import nbformat
from nbformat.v4 import new_notebook

from dualrec.core import paths
from dualrec.publishing.runs import finished_runs, machines_table, minutes_table, runs_table
from dualrec.workflow import minutes
from dualrec.workflow.manifest import Manifest
from tests.publishing.finished import MACHINE, SPENT


def test_finished_runs_are_measured_and_the_others_remembered(finished_home):
    known = {"paper": {"minutes": 99}, "smoke": {"minutes": 99}, "gone": {"minutes": 1}}
    runs = finished_runs(known)
    assert list(runs) == ["paper", "smoke"] and runs["paper"] == {"minutes": 99}
    smoke = runs["smoke"]
    assert (
        smoke["minutes"] == 2.5
        and smoke["peak_memory_gib"] == 1.5
        and (smoke["users"], smoke["language_users"]) == (943, 300)
    )
    assert smoke["metrics"]["lstm HR@10"]["value"] == 0.2
    assert smoke["notebooks"] == {"01_one": {"seconds": 150, "peak_memory_mib": 1536, "spent": SPENT}}
    assert smoke["machine"] == MACHINE
    cached = {"seconds": 3, "peak_memory_mib": 99, "spent": {}, "environment": MACHINE}
    Manifest("smoke").remember(paths.notebooks() / "01_one.ipynb", cached)
    assert finished_runs({})["smoke"] == smoke, "an execution from caches does not flatter"
    nbformat.write(new_notebook(), paths.notebooks() / "02_two.ipynb")
    assert "smoke" not in finished_runs({}), "half a run is none"


def test_runs_table(finished_home):
    head, _, row = runs_table(finished_runs({})).splitlines()
    lstm, lora = "`lstm` HR@10 | `lstm` NDCG@10", "`llm_lora` HR@10 | `llm_lora` validity"
    assert head == f"| profile | minutes | GiB | users | {lstm} | {lora} |"
    assert row == "| `smoke` | 2 | 1.50 | 943 / 300 |" + " 0.200 [0.190, 0.210] |" * 4


def test_an_execution_from_before_kinds_were_told_apart_leaves_them_out(finished_home):
    manifest = Manifest("smoke")
    del manifest.longest["01_one"]["spent"]
    manifest._write()
    runs = finished_runs({})
    assert runs["smoke"]["minutes"] == 2.5 and runs["smoke"].keys().isdisjoint({"notebooks", "machine"})


def test_minutes_table():
    entries = {"01_one": {"seconds": 150, "spent": SPENT}, "02_two": {"seconds": 60, "spent": dict.fromkeys(SPENT, 6)}}
    head, _, *rows = minutes_table({"notebooks": entries}).splitlines()
    assert head == "| notebook | training | tuning | reading | writing | imports | rest | all |"
    assert rows == [
        "| 01_one | 0.5 | 0.4 | 0.2 | 0.6 | 0.1 | 0.7 | 2.5 |",
        "| 02_two | 0.1 | 0.1 | 0.1 | 0.1 | 0.1 | 0.5 | 1.0 |",
        "| all | 0.6 | 0.5 | 0.3 | 0.7 | 0.2 | 1.2 | 3.5 |",
    ]


def test_machines_table(finished_home, monkeypatch):
    monkeypatch.setattr(minutes, "FIXED", {"tuning": 0.0, "reading": 0.0, "writing": 0.0})
    run = finished_runs({})["smoke"]
    run["notebooks"]["01_one"] = {"seconds": 300, "spent": SPENT | {"training": 60}}
    head, _, *rows = machines_table({"smoke": run}).splitlines()
    assert head == "| two cores, GFLOP/s of a thread | `smoke` | `laptop` |"
    # 60 s of training, 72 s of the language model, 168 s else; then 60 + 72 · 7/3 + 168 and 120 + 72 · 14/3 + 168
    assert rows == [
        "| 350 and more, in bfloat16 | 5 | – |",
        "| 150, in float32 | 7 | – |",
        "| 75, in float32 | 10 | – |",
    ]
    run["machine"] |= {"device": "Some GPU"}
    assert machines_table({"smoke": run}).count("| – | – |") == 3
