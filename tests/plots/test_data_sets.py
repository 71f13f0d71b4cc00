"""One panel per data set: who stands where, who is shaded, and where the published numbers are."""

import pandas as pd
import pytest

from dualrec import plots
from dualrec.plots.style import GREEN, GREY, RED
from dualrec.systems.names import LABELS, SYSTEMS
from tests.plots.drawn import interval_ends, markers, rings, tick_labels, words


def frame(values: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({name: {"value": v, "low": v - 0.01, "high": v + 0.02} for name, v in values.items()}).T


@pytest.fixture
def figure():
    panels = {"one": frame({"markov": 0.1, "lstm": 0.05}), "two": frame({"ease": 0.2, "lstm": 0.3})}
    rows = [{"model": "Best", "value": 0.4, "beside": ""}, {"model": "Theirs", "value": 0.25, "beside": "lstm"}]
    return plots.data_sets(panels, {"two": pd.DataFrame(rows)}, "NDCG@10", SYSTEMS)


def test_every_data_set_has_a_panel_and_every_system_a_row(figure):
    one, two = figure.axes
    assert [axis.get_title(loc="left") for axis in (one, two)] == ["one", "two"]
    assert tick_labels(one, "y") == [LABELS[name] for name in ("markov", "lstm", "ease")]
    assert interval_ends(one) == [pytest.approx((0.09, 0.12)), pytest.approx((0.04, 0.07))]
    assert len(interval_ends(two)) == 2 and one.get_xlim()[0] == 0


def test_the_best_row_of_each_panel_is_shaded(figure):
    one, two = figure.axes
    shaded = [axis.patches[0].get_y() + axis.patches[0].get_height() / 2 for axis in (one, two)]
    assert shaded == [pytest.approx(2), pytest.approx(1)], "the Markov chain's row, and the LSTM's"


def test_published_numbers_stand_beside_their_kind_and_the_best_is_a_line(figure):
    one, two = figure.axes
    assert rings(one) == [] and rings(two) == [(0.25, 1)]
    dashed = [line for line in two.lines if line.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in dashed] == [0.4] and "Best " in words(figure)
    assert not [line for line in one.lines if line.get_linestyle() == "--"]


def test_differences_stand_in_a_panel_per_data_set_and_show_their_verdict_in_colour():
    better = {"delta": 0.01, "low": 0.005, "high": 0.02, "verdict": "better"}
    alike = {"delta": -0.001, "low": -0.004, "high": 0.002, "verdict": "cannot tell"}
    panels = {
        "one": pd.DataFrame({"lstm_chain": better, "fused": alike}).T,
        "two": pd.DataFrame({"fused": better | {"verdict": "worse"}}).T,
    }
    figure = plots.beside(panels, "NDCG@10", "the LSTM alone", SYSTEMS)
    one, two = figure.axes
    assert one.get_xlabel() == two.get_xlabel() == "Δ NDCG@10 (95 % interval)"
    assert {"better than the LSTM alone", "worse", "cannot tell"} <= set(words(figure))
    assert [axis.get_title(loc="left") for axis in (one, two)] == ["one", "two"]
    assert tick_labels(one, "y") == [LABELS["lstm_chain"], LABELS["fused"]]
    assert interval_ends(one) == [pytest.approx((0.005, 0.02)), pytest.approx((-0.004, 0.002))]
    colours = [[line.get_color() for line in markers(axis)] for axis in (one, two)]
    assert colours == [[GREEN, GREY], [RED]]


def test_without_published_numbers_there_is_no_key_to_them():
    figure = plots.data_sets({"one": frame({"lstm": 0.1})}, {"one": pd.DataFrame()}, "NDCG@10", SYSTEMS)
    assert not figure.legends
