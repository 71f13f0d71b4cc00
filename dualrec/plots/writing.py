"""Figures about the titles that a language model writes, and what re-ranking makes of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from dualrec.plots.style import FATES, GREEN, GREY, HATCHES, Look


def fates(table: pd.DataFrame, looks: Mapping[str, Look]) -> Figure:
    """What became of the written titles: stacked shares, each with its 95 % interval in figures.

    table: index = system; columns = MultiIndex (listed | seen | duplicate | invalid, value | low | high)
    looks: of the systems
    """
    figure, axis = plt.subplots(figsize=(9.5, 0.8 * len(table) + 1.4))
    left = np.zeros(len(table))
    names = [looks[system].label for system in table.index]
    words = {
        "listed": "new, in the catalogue",
        "seen": "already seen",
        "duplicate": "written twice",
        "invalid": "in no catalogue",
    }
    background = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.5}  # keeps hatching off the words
    for fate, colour in FATES.items():
        share = 100 * table[fate]
        bars = axis.barh(
            names,
            share.value,
            left=left,
            color=colour,
            edgecolor="white",
            hatch=HATCHES[fate],
            label=words[fate],
        )
        texts = [
            f"{value:.0f} %\n[{low:.0f}, {high:.0f}]" if value >= 8 else ""
            for value, low, high in zip(share.value, share.low, share.high, strict=True)
        ]
        for label in axis.bar_label(bars, texts, label_type="center", fontsize=9):
            if label.get_text():
                label.set_bbox(background)
        left += share.value.to_numpy()
    axis.set(xlabel="share of the written titles, % (mean over users, 95 % interval)", xlim=(0, 100))
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.legend(ncols=4, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def lora_loss(history: pd.DataFrame) -> Figure:
    """LoRA's loss per answer token before and after every epoch; a ring marks the epoch that is kept.

    history: columns epoch, train_loss, validation_loss
    """
    figure, axis = plt.subplots(figsize=(6.5, 3.8))
    axis.plot(history.epoch, history.validation_loss, color=GREEN, marker="o")
    axis.plot(history.epoch, history.train_loss, color=GREY, marker="o")
    last = history.iloc[-1]
    for column, colour, words in (("validation_loss", GREEN, "held-out users"), ("train_loss", GREY, "training users")):
        axis.annotate(f"  {words}", (last.epoch, last[column]), color=colour, va="center", annotation_clip=False)
    best = history[1:].loc[history.validation_loss[1:].idxmin()]
    axis.plot(best.epoch, best.validation_loss, "o", markersize=12, markerfacecolor="none", color=GREEN)
    axis.set(xlabel="epoch (0 = untuned; ring = kept)", ylabel="loss per answer token (nats)", xticks=history.epoch)
    return figure


def rank_flow(before: np.ndarray, after: np.ndarray, titles: tuple[str, str], k: int) -> Figure:
    """How re-ranking moves the target: a matrix of its rank before and after, only over cases where it is in the list.

    before: 1-based ranks per case, 0 where the target is not in the list
    after: likewise
    titles: words for before and after
    k: length of the lists
    """
    listed = (before > 0) & (after > 0)
    matrix = np.zeros((k, k), int)
    np.add.at(matrix, (before[listed] - 1, after[listed] - 1), 1)
    figure, axis = plt.subplots(figsize=(6, 5))
    ranks = [str(rank) for rank in range(1, k + 1)]
    sns.heatmap(
        matrix,
        annot=np.where(matrix > 0, matrix.astype(str), ""),
        fmt="",
        cmap="Blues",
        cbar=False,
        square=True,
        linewidths=0.5,
        ax=axis,
        xticklabels=ranks,
        yticklabels=ranks,
    )
    axis.plot([0, k], [0, k], color=GREY, linestyle=":")
    axis.set(xlabel=f"rank of the target {titles[1]}", ylabel=f"rank of the target {titles[0]}")
    axis.tick_params(axis="y", rotation=0)
    return figure
