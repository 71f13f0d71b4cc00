"""Figures about the roles of a language model: what was chosen, against what, and in which units."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from dualrec import plots
from dualrec.plots.style import BLACK, BLUE, GREY
from tests.plots.drawn import interval_ends, markers, rings, tick_labels, words

ALONE = {"value": 0.1, "low": 0.09, "high": 0.12}


def test_bias_draws_a_median_per_eighth_on_axes_with_units():
    titles = pd.DataFrame({"prior": [-float(i) for i in range(16)], "tokens": range(16), "events": range(16)})
    left, right = plots.bias(titles, "book").axes
    medians = next(line for line in left.lines if line.get_color() == BLACK)
    assert list(medians.get_xdata()) == [0.5 + 2 * i for i in range(8)]
    assert list(medians.get_ydata()) == [-0.5 - 2 * i for i in range(8)]
    assert left.get_ylabel() == "mean log-likelihood (nats)"
    assert (left.get_xlabel(), right.get_xlabel()) == ("tokens of the title", "training events of the book")
    assert right.get_xscale() == "symlog"  # books without a training event have a place


@pytest.fixture
def grids() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Validation NDCG@10 of the second opinion, and of the reader with hint and without."""
    opinion = [
        ("none", 0.0, {0.0: 0.10, 0.5: 0.08}),
        ("no history", 0.5, {0.0: 0.10, 0.5: 0.11}),
        ("other people", 1.0, {0.0: 0.10, 0.5: 0.12}),
    ]
    rows = [
        {"prior": prior, "beta": beta, "weight": weight, "ndcg": ndcg}
        for prior, beta, by_weight in opinion
        for weight, ndcg in by_weight.items()
    ]
    reader = pd.DataFrame(
        {"hint": ["true"] * 2 + ["none"] * 2, "weight": [0.0, 0.5] * 2, "ndcg": [0.1, 0.1, 0.1, 0.09]}
    )
    return pd.DataFrame(rows), reader


def test_fusion_rings_the_best_choice_and_the_smallest_weight_of_equal_ones(grids):
    left, right = plots.fusion(*grids).axes
    assert rings(left) == [(1, 0.12)] and rings(right) == [(0, 0.1)]
    assert tick_labels(left, "x") == ["0", "0.5"]
    assert left.get_ylabel() == "validation NDCG@10" and "weight" in right.get_xlabel()


def test_fusion_names_every_line_and_the_sequence_model_alone(grids):
    figure = plots.fusion(*grids)
    left, right = figure.axes
    legends = [[text.get_text() for text in axis.get_legend().get_texts()] for axis in (left, right)]
    assert legends == [
        ["raw likelihood", "less: no history, β = 0.5", "less: other people, β = 1"],
        ["with hint", "without hint"],
    ]
    assert words(figure).count("LSTM alone") == 2
    dashes = [line.get_linestyle() for line in right.lines if line.get_label() in legends[1]]
    assert dashes == ["-", "--"]


def test_training_sizes_end_their_intervals_where_they_end():
    frame = pd.DataFrame({"examples": [250, 1000], "value": [0.08, 0.1], "low": [0.07, 0.09], "high": [0.1, 0.12]})
    figure = plots.training_sizes(frame, ALONE)
    (axis,) = figure.axes
    assert interval_ends(axis, 1) == [pytest.approx((0.07, 0.1)), pytest.approx((0.09, 0.12))]
    assert tick_labels(axis, "x") == ["250", "1,000"]
    assert axis.get_xscale() == "log" and axis.get_xlabel().endswith("(log scale)")
    assert axis.get_ylabel() == "test NDCG@10 (95 % interval)" and "LSTM" in words(figure)
    band = axis.patches[0].get_window_extent().transformed(axis.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((0.09, 0.12))


@pytest.fixture
def side_run() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three roles after no and after 200 examples, two seeds each; and how the loss went."""
    roles = {"llm_lora_trie": ("writer", 0.04), "rescored": ("order", 0.07), "fused": ("fused", 0.1)}
    rows = [
        {"examples": examples, "role": role, "label": label, "value": value, "low": value - 0.01}
        | {"high": value + 0.01, "per_seed": [value - 0.005, value + 0.005]}
        for role, (label, value) in roles.items()
        for examples in (0, 200)
    ]
    training = pd.DataFrame({"examples": [200, 200], "seed": [0, 1], "untuned": [2.0, 2.2], "tuned": [1.5, 1.7]})
    return pd.DataFrame(rows), training


def test_more_examples_show_every_seed_and_the_mean_of_the_losses(side_run):
    left, right = plots.more_examples(*side_run, ALONE).axes
    (means,) = [line for line in left.lines if line.get_linestyle() == "-"]
    assert list(means.get_ydata()) == pytest.approx([2.1, 1.6])
    assert left.get_ylabel() == "held-out loss (nats per token)"
    assert [text.get_text() for text in right.texts] == ["LSTM alone", "writer", "order", "fused"]
    assert interval_ends(right, 1)[-1] == pytest.approx((0.09, 0.11)) and len(interval_ends(right, 1)) == 6
    dots = [list(line.get_ydata()) for line in markers(right) if line.get_markersize() == 3]
    assert dots[-1] == pytest.approx([0.095, 0.105]) and len(dots) == 6
    assert tick_labels(right, "x") == ["0", "200"] and right.get_ylabel() == "test NDCG@10 (95 % interval)"


def test_reordered_follows_every_candidate_and_greys_what_falls_out():
    titles = ["", "Hint (1990)", "Kept for $5 and $6 (1991)", "T" * 60]
    figure = plots.reordered([1, 2, 3], {"language model": [2, 1, 3], "Sentence-BERT": [2, 1]}, titles)
    (axis,) = figure.axes
    assert tick_labels(axis, "x") == ["LSTM's candidates", "language model", "Sentence-BERT"]
    paths = {line.get_color(): list(line.get_ydata()) for line in axis.lines}
    assert paths == {BLUE: [1, 2, 2], BLACK: [2, 1, 1], GREY: [3, 3]}
    shown = {text.get_text(): to_hex(text.get_color()) for text in axis.texts}
    assert shown["Hint (1990)  1"] == shown["2  Hint (1990)"] == BLUE.lower()
    assert shown[f"{'T' * 41}…  3"] == GREY.lower(), "a long title is cut"
    assert "1  Kept for $5 and $6 (1991)" in words(figure) and not axis.texts[0].get_parse_math()
