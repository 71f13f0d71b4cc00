"""Exercises: the solutions run and pass their checks; what is handed out is made from them and gives nothing away."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.publishing import exercises

FOLDER = paths.PACKAGE.parent / "notebooks/exercises"
SOLUTIONS = sorted((FOLDER / "solutions").glob("*.py"))
STUDY = sorted((paths.PACKAGE.parent / "notebooks").glob("[0-9]*.ipynb"))


def test_every_notebook_has_exercises():
    assert [file.stem for file in SOLUTIONS] == [notebook.stem for notebook in STUDY]


@pytest.mark.slow
@pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)
def test_the_solutions_pass_their_checks(file):
    exec(compile(file.read_text(encoding="utf-8"), file.name, "exec"), {})


@pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)
def test_two_to_four_exercises_each_with_a_place_to_write_and_a_check(file):
    cells = exercises.cells_of(file.read_text(encoding="utf-8"), file.name)
    kinds = [kind for kind, _ in cells]
    asked = sum(len(exercises.EXERCISE.findall(source)) for kind, source in cells if kind == "[markdown]")
    assert 2 <= asked <= 4 and kinds.count("solution") == kinds.count("check") == asked
    assert all("assert" in source for kind, source in cells if kind == "check")


@pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)
def test_what_is_handed_out_is_made_from_the_solutions(file):
    cells = exercises.cells_of(file.read_text(encoding="utf-8"), file.name)
    made = nbformat.writes(exercises.handed_out(cells, file.stem)) + "\n"
    assert (FOLDER / f"{file.stem}.ipynb").read_text(encoding="utf-8") == made, "run `make exercises`"
    nbformat.validate(nbformat.reads(made, as_version=4))
    assert not any(source in made for kind, source in cells if kind == "solution")


@pytest.mark.parametrize("notebook", STUDY, ids=lambda path: path.stem)
def test_the_study_names_its_exercises_before_its_last_cell(notebook):
    cell = nbformat.read(notebook, as_version=4).cells[-2]
    text = (FOLDER / f"solutions/{notebook.stem}.py").read_text(encoding="utf-8")
    assert cell.source.startswith(exercises.HEADING) and f"(exercises/{notebook.name})" in cell.source
    assert all(f"* {title}" in cell.source for title in exercises.EXERCISE.findall(text.replace("\n# ", "\n")))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    (tmp_path / "notebooks/exercises/solutions").mkdir(parents=True)
    cells = [new_markdown_cell("# 1 · One"), new_code_cell("1"), new_markdown_cell("**Next:** two")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks/01_one.ipynb")
    return tmp_path


TEXT = "# %% [markdown]\n# ## 1 · Add\n#\n# Make `x`.\n\n# %% solution\nx = 1 + 1\n\n# %% check\nassert x == 2\n"


def test_solutions_are_taken_away_and_writing_twice_changes_nothing(home):
    (home / "notebooks/exercises/solutions/01_one.py").write_text(TEXT)
    (made,) = exercises.write_exercises()
    assert [cell.source for cell in nbformat.read(made, as_version=4).cells] == [
        "## 1 · Add\n\nMake `x`.",
        exercises.YOURS,
        "assert x == 2",
    ]
    study = home / "notebooks/01_one.ipynb"
    before = study.read_bytes()
    assert [cell.source for cell in nbformat.read(study, as_version=4).cells][-2].startswith(
        "## Exercises\n\n* 1 · Add"
    )
    exercises.write_exercises()
    assert study.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("01_one", "# %% answer\n1\n", "a cell is called 'answer'; the kinds are"),
        ("01_one", "# %%\n1\n", "has no `## 1 · …` or no notebook"),
        ("02_two", TEXT, "no notebook 02_two.ipynb to belong to"),
    ],
)
def test_files_that_are_no_exercises_are_named(home, name, text, said):
    (home / f"notebooks/exercises/solutions/{name}.py").write_text(text)
    with pytest.raises(StudyError, match=said):
        exercises.write_exercises()
