"""Notebooks as chapters."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.publishing.site.build import TEXTS
from dualrec.publishing.site.chapters import LITERATURE, chapter

CAPTION = "**Figure 02_dots.** Popular *targets* are easy: `lstm` wins. *(n = 9 users; seed 0; AMD EPYC, 2 threads.)*"


@pytest.fixture
def figures(tmp_path):
    (tmp_path / "02_dots.svg").write_text("<svg/>")
    return tmp_path


def notebook(*outputs):
    cells = [
        new_markdown_cell("# 2 · The model\n\nWhy?"),
        new_code_cell("show()", outputs=list(outputs), metadata={"tags": ["x"]}),
    ]
    return new_notebook(cells=cells)


def picture():
    return new_output("display_data", {"image/png": "iVBORw0KGgo="})


def said(text):
    return new_output("display_data", {"text/markdown": text})


def test_a_picture_and_its_caption_become_one_numbered_figure(figures):
    before = new_output("stream", text="printed")
    heading, code, figure = chapter(notebook(before, picture(), said(CAPTION)), "x", figures, set()).cells
    assert heading.source == "# The model\n\nWhy?"
    assert code.outputs == [before] and code.metadata["tags"] == ["hide-input"]
    assert figure.source.splitlines() == [
        ":::{figure} figures/02_dots.svg",
        ":name: fig-02_dots",
        ":alt: Popular targets are easy: lstm wins.",
        "",
        "Popular *targets* are easy: `lstm` wins.",
        "",
        "*n = 9 users; seed 0; AMD EPYC, 2 threads.*",
        ":::",
    ]


def test_other_outputs_stay_as_they_are(figures):
    outputs = [picture(), said("**Figure of speech.** no"), said("- HR@10 = 0.2")]
    code = chapter(notebook(*outputs), "x", figures, set()).cells[1]
    assert code.outputs == outputs


def test_a_figure_that_was_not_drawn_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"02_dots\.svg is missing; `make figures` draws it again"):
        chapter(notebook(picture(), said(CAPTION)), "x", tmp_path, set())


def test_a_chapter_ends_with_its_literature(figures):
    *_, last = chapter(notebook(), "01_data", figures, set()).cells
    assert last.source == "*Literature of this chapter:* {cite:p}`harper2015,meng2020`"


def test_every_cited_work_is_in_the_bibliography_and_every_chapter_cites():
    known = (TEXTS / "references.bib").read_text(encoding="utf-8")
    assert set(LITERATURE) == {path.stem for path in paths.notebooks().glob("[0-9]*.ipynb")}
    assert all(f"{{{key},\n" in known for keys in LITERATURE.values() for key in keys)


def test_links_to_what_was_not_run_become_text(figures):
    text = "[two](02_two.ipynb), [tasks](exercises/01_one.ipynb), [three](03_three.ipynb), [a page](https://a.b)"
    cells = [new_markdown_cell(text), new_code_cell("say()", outputs=[said(text)])]
    prose, code = chapter(new_notebook(cells=cells), "x", figures, {"02_two", "exercises/01_one"}).cells
    assert prose.source == code.outputs[0].data["text/markdown"] == text.replace("[three](03_three.ipynb)", "three")
