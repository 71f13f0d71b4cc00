"""The README's generated parts; and what the committed README and results say is the same thing, and complete."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_notebook

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.results import load_results, record
from dualrec.publishing.readme import readme_is_current, update_readme
from dualrec.publishing.runs import HEADLINES, finished_runs, machines_table, minutes_table, runs_table
from dualrec.systems.names import LABELS
from dualrec.workflow import minutes
from dualrec.workflow.manifest import Manifest
from dualrec.workflow.minutes import read_runs

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "figures"
BLOCKS = ("results", "audit", "adds", "profiles", "minutes", "seeds", "precision")
SPENT = {"training": 30.0, "tuning": 24.0, "reading": 12.0, "writing": 36.0, "imports": 6.0}  # of two minutes and more
MACHINE = {
    "device": "cpu",
    "cpu": "Some CPU",
    "threads": 2,
    "precision": "bfloat16",
    "speeds": {"float32": 150.0, "bfloat16": 350.0, "lstm_step_ms": 20.0},
}
MARKERS = "".join(f"# T\n<!-- {name}:begin -->\nold<!-- {name}:end -->\n" for name in BLOCKS) + "end\n"


def interval(value: float, n: int = 943) -> dict:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": n}


def finish(profile: str, notebook: str, minutes: float) -> None:
    """A finished run of one notebook, as the runner and the notebooks leave it."""
    entry = {"seconds": 60 * minutes, "peak_memory_mib": 1536, "spent": SPENT, "environment": MACHINE | {"python": "3"}}
    Manifest(profile).remember(paths.notebooks() / f"{notebook}.ipynb", entry)
    facts = {"profile": profile, "data": "d", "protocol": "audited", "commit": "1a2b3c4", "hardware": "2 cores"}
    record(paths.results(profile), "study", facts)
    for name, n in (("lstm", 943), ("llm_lora", 300)):
        metrics = {metric: interval(0.2, n) for system, metric in HEADLINES if system == name}
        entry = {"label": name, "n": n, "k": 10, "seed": 0, "protocol": "audited", "metrics": metrics, "counts": {}}
        record(paths.results(profile), "systems", {name: entry})
    record(paths.results(profile), "notebooks", {notebook: {}, "08_audit": {"findings": ["One finding.", "Another."]}})
    record(paths.results(profile), "notebooks", {"10_what_the_llm_adds": {"findings": ["A third."]}})


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    paths.notebooks().mkdir()
    nbformat.write(new_notebook(), paths.notebooks() / "01_one.ipynb")
    finish("smoke", "01_one", 2.5)
    (tmp_path / "README.md").write_text(MARKERS, encoding="utf-8")
    return tmp_path


def test_finished_runs_are_measured_and_the_others_remembered(home):
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


def test_runs_table(home):
    head, _, row = runs_table(finished_runs({})).splitlines()
    lstm, lora = "`lstm` HR@10 | `lstm` NDCG@10", "`llm_lora` HR@10 | `llm_lora` validity"
    assert head == f"| profile | minutes | GiB | users | {lstm} | {lora} |"
    assert row == "| `smoke` | 2 | 1.50 | 943 / 300 |" + " 0.200 [0.190, 0.210] |" * 4


def test_an_execution_from_before_kinds_were_told_apart_leaves_them_out(home):
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


def test_machines_table(home, monkeypatch):
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


def test_the_readme_shows_minutes_once_the_default_profile_has_them(home):
    readme, results, smoke = home / "README.md", load_results(paths.results("smoke")), finished_runs({})["smoke"]
    update_readme(readme, results, {"smoke": smoke})
    assert "<!-- minutes:begin -->\nNot recorded yet.\n<!-- minutes:end -->" in readme.read_text(encoding="utf-8")
    update_readme(readme, results, {"laptop": smoke})
    text = readme.read_text(encoding="utf-8").partition("<!-- minutes:begin -->")[2]
    assert text.startswith("\n| notebook |") and "\n| two cores" in text.partition("<!-- minutes:end -->")[0]


def test_the_readme_follows_results_and_runs(home):
    readme, results, runs = home / "README.md", load_results(paths.results("smoke")), finished_runs({})
    assert not readme_is_current(readme, results, runs)
    update_readme(readme, results, runs)
    text = readme.read_text(encoding="utf-8")
    assert readme_is_current(readme, results, runs)
    assert (
        text.startswith("# T\n<!-- results:begin -->\n| system |")
        and text.endswith("<!-- precision:begin -->\nNot recorded yet.\n<!-- precision:end -->\nend\n")
        and "old" not in text
    )
    update_readme(readme, results, runs)
    assert readme.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_readme_and_runs_with_a_byte_order_mark_are_read(home, encoding):
    readme = home / "README.md"
    readme.write_bytes(MARKERS.encode(encoding))
    update_readme(readme, load_results(paths.results("smoke")), {})
    assert readme.read_bytes().startswith(b"# T\n<!-- results:begin -->\n| system |"), "written as UTF-8 without one"
    (home / "runs.json").write_bytes('{"paper": {}}'.encode(encoding))
    assert read_runs(home / "runs.json") == {"paper": {}}


def test_a_changed_number_shows(home):
    readme, results, runs = home / "README.md", load_results(paths.results("smoke")), finished_runs({})
    update_readme(readme, results, runs)
    runs["smoke"]["minutes"] = 7.0
    assert not readme_is_current(readme, results, runs)
    readme.write_text(
        readme.read_text(encoding="utf-8").replace("| `smoke` | 2 |", "| `smoke` | 7 |"), encoding="utf-8"
    )
    assert readme_is_current(readme, results, runs)


@pytest.mark.parametrize("text", ["no markers", MARKERS.replace("profiles:end", ""), MARKERS * 2])
def test_a_readme_without_markers_is_refused(home, text):
    readme = home / "README.md"
    readme.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="README.md needs one line"):
        update_readme(readme, load_results(paths.results("smoke")), {})
    assert readme.read_text(encoding="utf-8") == text


def test_the_committed_tables_are_those_of_the_recorded_runs():
    assert readme_is_current(
        ROOT / "README.md", load_results(FIGURES / "results.json"), read_runs(FIGURES / "profiles.json")
    )


def test_results_hold_every_system_of_the_default_profile():
    results = load_results(FIGURES / "results.json")
    assert results["profile"] == "laptop" and results["data"] == "ml-100k"
    assert results["systems"].keys() >= LABELS.keys()
    assert not results["commit"].endswith("-dirty") and results["commit"] != "unknown"
    for system in results["systems"].values():
        for name in ("HR@1", "HR@5", "HR@10", "NDCG@1", "NDCG@5", "NDCG@10", "MRR"):
            interval = system["metrics"][name]
            assert interval["low"] <= interval["value"] <= interval["high"] and interval["n"] == system["n"]


@pytest.mark.parametrize("profile", ["laptop", "smoke"])
def test_readme_promises_no_less_time_and_memory_than_the_run_on_record_took(profile):
    run = read_runs(FIGURES / "profiles.json")[profile]
    promised = re.search(
        rf"^\| `{profile}`.*\| (\d+) min on 2 cores, (\d+) GiB \|$",
        (ROOT / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert run["minutes"] <= int(promised[1]) and run["peak_memory_gib"] <= int(promised[2])


def test_the_default_profile_keeps_its_bounds():
    runs = read_runs(FIGURES / "profiles.json")
    assert runs["laptop"]["minutes"] <= 60 and runs["laptop"]["peak_memory_gib"] <= 6
    assert runs["smoke"]["minutes"] <= 5 and runs["smoke"]["peak_memory_gib"] <= 4
    results = load_results(FIGURES / "results.json")
    assert runs["laptop"]["commit"] == results["commit"]
    for system, metric in HEADLINES:
        assert runs["laptop"]["metrics"][f"{system} {metric}"] == results["systems"][system]["metrics"][metric]


def test_the_improved_lstm_reaches_its_mark_over_three_seeds():
    seeds = load_results(FIGURES / "results.json")["systems"]["lstm_seeds"]
    assert seeds["seeds"] == [0, 1, 2]
    assert seeds["metrics"]["NDCG@10"]["value"] >= 0.105 and seeds["metrics"]["HR@10"]["value"] >= 0.205


def test_every_notebook_recorded_its_result():
    recorded = load_results(FIGURES / "results.json")["notebooks"]
    assert list(recorded) == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
