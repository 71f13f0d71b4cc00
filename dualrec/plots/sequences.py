"""Figures about histories and the temporal stage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dualrec.plots.style import BLUE, RED, Look


def long_tail(events_per_item: np.ndarray, events_per_user: np.ndarray) -> Figure:
    """Left: share of all events that the most-rated items hold. Right: how long the histories are."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    counts = np.sort(events_per_item)[::-1]
    share = np.cumsum(counts) / counts.sum()
    rank = np.arange(1, len(counts) + 1) / len(counts)
    left.plot(rank, share, color=BLUE)
    fifth = int(np.ceil(0.2 * len(counts))) - 1
    left.plot(rank[fifth], share[fifth], "o", color=RED)
    left.annotate(
        f"the top 20 % of the movies\nhold {share[fifth]:.0%} of the events", (rank[fifth], share[fifth]), (0.3, 0.45),
        arrowprops={"arrowstyle": "-", "color": RED}, color=RED,
    )  # fmt: skip
    left.set(xlabel="share of movies, most-rated first", ylabel="share of events", xlim=(0, 1), ylim=(0, 1.02), title="A long tail")
    edges = np.geomspace(events_per_user.min(), events_per_user.max() + 1, 25)
    right.hist(events_per_user, bins=edges, color=BLUE, edgecolor="white")
    median = np.median(events_per_user)
    right.axvline(median, color=RED)
    right.annotate(f" median {median:.0f}", (median, right.get_ylim()[1] * 0.94), color=RED)
    right.set(xscale="log", xlabel="events per user (log scale)", ylabel="users", title="Histories of very different length")
    ticks = [t for t in (20, 50, 100, 200, 500, 1000, 2000) if t <= events_per_user.max()]
    right.set_xticks(ticks, [str(t) for t in ticks])
    right.minorticks_off()
    return figure


def ties(gaps: np.ndarray, share_by_position: pd.DataFrame) -> Figure:
    """Left: time between consecutive events. Right: share of users whose event ties with the one before, from the end.

    gaps: seconds between consecutive events of a user; share_by_position: index = place from the end (1 = last), columns value, low, high
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    names = ["same second", "1–10 s", "11–60 s", "1–60 min", "longer"]
    groups = pd.Series(pd.cut(gaps, [-1, 0, 10, 60, 3600, np.inf], labels=names)).value_counts(normalize=True)[names]
    bars = left.bar(names, groups, color=[RED, BLUE, BLUE, BLUE, BLUE])
    left.bar_label(bars, [f"{v:.0%}" for v in groups])
    left.tick_params(axis="x", labelrotation=20)
    left.set(ylabel="share of consecutive events", title="Time to the next rating")
    err = [share_by_position.value - share_by_position.low, share_by_position.high - share_by_position.value]
    right.bar(share_by_position.index.astype(str), share_by_position.value, yerr=err, color=[RED, *[BLUE] * (len(share_by_position) - 1)])
    right.set(xlabel="event, counted from the end (1 = test target)", ylabel="share of users (95 % interval)", ylim=(0, None))
    right.set_title("… whose event ties with the one before")
    return figure


def learning_curves(histories: dict[str, list[pd.DataFrame]], looks: Mapping[str, Look]) -> Figure:
    """Training loss and validation NDCG@10 per epoch; one line per seed.

    histories: system -> one frame per seed with columns epoch, loss, ndcg
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8))
    for axis, column, title, ylabel in zip(
        axes, ("loss", "ndcg"), ("Training loss", "Validation, full ranking"), ("cross-entropy (nats)", "NDCG@10"), strict=True
    ):
        for system, frames in histories.items():
            for frame in frames:
                axis.plot(frame.epoch, frame[column], color=looks[system].colour, linestyle=looks[system].dash, alpha=0.9, linewidth=1.4)
            if column == "ndcg":
                best = frames[0].loc[frames[0].ndcg.idxmax()]
                axis.plot(best.epoch, best.ndcg, looks[system].marker, color=looks[system].colour)
        axis.set(xlabel="epoch", ylabel=ylabel, title=title)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        if column == "ndcg":  # this panel has an empty corner below the curves
            for system in histories:
                axis.plot([], [], looks[system].marker, color=looks[system].colour, linestyle=looks[system].dash, label=looks[system].label)
            axis.legend(frameon=False, loc="lower right", labelcolor="linecolor")
    return figure


def by_group(panels: dict[str, pd.DataFrame], metric: str, looks: Mapping[str, Look]) -> Figure:
    """A metric of several systems, split up: one panel per way of splitting, one line per system with intervals.

    panels: title -> frame with columns group (in order), system, value, low, high, n (of the group); a system may lack a group
    """
    width = sum(1.6 + 1.1 * frame.group.nunique() for frame in panels.values())
    ratios = [1.6 + 1.1 * frame.group.nunique() for frame in panels.values()]
    figure, axes = plt.subplots(1, len(panels), figsize=(max(width, 9), 4), sharey=True, squeeze=False, width_ratios=ratios)
    for axis, (title, frame) in zip(axes[0], panels.items(), strict=True):
        groups = list(dict.fromkeys(frame.group))
        systems = list(dict.fromkeys(frame.system))
        for i, system in enumerate(systems):
            rows = frame[frame.system == system].set_index("group").reindex(groups)
            x = np.arange(len(groups)) + 0.08 * (i - (len(systems) - 1) / 2)
            err = [rows.value - rows.low, rows.high - rows.value]
            axis.errorbar(x, rows.value, yerr=err, color=looks[system].colour, marker=looks[system].marker, capsize=2.5, label=looks[system].label)
        sizes = frame.drop_duplicates("group").set_index("group").n
        axis.set_xticks(range(len(groups)), [f"{g}\nn = {sizes[g]}" for g in groups])
        axis.set(title=title)
    axes[0][0].set(ylabel=f"{metric} (95 % interval)", ylim=(0, None))  # last: it ends the scaling that the panels share
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, loc="outside lower center", ncols=len(names))
    return figure
