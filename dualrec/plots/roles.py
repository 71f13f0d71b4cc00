"""Figures about the roles a language model can play beside a sequence model."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from dualrec.plots.style import BLACK, BLUE, GREEN, GREY, TEAL, WINE

PRIORS = {"none": (GREY, "raw likelihood"), "no history": (BLUE, "less: no history"), "other people": (WINE, "less: other people")}


def bias(titles: pd.DataFrame) -> Figure:
    """What a title is worth whoever asks, against its length and its popularity; one dot per title.

    titles: columns prior (mean log-likelihood, nats), tokens, events (training events)
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
    for axis, (column, words) in zip(
        axes, {"tokens": "tokens of the title", "events": "training events of the movie"}.items(), strict=True
    ):
        axis.plot(titles[column], titles.prior, ".", color=BLUE, alpha=0.25, markersize=5)
        groups = pd.qcut(titles[column], 8, duplicates="drop")
        medians = titles.groupby(groups, observed=True)[[column, "prior"]].median()
        axis.plot(medians[column], medians.prior, color=BLACK, marker="o", markersize=5)
        axis.set(xlabel=words)
    axes[1].set_xscale("symlog", linthresh=1)
    axes[1].set_xlim(left=-0.3)
    axes[0].set_ylabel("mean log-likelihood (nats)")
    axes[0].annotate("median of an eighth", (0.97, 0.95), xycoords="axes fraction", ha="right", va="top")
    return figure


def fusion(searched: pd.DataFrame, reader: pd.DataFrame) -> Figure:
    """Validation NDCG@10 against the weight of the language model; left: second opinion, right: reader.

    searched: columns prior, beta, weight, ndcg; reader: columns hint, weight, ndcg. Weight 0 is the sequence model alone; rings: the best.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
    place = {weight: i for i, weight in enumerate(sorted(searched.weight.unique()))}  # weights grow by factors, and one of them is 0
    for (prior, beta), rows in searched.groupby(["prior", "beta"], sort=False):
        shade, words = PRIORS[prior]
        words += "" if prior == "none" else f", β = {beta:g}"
        style, sign = "--" if beta == 0.5 else "-", {"none": "s", "no history": "v"}.get(prior, "o")
        left.plot(rows.weight.map(place), rows.ndcg, color=shade, linestyle=style, marker=sign, markersize=4, label=words)
    for hint, rows in reader.groupby("hint", sort=False):
        words, style = ("without hint", "--") if hint == "none" else ("with hint", "-")
        right.plot(rows.weight.map(place), rows.ndcg, color=TEAL, linestyle=style, marker="o", markersize=4, label=words)
    for axis, rows, title in ((left, searched, "second opinion on the LSTM's candidates"), (right, reader, "reader, whole catalogue")):
        best = rows.sort_values(["ndcg", "weight"], ascending=[False, True], kind="stable").iloc[0]
        axis.plot(place[best.weight], best.ndcg, "o", markersize=12, markerfacecolor="none", color=BLACK)
        alone = rows[rows.weight == 0].ndcg.iloc[0]
        axis.axhline(alone, color=GREY, linewidth=1, linestyle=":")
        axis.annotate("LSTM alone", (1, alone), xycoords=("axes fraction", "data"), ha="right", va="top", color=GREY, fontsize=9)
        axis.set_xticks([*place.values()], [f"{weight:g}" for weight in place])
        axis.set(xlabel="weight of the language model (not to scale)", title=title)
    left.set_ylabel("validation NDCG@10")
    for axis in (left, right):
        axis.legend(frameon=False, fontsize=9, loc="lower left")
    return figure


def training_sizes(frame: pd.DataFrame, alone: dict) -> Figure:
    """What more training positions bring the reader; bars: 95 % intervals over test users; band: the sequence model.

    frame: columns examples, value, low, high of NDCG@10; alone: the same interval of the sequence model
    """
    figure, axis = plt.subplots(figsize=(6.5, 3.8))
    axis.axhspan(alone["low"], alone["high"], color=BLUE, alpha=0.12, linewidth=0)
    axis.axhline(alone["value"], color=BLUE)
    axis.annotate("LSTM", (0.01, alone["value"]), xycoords=("axes fraction", "data"), color=BLUE, va="bottom")
    bars = [frame.value - frame.low, frame.high - frame.value]
    axis.errorbar(frame.examples, frame.value, yerr=bars, color=TEAL, marker="o", capsize=2.5)
    axis.set(xscale="log", xlabel="training positions of the head (log scale)", ylabel="test NDCG@10 (95 % interval)", ylim=(0, None))
    axis.set_xticks(frame.examples, [f"{n:,}" for n in frame.examples])
    axis.minorticks_off()
    return figure


def more_examples(rows: pd.DataFrame, training: pd.DataFrame, alone: dict) -> Figure:
    """What more LoRA examples bring. Left: loss on held-out answers. Right: test NDCG@10 of each role; band: the sequence model.

    rows: columns examples, role, label, value, low, high, per_seed (one mean per seed); training: columns examples, seed, untuned, tuned
    alone: the interval of the sequence model; dots: one seed each, lines: their mean, bars: 95 % intervals over users
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4), width_ratios=(2, 3))
    place = {examples: i for i, examples in enumerate(sorted(rows.examples.unique()))}  # from nothing on, in growing steps
    losses = pd.concat([training.assign(examples=0, loss=training.untuned), training.assign(loss=training.tuned)])
    left.plot(losses.examples.map(place), losses.loss, "o", color=GREEN, alpha=0.5, markersize=4)
    means = losses.groupby("examples").loss.mean()
    left.plot(means.index.map(place), means, color=GREEN)
    left.set(ylabel="held-out loss (nats per token)", ylim=(0, None))
    right.axhspan(alone["low"], alone["high"], color=BLUE, alpha=0.12, linewidth=0)
    right.axhline(alone["value"], color=BLUE, linestyle="--", linewidth=1)
    right.annotate("LSTM alone", (0.1, alone["high"]), xycoords=("axes fraction", "data"), color=BLUE, va="bottom")
    for (_, found), (shade, marker) in zip(rows.groupby("role", sort=False), ((GREEN, "s"), (WINE, "^"), (BLACK, "o")), strict=True):
        at = found.examples.map(place)
        right.errorbar(at, found.value, yerr=[found.value - found.low, found.high - found.value], color=shade, marker=marker, capsize=2.5)
        for x, drawn in zip(at, found.per_seed, strict=True):
            right.plot([x + 0.08] * len(drawn), drawn, "o", color=shade, alpha=0.5, markersize=3)
        last = found.iloc[-1]
        right.annotate(last.label, (1.01, last.value), xycoords=("axes fraction", "data"), color=shade, va="center", fontsize=9)
    right.set(ylabel="test NDCG@10 (95 % interval)", ylim=(0, 1.12 * alone["high"]))
    for axis in (left, right):
        axis.set_xticks([*place.values()], [f"{examples:,}" for examples in place])
        axis.set(xlabel="LoRA examples (not to scale)", xlim=(-0.3, len(place) - 0.6))
    return figure


def reordered(candidates: list[int], lists: dict[str, list[int]], titles: list[str]) -> Figure:
    """Where each of the sequence model's candidates goes, from list to list; the first, which is the hint, in colour.

    candidates: items, best first; lists: name -> some of these items in another order; titles: of items 0..N
    """
    figure, axis = plt.subplots(figsize=(10, 0.27 * len(candidates) + 0.9))
    words = {"fontsize": 9, "va": "center", "parse_math": False}  # a title with dollars is no formula
    for place, item in enumerate(candidates, start=1):
        path = [place, *(listed.index(item) + 1 if item in listed else None for listed in lists.values())]
        reached = [(x, y) for x, y in enumerate(path) if y]
        shade, width = (BLUE, 2.5) if place == 1 else (BLACK, 1) if len(reached) == len(path) else (GREY, 1)
        axis.plot(*zip(*reached, strict=True), color=shade, linewidth=width, marker="o", markersize=4, zorder=2 + (place == 1))
        title = titles[item] if len(titles[item]) <= 42 else f"{titles[item][:41].rstrip()}…"
        axis.text(-0.04, place, f"{title}  {place}", ha="right", color=shade, **words)
        if path[-1]:
            axis.text(len(path) - 0.96, path[-1], f"{path[-1]}  {title}", ha="left", color=shade, **words)
    axis.set_xticks(range(len(lists) + 1), ["LSTM's candidates", *lists])
    axis.set(ylim=(len(candidates) + 0.7, 0.3), xlim=(-0.95, len(lists) + 0.95), yticks=[])
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return figure
