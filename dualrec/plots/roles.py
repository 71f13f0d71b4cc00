"""Figures about the roles a language model can play beside a sequence model."""

from __future__ import annotations

from typing import cast

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dualrec.plots.style import BLACK, BLUE, BROWN, GREEN, GREY, TEAL, WINE

PRIORS = {
    "none": (GREY, "raw likelihood"),
    "no history": (BLUE, "less: no history"),
    "other people": (WINE, "less: other people"),
    "chain": (BROWN, "control: the chain's counts"),
}
READINGS = {
    "true": (TEAL, "with hint", "-", "o"),
    "none": (TEAL, "without hint", "--", "o"),
    "chain": (BROWN, "control: the chain's counts", "-", "<"),
}


def bias(titles: pd.DataFrame, item: str) -> Figure:
    """What a title is worth whoever asks, against its length and its popularity; one dot per title.

    titles: columns prior (mean log-likelihood, nats), tokens, events (training events)
    item: what has a title
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
    for axis, column, words in (
        (left, "tokens", "tokens of the title"),
        (right, "events", f"training events of the {item}"),
    ):
        axis.plot(titles[column], titles.prior, ".", color=BLUE, alpha=0.25, markersize=5)
        groups = pd.qcut(titles[column], 8, duplicates="drop")
        medians = titles.groupby(groups, observed=True)[[column, "prior"]].median()
        axis.plot(medians[column], medians.prior, color=BLACK, marker="o", markersize=5)
        axis.set(xlabel=words)
    right.set_xscale("symlog", linthresh=1)
    right.set_xlim(left=-0.3)
    left.set_ylabel("mean log-likelihood (nats)")
    left.annotate("median of an eighth", (0.97, 0.95), xycoords="axes fraction", ha="right", va="top")
    return figure


def fusion(opinion_grid: pd.DataFrame, reader_grid: pd.DataFrame) -> Figure:
    """Validation NDCG@10 against the weight of the second model; left: second opinion, right: reader.

    Weight 0 is the sequence model alone; rings: the best of the language model.

    opinion_grid: columns prior (one of PRIORS), beta, weight, ndcg
    reader_grid: columns hint (one of READINGS), weight, ndcg
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
    # Weights grow by factors, and one of them is 0: they stand side by side.
    place = {weight: i for i, weight in enumerate(sorted(opinion_grid.weight.unique()))}
    for key, rows in opinion_grid.groupby(["prior", "beta"], sort=False):
        prior, beta = cast(tuple[str, float], key)
        colour, words = PRIORS[prior]
        words += "" if prior in ("none", "chain") else f", β = {beta:g}"
        line = {
            "color": colour,
            "linestyle": "--" if beta == 0.5 else "-",
            "marker": {"none": "s", "no history": "v", "chain": "<"}.get(prior, "o"),
        }
        left.plot(rows.weight.map(place), rows.ndcg, markersize=4, label=words, **line)
    for hint, rows in reader_grid.groupby("hint", sort=False):
        colour, words, dash, marker = READINGS[str(hint)]
        line = {"color": colour, "linestyle": dash, "marker": marker}
        right.plot(rows.weight.map(place), rows.ndcg, markersize=4, label=words, **line)
    _mark_best(left, opinion_grid.query("prior != 'chain'"), place)
    _mark_best(right, reader_grid.query("hint != 'chain'"), place)
    left.set(title="second opinion on the LSTM's candidates", ylabel="validation NDCG@10")
    right.set(title="reader, whole catalogue")
    for axis in (left, right):
        axis.legend(frameon=False, fontsize=9, loc="lower left")
    return figure


def _mark_best(axis: Axes, grid: pd.DataFrame, place: dict[float, int]) -> None:
    """Draw a ring around the best weight, the sequence model as a line, and the axis of weights.

    grid: columns weight, ndcg
    place: weight -> where it stands on the axis
    """
    best = grid.sort_values(["ndcg", "weight"], ascending=[False, True], kind="stable").iloc[0]
    axis.plot(place[best.weight], best.ndcg, "o", markersize=12, markerfacecolor="none", color=BLACK)
    alone = grid[grid.weight == 0].ndcg.iloc[0]
    axis.axhline(alone, color=GREY, linewidth=1, linestyle=":")
    corner = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "top"}
    axis.annotate("LSTM alone", (1, alone), color=GREY, fontsize=9, **corner)
    axis.set_xticks([*place.values()], [f"{weight:g}" for weight in place])
    axis.set(xlabel="weight of the second model (not to scale)")


def training_sizes(frame: pd.DataFrame, alone: dict) -> Figure:
    """What more training positions bring the reader; bars: 95 % intervals over test users; band: the sequence model.

    frame: columns examples, value, low, high of NDCG@10
    alone: the same interval of the sequence model
    """
    figure, axis = plt.subplots(figsize=(6.5, 3.8))
    axis.axhspan(alone["low"], alone["high"], color=BLUE, alpha=0.12, linewidth=0)
    axis.axhline(alone["value"], color=BLUE)
    axis.annotate("LSTM", (0.01, alone["value"]), xycoords=("axes fraction", "data"), color=BLUE, va="bottom")
    bars = [frame.value - frame.low, frame.high - frame.value]
    axis.errorbar(frame.examples, frame.value, yerr=bars, color=TEAL, marker="o", capsize=2.5)
    axis.set(xscale="log", xlabel="training positions of the head (log scale)")
    axis.set(ylabel="test NDCG@10 (95 % interval)", ylim=(0, None))
    axis.set_xticks(frame.examples, [f"{n:,}" for n in frame.examples])
    axis.minorticks_off()
    return figure


def more_examples(rows: pd.DataFrame, training: pd.DataFrame, alone: dict) -> Figure:
    """What more LoRA examples bring. Left: loss on held-out answers. Right: test NDCG@10 of each role.

    Dots: one seed each; lines: their mean; bars: 95 % intervals over users; band: the sequence model.

    rows: columns examples, role, label, value, low, high, per_seed (one mean per seed)
    training: columns examples, seed, untuned, tuned
    alone: the interval of the sequence model
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4), width_ratios=(2, 3))
    # The numbers of examples start at nothing and grow in growing steps: they stand side by side.
    place = {examples: i for i, examples in enumerate(sorted(rows.examples.unique()))}
    losses = pd.concat([training.assign(examples=0, loss=training.untuned), training.assign(loss=training.tuned)])
    left.plot(losses.examples.map(place), losses.loss, "o", color=GREEN, alpha=0.5, markersize=4)
    means = losses.groupby("examples").loss.mean()
    left.plot(means.index.map(place), means, color=GREEN)
    left.set(ylabel="held-out loss (nats per token)", ylim=(0, None))
    right.axhspan(alone["low"], alone["high"], color=BLUE, alpha=0.12, linewidth=0)
    right.axhline(alone["value"], color=BLUE, linestyle="--", linewidth=1)
    right.annotate("LSTM alone", (0.1, alone["high"]), xycoords=("axes fraction", "data"), color=BLUE, va="bottom")
    roles = rows.groupby("role", sort=False)
    for (_, frame), (colour, marker) in zip(roles, ((GREEN, "s"), (WINE, "^"), (BLACK, "o")), strict=True):
        x = frame.examples.map(place)
        bars = [frame.value - frame.low, frame.high - frame.value]
        right.errorbar(x, frame.value, yerr=bars, color=colour, marker=marker, capsize=2.5)
        for position, seed_means in zip(x, frame.per_seed, strict=True):
            right.plot([position + 0.08] * len(seed_means), seed_means, "o", color=colour, alpha=0.5, markersize=3)
        last = frame.iloc[-1]
        beside = {"xycoords": ("axes fraction", "data"), "va": "center"}
        right.annotate(last.label, (1.01, last.value), color=colour, fontsize=9, **beside)
    right.set(ylabel="test NDCG@10 (95 % interval)", ylim=(0, 1.12 * alone["high"]))
    for axis in (left, right):
        axis.set_xticks([*place.values()], [f"{examples:,}" for examples in place])
        axis.set(xlabel="LoRA examples (not to scale)", xlim=(-0.3, len(place) - 0.6))
    return figure


def reordered(candidates: list[int], lists: dict[str, list[int]], titles: list[str]) -> Figure:
    """Where each of the sequence model's candidates goes, from list to list; the first, which is the hint, in colour.

    candidates: items, best first
    lists: name -> some of these items in another order
    titles: of items 0..N
    """
    figure, axis = plt.subplots(figsize=(10, 0.27 * len(candidates) + 0.9))
    words = {"fontsize": 9, "va": "center", "parse_math": False}  # a title with dollars is no formula
    for rank, item in enumerate(candidates, start=1):
        ranks = [rank, *(items.index(item) + 1 if item in items else None for items in lists.values())]
        points = [(column, place) for column, place in enumerate(ranks) if place]
        is_hint = rank == 1
        colour = BLUE if is_hint else BLACK if len(points) == len(ranks) else GREY
        width = 2.5 if is_hint else 1
        axis.plot(
            *zip(*points, strict=True), color=colour, linewidth=width, marker="o", markersize=4, zorder=2 + is_hint
        )
        title = titles[item] if len(titles[item]) <= 42 else f"{titles[item][:41].rstrip()}…"
        axis.text(-0.04, rank, f"{title}  {rank}", ha="right", color=colour, **words)
        if ranks[-1]:
            axis.text(len(ranks) - 0.96, ranks[-1], f"{ranks[-1]}  {title}", ha="left", color=colour, **words)
    axis.set_xticks(range(len(lists) + 1), ["LSTM's candidates", *lists])
    axis.set(ylim=(len(candidates) + 0.7, 0.3), xlim=(-0.95, len(lists) + 0.95), yticks=[])
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return figure
