"""Figures that compare systems: whose row it is, where its interval ends, and what the axis counts."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from dualrec import plots
from dualrec.plots.style import GREEN, GREY, RED
from dualrec.systems.names import LABELS, SYSTEMS
from tests.plots.drawn import interval_ends, markers, tick_labels, words


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.02, "high": value + 0.03}


def wide(values: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Row -> metric -> value, with intervals around the values."""
    rows = {
        row: {(metric, part): v for metric, value in metrics.items() for part, v in interval(value).items()}
        for row, metrics in values.items()
    }
    return pd.DataFrame(rows).T


@pytest.fixture
def table() -> pd.DataFrame:
    return wide({"markov": {"HR@1": 0.05, "HR@5": 0.15}, "lstm": {"HR@1": 0.08, "HR@5": 0.2}})


def test_dots_show_every_system_with_its_interval():
    table = wide({"lstm": {"NDCG@10": 0.1, "HR@10": 0.2}, "lstm_sbert": {"NDCG@10": 0.09, "HR@10": 0.19}})
    figure = plots.dots(table, ["NDCG@10", "HR@10"], SYSTEMS)
    left, right = figure.axes
    assert tick_labels(left, "y") == [LABELS["lstm"], LABELS["lstm_sbert"]]
    assert interval_ends(left) == [pytest.approx((0.08, 0.13)), pytest.approx((0.07, 0.12))]
    assert left.get_xlabel() == "NDCG@10 (95 % interval)" and right.get_xlabel() == "HR@10 (95 % interval)"
    assert left.get_xlim()[0] <= 0 and left.get_ylim()[0] < left.get_ylim()[1]


def test_dots_of_reranked_and_mixed_systems_are_hollow_squares():
    names = ["lstm", "lstm_sbert", "fused"]
    figure = plots.dots(wide({name: {"HR@1": 0.1} for name in names}), ["HR@1"], SYSTEMS)
    looks = {(line.get_marker(), to_hex(line.get_markerfacecolor())) for line in markers(figure.axes[0])}
    assert looks == {("o", SYSTEMS["lstm"].colour.lower()), ("s", "#ffffff")}


def test_differences_show_the_verdict_in_colour_and_the_number_of_users():
    verdicts = {"better": 0.1, "worse": -0.1, "cannot tell": 0.01}
    rows = [
        {"comparison": f"{verdict} one", "delta": delta, "low": delta - 0.05, "high": delta + 0.05, "n": 9}
        | {"verdict": verdict}
        for verdict, delta in verdicts.items()
    ]
    (axis,) = plots.differences(pd.DataFrame(rows), "NDCG@10").axes
    assert tick_labels(axis, "y") == [f"{verdict} one  (n = 9)" for verdict in verdicts]
    assert interval_ends(axis) == [pytest.approx((delta - 0.05, delta + 0.05)) for delta in verdicts.values()]
    assert [line.get_color() for line in markers(axis)] == [GREEN, RED, GREY]
    assert axis.get_xlabel() == "Δ NDCG@10, paired (95 % interval)"
    assert [0, 0] in [list(line.get_xdata()) for line in axis.lines], "the line of no difference"


def test_seeds_show_every_seed_and_how_many_there_are():
    entry = {"metrics": {"HR@1": interval(0.1)}, "per_seed": {"HR@1": [0.08, 0.12, 0.1]}}
    (axis,) = plots.seeds({"lstm": entry}, "HR@1", SYSTEMS).axes
    assert tick_labels(axis, "y") == [f"{LABELS['lstm']}  (3)"]
    assert [list(line.get_xdata()) for line in markers(axis)] == [[0.08, 0.12, 0.1]]
    assert interval_ends(axis) == [pytest.approx((0.08, 0.13))]
    assert axis.get_xlabel().startswith("HR@1 (") and axis.get_xlim()[0] == 0


def test_depth_fills_the_first_place_and_leaves_the_first_five_open(table):
    (axis,) = plots.depth(table, SYSTEMS).axes
    assert tick_labels(axis, "y") == [LABELS["markov"], LABELS["lstm"]]
    points = [(line.get_xdata()[0], to_hex(line.get_markerfacecolor())) for line in markers(axis)]
    colours = [SYSTEMS[name].colour.lower() for name in ("markov", "lstm")]
    assert points == [(0.05, colours[0]), (0.15, "#ffffff"), (0.08, colours[1]), (0.2, "#ffffff")]
    ends = [list(line.get_xdata()) for line in axis.lines if line.get_linewidth() == 1 and len(line.get_xdata()) == 2]
    assert ends[0] == pytest.approx([0.03, 0.08]) and len(ends) == 4
    assert axis.get_xlabel().startswith("hit rate (95 % interval)")


def test_the_trade_off_names_its_steps_in_every_panel():
    steps = [1.0, 0.7, 0.5, 0.0]
    frame = pd.DataFrame({"trade_off": steps, "diversity": [0.2, 0.4, 0.5, 0.8], "value": [0.1, 0.09, 0.07, 0.01]})
    frame = frame.assign(low=frame.value - 0.01, high=frame.value + 0.01)
    figure = plots.trade_off({"lstm": frame, "markov": frame}, "NDCG@10", SYSTEMS)
    assert [axis.get_title(loc="left") for axis in figure.axes] == [LABELS["lstm"], LABELS["markov"]]
    for axis in figure.axes:
        assert [text.get_text() for text in axis.texts] == ["λ = 1", "λ = 0.5", "λ = 0"]
        band = axis.collections[0].get_paths()[0].vertices
        assert band[:, 1].min() == pytest.approx(0) and band[:, 1].max() == pytest.approx(0.11)
    assert figure.axes[0].get_ylabel() == "NDCG@10 (95 % interval)"
    assert figure.axes[0].get_xlabel() == "intra-list diversity (1 − cosine of titles)"


def test_the_waterfall_shows_its_steps_from_top_to_bottom_and_how_many_users_they_have(table):
    frame = table.set_axis(["released", "audited"])
    frame["n", "value"] = [30, 28]
    figure = plots.waterfall({"lstm": frame, "llm": frame}, SYSTEMS)
    first, second = figure.axes
    assert tick_labels(first, "y") == ["released", "audited"] and first.get_yticks().tolist() == [1, 0]
    assert [axis.get_title(loc="left") for axis in figure.axes] == [LABELS["lstm"], LABELS["llm"]]
    assert words(figure).count("n = 30") == words(figure).count("n = 28") == 2
    assert interval_ends(second) == [pytest.approx(e) for e in [(0.03, 0.08), (0.06, 0.11), (0.13, 0.18), (0.18, 0.23)]]
    assert first.get_xlabel() == "hit rate (95 % interval)"
    fills = {to_hex(line.get_markerfacecolor()) for line in markers(first)}
    assert fills == {SYSTEMS["lstm"].colour.lower(), "#ffffff"}
