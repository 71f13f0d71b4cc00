"""Figures about what a language model says of titles it is shown."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dualrec.plots.style import BLUE, GREEN, GREY, ORANGE, RED

LINES = {
    ("none", 0.0): GREY,
    ("no history", 0.5): ORANGE,
    ("no history", 1.0): RED,
    ("other people", 0.5): GREEN,
    ("other people", 1.0): BLUE,
}


def bias(titles: pd.DataFrame) -> Figure:
    """What a title is worth whoever asks, against its length and against how often it was watched.

    titles: one row per title with columns prior (nats), tokens, events
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
    for axis, column in ((left, "tokens"), (right, "events")):
        axis.scatter(titles[column], titles.prior, s=6, color=BLUE, alpha=0.25, linewidth=0)
        rank = titles.prior.corr(titles[column], method="spearman")
        axis.set_title(f"Spearman ρ = {rank:+.2f}")
    left.set(xlabel="tokens of the title", ylabel="mean log-likelihood after\nother people's prompts (nats)")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set(xlabel="training events (log scale, 0 drawn at 0.7)", xscale="log")
    return figure


def fusion(searched: pd.DataFrame, alone: float) -> Figure:
    """Validation NDCG@10 against the weight of the language model, one line per correction; the best point ringed.

    searched: columns prior, beta, weight, ndcg; alone: of the temporal model, the dotted line
    """
    figure, axis = plt.subplots(figsize=(8.5, 4.2))
    for (prior, beta), rows in searched.groupby(["prior", "beta"], sort=False):
        label = "raw likelihood" if prior == "none" else f"less {beta:g} × the prior after {prior}"
        axis.plot(rows.weight, rows.ndcg, marker="o", markersize=4, color=LINES[prior, beta], label=label)
    best = searched.loc[searched.ndcg.idxmax()]
    axis.plot(best.weight, best.ndcg, "o", markersize=13, markerfacecolor="none", color="black")
    axis.axhline(alone, color="black", linestyle=":", linewidth=1)
    axis.annotate("the LSTM alone", (1, alone), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    axis.set_xscale("symlog", linthresh=0.02)
    ticks = sorted(searched.weight.unique())
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.set(xlabel="weight of the language model", ylabel="validation NDCG@10")
    axis.legend(frameon=False)
    return figure
