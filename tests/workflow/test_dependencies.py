"""A change runs again what it can reach and nothing else."""

import dataclasses
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from dualrec.config import Profile
from dualrec.core import paths
from dualrec.profiles.load import load_profile
from dualrec.workflow.dependencies import EVERYWHERE, NOWHERE, STAGES, Stage, notebook_fingerprints, stage_of

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("[0-9]*.ipynb"))
FIELDS = {field.name for field in dataclasses.fields(Profile)}
READS = re.compile(r"\b(?:users|table|summary|study\.ledger|load_results)\(")


def code(path: Path) -> str:
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


def settings_below(name: str) -> set[str]:
    """The settings a notebook depends on, through the notebooks it stands on, too."""
    stage = STAGES[name]
    return {*EVERYWHERE, *stage.settings}.union(*(settings_below(earlier) for earlier in stage.after))


def test_the_table_names_the_notebooks_in_order_and_settings_that_exist():
    assert list(STAGES) == [path.stem for path in NOTEBOOKS]
    for number, stage in enumerate(STAGES.values()):
        assert set(stage.after) <= set(list(STAGES)[:number]) and set(stage.settings) <= FIELDS


def test_every_setting_belongs_to_some_notebook_or_says_nothing_about_numbers():
    assert set().union(*map(settings_below, STAGES)) | set(NOWHERE) == FIELDS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_stands_on_every_setting_it_names(path):
    named = set(re.findall(r"\bprofile\.(\w+)", code(path))) & FIELDS
    assert named and named <= settings_below(path.stem)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_that_reads_ledgers_of_others_says_whose(path):
    if path.stem in ("01_data", "02_lstm", "13_what_a_title_is_worth"):
        return  # they read what they wrote themselves
    if path.stem == "11_demo":  # which asks the record of chapter 2 what was best on validation
        assert STAGES[path.stem].after == ("02_lstm",) and not READS.search(code(path))
    else:
        assert bool(STAGES[path.stem].after) == bool(READS.search(code(path)))


def test_a_notebook_the_table_does_not_know_stands_on_all_before_it():
    assert stage_of("14_mine", ["01_data", "02_lstm"]) == Stage(
        ("01_data", "02_lstm"), tuple(f for f in vars(_profile()) if f not in NOWHERE)
    )


def _profile() -> Profile:
    return load_profile("smoke")


def changed(before: dict, after: dict) -> list[str]:
    return [path.stem[:2] for path, key in before.items() if after[path] != key]


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """The fingerprints of copies of the real notebooks, for a profile and after an edit of one notebook."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    (tmp_path / "notebooks").mkdir()
    for path in NOTEBOOKS:
        (tmp_path / "notebooks" / path.name).write_bytes(path.read_bytes())

    def of(profile: Profile, edit: str = "") -> dict:
        for path in (tmp_path / "notebooks").glob(f"{edit}_*.ipynb"):
            content = nbformat.read(path, as_version=4)
            content.cells[0].source += " edited"
            nbformat.write(content, path)
        return notebook_fingerprints(profile)

    return of


@pytest.mark.parametrize(
    ("section", "change", "expected"),
    [
        ("lora", {"learning_rate": 0.5}, ["04", "05", "06", "07", "10"]),
        ("audit", {"users": 3}, ["08"]),
        ("protocols", {"random_ties": 1}, ["09"]),
        ("reader", {"epochs": 1}, ["10"]),
        ("lstm", {"dropout": 0.9}, ["02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "13"]),
        ("split", {"tie_rule": "id_up"}, [f"{n:02d}" for n in range(1, 14)]),
    ],
)
def test_a_changed_setting_runs_again_from_where_it_is_used(keys, section, change, expected):
    profile = _profile()
    other = dataclasses.replace(profile, **{section: dataclasses.replace(getattr(profile, section), **change)})
    assert changed(keys(profile), keys(other)) == expected


def test_what_a_profile_says_about_itself_runs_nothing_again(keys):
    profile = _profile()
    assert changed(keys(profile), keys(dataclasses.replace(profile, summary="other words", needs_memory_gib=1.0))) == []


@pytest.mark.parametrize(("edit", "expected"), [("07", ["07"]), ("03", ["03", "04", "05", "06", "07"]), ("01", ["01"])])
def test_an_edited_notebook_runs_again_with_those_that_read_it(keys, edit, expected):
    assert changed(keys(_profile()), keys(_profile(), edit)) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("demo/page.py", ["11"]),
        ("experiments/audit.py", ["08"]),
        ("systems/reader.py", ["10"]),
        ("evaluation/candidates.py", ["09"]),
        ("rerank/diversity.py", ["07"]),
        ("publishing/readme.py", []),
        ("core/errors.py", [f"{n:02d}" for n in range(1, 14)]),
    ],
)
@pytest.mark.slow
def test_changed_code_runs_again_the_notebooks_that_reach_it(keys, tmp_path, monkeypatch, module, expected):
    before = keys(_profile())
    package = tmp_path / "copy" / "dualrec"
    shutil.copytree(paths.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(paths, "PACKAGE", package)
    assert changed(before, keys(_profile())) == []
    sources_changed = package.parent.parent / "changed" / "dualrec"
    shutil.copytree(package, sources_changed)
    monkeypatch.setattr(paths, "PACKAGE", sources_changed)
    with (sources_changed / module).open("a", encoding="utf-8") as file:
        file.write("\nCHANGED = True\n")
    assert changed(before, keys(_profile())) == expected


@pytest.mark.slow
def test_prose_in_code_runs_nothing_again(keys, tmp_path, monkeypatch):
    before = keys(_profile())
    package = tmp_path / "copy" / "dualrec"
    shutil.copytree(paths.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(paths, "PACKAGE", package)
    for file in package.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text + "# a remark\n", encoding="utf-8")
    assert changed(before, keys(_profile())) == []
