"""The style: colours that can be seen on white, and figures that are the same file when drawn again."""

from types import SimpleNamespace

import matplotlib
import pytest
from matplotlib import pyplot as plt

from dualrec import plots
from dualrec.plots import style
from dualrec.systems.names import ROWS
from tests.plots.drawn import TEXT, contrast

LINE = 3.0  # what lines and markers need against white (WCAG 2.1, 1.4.11)
WORD = 4.5  # what words need (WCAG 2.1, 1.4.3)
# Colours in which figures draw words; every test of a figure checks that it draws in no others.
TEXT_COLOURS = {
    TEXT: "titles, ticks, labels",
    "#000000": "a candidate that stays on all lists",
    style.BLUE.lower(): "the LSTM",
    style.WINE.lower(): "a role",
    style.VIOLET.lower(): "a legend",
    style.TEAL.lower(): "roles that the study adds",
    style.GREY.lower(): "sizes, and what falls out of a list",
    style.GREEN.lower(): "held-out users, a role",
    style.RED.lower(): "the share and median that matter",
    style.SKY.lower(): "a legend",
}


@pytest.mark.parametrize("colour", [row.colour for row in ROWS], ids=[row.name for row in ROWS])
def test_the_lines_of_a_system_can_be_seen_on_white(colour):
    assert contrast(colour) >= LINE


@pytest.mark.parametrize("colour", TEXT_COLOURS)
def test_words_can_be_read_on_white(colour):
    assert contrast(colour) >= WORD


def test_contrast_by_hand():
    assert contrast("#000000") == pytest.approx(21) and contrast("#ffffff") == pytest.approx(1)
    assert contrast("#777777") == pytest.approx(4.48, abs=0.01)  # the usual example of a grey that just fails


def test_fates_are_told_apart_without_colour():
    assert style.HATCHES.keys() == style.FATES.keys() and len(set(style.HATCHES.values())) == len(style.FATES)


def test_a_figure_that_is_drawn_again_is_the_same_file(tmp_path):
    for folder in ("first", "second"):
        figure, axis = plt.subplots()
        axis.plot([1, 2], [3, 4], color=style.BLUE)
        plots.save(figure, tmp_path / folder, "line")
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert names == {"line.svg", "line.png"}
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_words_of_an_svg_stay_words(tmp_path):
    figure, axis = plt.subplots()
    axis.set_title("Findable")
    plots.save(figure, tmp_path, "words")
    assert "Findable</text>" in (tmp_path / "words.svg").read_text(encoding="utf-8")


def test_letters_of_other_scripts_take_the_fonts_that_a_machine_has(monkeypatch):
    fonts = [SimpleNamespace(name=name) for name in ("DejaVu Sans", "Yu Gothic", "Comic Sans")]
    monkeypatch.setattr(style.font_manager.fontManager, "ttflist", fonts)
    with matplotlib.rc_context():
        style.use_style()
        names = matplotlib.rcParams["font.sans-serif"]
    assert names[-1] == "Yu Gothic" and "DejaVu Sans" in names and not {"Malgun Gothic", "Comic Sans"} & set(names)
