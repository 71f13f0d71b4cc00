"""The two drawings: every part is named, its words fit into its box, and arrows lead from box to box."""

from functools import partial

import pytest
from matplotlib.patches import FancyBboxPatch

from dualrec import plots
from tests.plots.drawn import arrows, words

DRAWN = {"architecture": partial(plots.architecture, "book", "books"), "road": plots.road}
PARTS = {
    "architecture": (
        ["history", "LSTM", "prompt", "language model", "grounding", "Sentence-BERT"]
        + ["catalogue writer", "second opinion", "reader"],
        ["hint", "writes", "list", "hint"],
        10,
    ),
    "road": (
        ["ratings", "split", "models", "cases", "ledgers", "results.json"],
        ["training", "test", "lists", "targets", "metrics"],
        6,
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_every_part_and_every_arrow_is_there(name):
    parts, labels, n_arrows = PARTS[name]
    figure = DRAWN[name]()
    (axis,) = figure.axes
    assert len([patch for patch in axis.patches if isinstance(patch, FancyBboxPatch)]) == len(parts)
    assert len(arrows(figure)) == n_arrows
    shown = words(figure)
    assert set(parts) <= set(shown) and all(shown.count(label) >= labels.count(label) for label in labels)


@pytest.mark.parametrize("name", PARTS)
def test_words_fit_into_their_box_and_boxes_do_not_touch(name):
    figure = DRAWN[name]()
    (axis,) = figure.axes
    figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in axis.patches if isinstance(patch, FancyBboxPatch)]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    parts = PARTS[name][0]
    for text in axis.texts:
        if text.get_text() in parts:
            extent = text.get_window_extent()
            assert any(box.x0 <= extent.x0 and extent.x1 <= box.x1 for box in boxes), text.get_text()


def test_the_system_is_drawn_in_the_words_of_the_domain():
    assert {"books, oldest first", "scores every book", "text → books"} <= set(words(DRAWN["architecture"]()))


def test_roles_that_the_study_adds_hang_on_dashed_arrows():
    assert [arrow.get_linestyle() for arrow in arrows(DRAWN["architecture"]())].count("dashed") == 3
