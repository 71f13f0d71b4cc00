"""Figures about histories and sequence models: shares that can be counted by hand, epochs that are kept."""

import numpy as np
import pandas as pd
import pytest

from dualrec import plots
from dualrec.systems.names import LABELS, SYSTEMS
from tests.plots.drawn import interval_ends, markers, tick_labels, words


def test_the_long_tail_counts_what_the_first_fifth_holds():
    figure = plots.long_tail(np.array([1, 1, 6, 1, 1]), np.array([20, 30, 100]), "books")
    left, right = figure.axes
    assert "the top 20 % of the books\nhold 60% of the events" in words(figure)
    assert (left.lines[1].get_xdata()[0], left.lines[1].get_ydata()[0]) == (0.2, 0.6)
    assert " median 30" in words(figure) and list(right.lines[0].get_xdata()) == [30, 30]
    assert right.get_xscale() == "log" and right.get_xlabel() == "events per user (log scale)"
    assert tick_labels(right, "x") == ["20", "50", "100"]
    assert sum(patch.get_height() for patch in right.patches) == 3, "every user is in a bar"


def test_ties_show_a_share_per_gap_and_an_interval_per_place():
    rows = pd.DataFrame({"value": [0.5, 0.4], "low": [0.45, 0.36], "high": [0.6, 0.43]}, index=[1, 2])
    figure = plots.ties(np.array([0, 0, 5, 7200]), rows)
    left, right = figure.axes
    assert dict(zip(tick_labels(left, "x"), [t.get_text() for t in left.texts], strict=True)) == {
        "same second": "50%", "1–10 s": "25%", "11–60 s": "0%", "1–60 min": "0%", "longer": "25%",
    }  # fmt: skip
    assert interval_ends(right, 1) == [pytest.approx((0.45, 0.6)), pytest.approx((0.36, 0.43))]
    assert tick_labels(right, "x") == ["1", "2"] and "1 = test target" in right.get_xlabel()
    assert right.get_ylabel() == "share of users (95 % interval)"


@pytest.fixture
def epochs() -> list[pd.DataFrame]:
    """Two seeds; the first is best in its second epoch, the second in its third."""
    ndcg = ([0.10, 0.14, 0.12], [0.09, 0.11, 0.15])
    return [pd.DataFrame({"epoch": [1, 2, 3], "loss": [5.0, 4.0, 3.5], "ndcg": values}) for values in ndcg]


def test_learning_curves_draw_a_line_per_seed_and_mark_the_kept_epoch_of_the_first(epochs):
    left, right = plots.learning_curves({"lstm": epochs, "sasrec": epochs[:1]}, SYSTEMS).axes
    assert [line.get_linestyle() for line in left.lines] == ["-", "-", SYSTEMS["sasrec"].dash]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in markers(right)] == [(2, 0.14), (2, 0.14)]
    assert left.get_ylabel() == "cross-entropy (nats)" and right.get_ylabel() == "NDCG@10"
    assert [text.get_text() for text in right.get_legend().get_texts()] == [LABELS["lstm"], LABELS["sasrec"]]
    assert [line.get_marker() for line in right.get_legend().get_lines()] == [
        SYSTEMS[name].marker for name in ("lstm", "sasrec")
    ]


def test_by_group_says_how_many_users_a_group_has_and_leaves_a_gap_where_a_system_has_none():
    rows = [("rare", "popularity", 0.1), ("popular", "popularity", 0.3), ("popular", "lstm", 0.4)]
    frame = pd.DataFrame(rows, columns=["group", "system", "value"])
    frame = frame.assign(low=frame.value - 0.05, high=frame.value + 0.05, n=[20, 30, 30])
    figure = plots.by_group({"by events": frame, "again": frame}, "HR@10", SYSTEMS)
    first = figure.axes[0]
    assert tick_labels(first, "x") == ["rare\nn = 20", "popular\nn = 30"]
    assert first.get_title(loc="left") == "by events" and first.get_ylabel() == "HR@10 (95 % interval)"
    ends = np.array(interval_ends(first, 1))
    assert len(ends) == len(rows)
    assert ends[:2] == pytest.approx(np.array([[0.05, 0.15], [0.25, 0.35]])) and ends[-1] == pytest.approx([0.35, 0.45])
    assert [line.get_marker() for line in markers(first)] == [SYSTEMS[s].marker for s in ("popularity", "lstm")]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [LABELS["popularity"], LABELS["lstm"]]
