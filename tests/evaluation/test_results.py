import json

import numpy as np
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.results import answers, load_results, record, results_table, signed

STUDY = {"profile": "laptop", "data": "ml-100k", "protocol": "audited", "commit": "1a2b3c4", "hardware": "2 CPU cores"}


def system(label="LSTM", value=0.0534567, low=0.04, high=0.067, **more) -> dict:
    metrics = {"HR@1": {"value": value, "low": low, "high": high, "n": 943}}
    return {
        "label": label,
        "n": 943,
        "k": 10,
        "seed": 0,
        "protocol": "audited",
        "metrics": metrics,
        "counts": {},
    } | more


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "figures" / "results.json"
    record(path, "study", STUDY)
    record(path, "systems", {"popularity": system("Popularity", 0.01, 0.005, 0.02), "lstm": system()})
    record(path, "notebooks", {"02_lstm": {"epochs": 7}})
    return path


def test_what_is_recorded_is_read_back(path):
    results = load_results(path)
    assert {key: results[key] for key in STUDY} == STUDY and results["schema"] == 1
    assert results["systems"]["lstm"]["metrics"]["HR@1"] == {"value": 0.053457, "low": 0.04, "high": 0.067, "n": 943}
    assert list(results["systems"]) == ["popularity", "lstm"]
    assert results["notebooks"] == {"02_lstm": {"epochs": 7}}


def test_an_entry_is_replaced_whole_and_the_others_stay(path):
    record(path, "notebooks", {"01_data": {"ties": 0.51}})
    record(path, "notebooks", {"02_lstm": {"loss": 1.0}})
    record(path, "systems", {"popularity": system("Popular", 0.02, 0.01, 0.03)})
    results = load_results(path)
    assert list(results["notebooks"]) == ["01_data", "02_lstm"] and results["notebooks"]["02_lstm"] == {"loss": 1.0}
    assert list(results["systems"]) == ["popularity", "lstm"] and results["systems"]["popularity"]["label"] == "Popular"


def test_the_order_of_notebooks_and_a_second_run_change_nothing(path, tmp_path):
    record(path, "notebooks", {"01_data": {"ties": 0.51}})
    before = path.read_bytes()
    record(path, "notebooks", {"01_data": {"ties": 0.51}})
    record(path, "study", STUDY)
    assert path.read_bytes() == before
    other = tmp_path / "other.json"
    record(other, "notebooks", {"01_data": {"ties": 0.51}})
    record(other, "notebooks", {"02_lstm": {"epochs": 7}})
    record(other, "systems", {"popularity": system("Popularity", 0.01, 0.005, 0.02), "lstm": system()})
    record(other, "study", dict(reversed(STUDY.items())))
    assert other.read_bytes() == before


def test_numbers_become_plain(path):
    values = {
        "share": np.float32(0.1),
        "n": np.int64(3),
        "flag": np.bool_(True),
        "curve": np.array([0.12345678, np.nan]),
        "gone": float("inf"),
        "zero": -1e-9,
        "pair": (1, 2.0),
        5: "text",
    }
    record(path, "notebooks", {"03": values})
    assert json.loads(path.read_text(encoding="utf-8"))["notebooks"]["03"] == {
        "share": 0.1,
        "n": 3,
        "flag": True,
        "curve": [0.123457, None],
        "gone": None,
        "zero": 0.0,
        "pair": [1, 2.0],
        "5": "text",
    }
    assert "-0.0" not in path.read_text(encoding="utf-8")


def test_unknown_sections_and_facts_are_refused(path):
    with pytest.raises(StudyError, match="no section 'metrics'"):
        record(path, "metrics", {})
    with pytest.raises(StudyError, match="no fact 'wall_seconds'"):
        record(path, "study", {"wall_seconds": 3})


BROKEN = {
    "other schema": (lambda r: r | {"schema": 2}, "results schema 1"),
    "no hardware": (lambda r: {k: v for k, v in r.items() if k != "hardware"}, "'hardware' is missing"),
    "no notebooks": (lambda r: {k: v for k, v in r.items() if k != "notebooks"}, "'notebooks' is missing"),
    "no side runs": (lambda r: {k: v for k, v in r.items() if k != "side_runs"}, "'side_runs' is missing"),
    "system is a number": (lambda r: r | {"systems": {"x": 3}}, "system 'x' lacks 'label'"),
    "no users": (lambda r: r | {"systems": {"x": {k: v for k, v in system().items() if k != "n"}}}, "'x' lacks 'n'"),
    "no seed": (
        lambda r: r | {"systems": {"x": {k: v for k, v in system().items() if k != "seed"}}},
        "either 'seed' or 'seeds'",
    ),
    "both seeds": (lambda r: r | {"systems": {"x": system(seeds=[0])}}, "either 'seed' or 'seeds'"),
    "outside": (lambda r: r | {"systems": {"x": system(value=0.5)}}, "'HR@1' of system 'x' is not a value within"),
    "text": (lambda r: r | {"systems": {"x": system(value="0.05")}}, "'HR@1' of system 'x'"),
    "half open": (lambda r: r | {"systems": {"x": system(low=None)}}, "'HR@1' of system 'x'"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_results_are_refused(path, fault):
    break_it, words = BROKEN[fault]
    path.write_text(json.dumps(break_it(load_results(path))), encoding="utf-8")
    with pytest.raises(StudyError, match=words):
        load_results(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_copy_that_powershell_wrote_is_read(path, encoding):
    """`git show HEAD:figures/results.json > recorded.json` is in UTF-16 there."""
    results = load_results(path)
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert load_results(path) == results


def test_missing_and_unreadable_results_are_refused(path):
    with pytest.raises(StudyError, match="make all"):
        load_results(path.with_name("none.json"))
    for content in (b"{", b"\xff\xfe{", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(StudyError, match="not readable JSON"):
            load_results(path)
    with pytest.raises(StudyError, match="not readable JSON"):
        record(path, "notebooks", {})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_results_that_another_program_saved_with_a_byte_order_mark_are_read(path, encoding):
    record(path, "notebooks", {"01_one": {"é": 1}})
    results = load_results(path)
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert load_results(path) == results


def test_table(path):
    record(path, "systems", {"odd": system("a|b", None, None, None, n=60), "few": system("few", 0.25, None, None, n=1)})
    assert results_table(load_results(path), ("HR@1", "MRR")).splitlines() == [
        "| system | users | HR@1 | MRR |",
        "| --- | ---: | ---: | ---: |",
        "| Popularity | 943 | 0.010 [0.005, 0.020] | – |",
        "| LSTM | 943 | 0.053 [0.040, 0.067] | – |",
        "| a\\|b | 60 | – | – |",
        "| few | 1 | 0.250 | – |",
    ]


def test_a_difference_is_written_with_signs():
    row = {"delta": 0.01234, "low": -0.003, "high": float("nan")}
    assert signed(row) == "+0.012 [-0.003, –]" and signed(row, 4) == "+0.0123 [-0.0030, –]"


def test_answers_are_those_of_all_chapters_in_order():
    notebooks = {"02": {}, "10": {"answer": ["One.", "Two."], "findings": ["No."]}, "13": {"answer": ["Three."]}}
    assert answers({"notebooks": notebooks}) == ["One.", "Two.", "Three."]
