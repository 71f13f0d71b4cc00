"""What a title is worth: verdicts by colour and marker, parts by events with their intervals."""

import pandas as pd
import pytest

from dualrec import plots
from dualrec.plots.style import BLACK, GREEN, GREY, RED, SKY
from tests.plots.drawn import interval_ends, markers, tick_labels, words


def row(delta: float, verdict: str = "") -> dict:
    return {"delta": delta, "low": delta - 0.01, "high": delta + 0.02, "verdict": verdict}


def test_a_comparison_has_a_row_and_its_verdict_a_colour_and_a_marker():
    panels = {
        "one": pd.DataFrame({"titles": row(0.03, "better"), "meaning": row(-0.03, "worse"), "layers": row(0.0)}).T,
        "two": pd.DataFrame({"meaning": row(-0.02, "no gain"), "layers": row(0.001, "cannot tell")}).T,
    }
    figure = plots.worth(panels, "NDCG@10", 0.005)
    one, two = figure.axes
    assert [axis.get_title(loc="left") for axis in (one, two)] == ["one", "two"]
    assert tick_labels(one, "y") == ["titles", "meaning", "layers"]
    assert interval_ends(one) == [
        pytest.approx((0.02, 0.05)),
        pytest.approx((-0.04, -0.01)),
        pytest.approx((-0.01, 0.02)),
    ]
    looks = [[(line.get_color(), line.get_marker()) for line in markers(axis)] for axis in (one, two)]
    assert looks == [[(GREEN, "o"), (RED, "v"), (BLACK, ".")], [(SKY, "s"), (GREY, "D")]]
    assert one.get_xlabel() == "Δ NDCG@10 (95 % interval)"
    dotted = [line.get_xdata()[0] for line in one.lines if line.get_linestyle() == ":"]
    assert dotted == [0.005] and {"better", "worse", "no gain above +0.005", "cannot tell"} <= set(words(figure))


def test_the_parts_stand_side_by_side_in_each_group():
    def of(part: str, *deltas: float) -> list[dict]:
        return [
            {"group": group, "n": n, "part": part} | row(delta)
            for group, n, delta in zip(("up to 5", "6 to 20"), (1200, 3), deltas, strict=False)
        ]

    frame = pd.DataFrame(of("meaning", 0.04, 0.01) + of("capacity", 0.0))
    figure = plots.by_events({"beauty": frame}, "NDCG@10")
    (axis,) = figure.axes
    assert tick_labels(axis, "x") == ["up to 5\nn = 1,200", "6 to 20\nn = 3"]
    assert interval_ends(axis, 1) == [
        pytest.approx((0.03, 0.06)),
        pytest.approx((0.0, 0.03)),
        pytest.approx((-0.01, 0.02)),
    ]
    assert axis.get_xlabel() == "training events of the target"
    assert {"meaning: the right titles, over others'", "capacity: titles of others, over none"} <= set(words(figure))
