"""Figures about histories and sequence models."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dualrec.plots.style import BLUE, RED, Look


def long_tail(events_per_item: np.ndarray, events_per_user: np.ndarray, items: str) -> Figure:
    """Left: share of all events that the most popular items hold. Right: how long the histories are.

    events_per_item: int (N,)
    events_per_user: int (n_users,)
    items: what they are called
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    counts = np.sort(events_per_item)[::-1]
    share = np.cumsum(counts) / counts.sum()
    rank = np.arange(1, len(counts) + 1) / len(counts)
    left.plot(rank, share, color=BLUE)
    fifth = int(np.ceil(0.2 * len(counts))) - 1
    left.plot(rank[fifth], share[fifth], "o", color=RED)
    left.annotate(
        f"the top 20 % of the {items}\nhold {share[fifth]:.0%} of the events",
        (rank[fifth], share[fifth]),
        (0.3, 0.45),
        arrowprops={"arrowstyle": "-", "color": RED},
        color=RED,
    )
    left.set(xlabel=f"share of {items}, most popular first", ylabel="share of events", title="A long tail")
    left.set(xlim=(0, 1), ylim=(0, 1.02))
    edges = np.geomspace(events_per_user.min(), events_per_user.max() + 1, 25)
    right.hist(events_per_user, bins=edges, color=BLUE, edgecolor="white")
    median = np.median(events_per_user)
    right.axvline(median, color=RED)
    right.annotate(f" median {median:.0f}", (median, right.get_ylim()[1] * 0.94), color=RED)
    right.set(xscale="log", xlabel="events per user (log scale)", ylabel="users")
    right.set_title("Histories of very different length")
    ticks = [tick for tick in (20, 50, 100, 200, 500, 1000, 2000) if tick <= events_per_user.max()]
    right.set_xticks(ticks, [str(tick) for tick in ticks])
    right.minorticks_off()
    return figure


def ties(gaps: np.ndarray, share_by_position: pd.DataFrame) -> Figure:
    """Left: time between consecutive events. Right: share of users whose event ties with the one before it.

    gaps: seconds between consecutive events of a user
    share_by_position: index = place from the end (1 = last), columns value, low, high
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    names = ["same second", "1–10 s", "11–60 s", "1–60 min", "longer"]
    groups = pd.cut(gaps, [-1, 0, 10, 60, 3600, np.inf], labels=names)
    shares = pd.Series(groups).value_counts(normalize=True)[names]
    bars = left.bar(names, shares, color=[RED, BLUE, BLUE, BLUE, BLUE])
    left.bar_label(bars, [f"{share:.0%}" for share in shares])
    left.tick_params(axis="x", labelrotation=20)
    left.set(ylabel="share of consecutive events", title="Time to the next event")
    rows = share_by_position
    right.bar(
        rows.index.astype(str),
        rows.value,
        yerr=[rows.value - rows.low, rows.high - rows.value],
        color=[RED, *[BLUE] * (len(rows) - 1)],
    )
    right.set(xlabel="event, counted from the end (1 = test target)", ylabel="share of users (95 % interval)")
    right.set(ylim=(0, None), title="… whose event ties with the one before")
    return figure


def learning_curves(histories: dict[str, list[pd.DataFrame]], looks: Mapping[str, Look]) -> Figure:
    """Training loss and validation NDCG@10 per epoch; one line per seed, a marker at the first seed's best epoch.

    histories: system -> one frame per seed with columns epoch, loss, ndcg
    looks: of the systems
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    for axis, column in ((left, "loss"), (right, "ndcg")):
        for system, frames in histories.items():
            look = looks[system]
            for frame in frames:
                line = {"color": look.colour, "linestyle": look.dash, "alpha": 0.9, "linewidth": 1.4}
                axis.plot(frame.epoch, frame[column], **line)
            if column == "ndcg":
                best = frames[0].loc[frames[0].ndcg.idxmax()]
                axis.plot(best.epoch, best.ndcg, look.marker, color=look.colour)
        axis.set(xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set(ylabel="cross-entropy (nats)", title="Training loss")
    right.set(ylabel="NDCG@10", title="Validation, full ranking")
    for system in histories:
        look = looks[system]
        right.plot([], [], look.marker, color=look.colour, linestyle=look.dash, label=look.label)
    right.legend(frameon=False, loc="lower right", labelcolor="linecolor")  # the corner below the curves is empty
    return figure


def by_group(panels: dict[str, pd.DataFrame], metric: str, looks: Mapping[str, Look]) -> Figure:
    """A metric within groups of users: one panel per grouping, one line per system with 95 % intervals.

    panels: title -> frame with columns group (in order), system, value, low, high, n (of the group); a system may lack
        a group
    metric: of the values
    looks: of the systems
    """
    widths = [1.6 + 1.1 * frame.group.nunique() for frame in panels.values()]
    size = (max(sum(widths), 9), 4)
    figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False, width_ratios=widths)
    for axis, (title, frame) in zip(axes[0], panels.items(), strict=True):
        groups = list(dict.fromkeys(frame.group))
        systems = list(dict.fromkeys(frame.system))
        for i, system in enumerate(systems):
            look = looks[system]
            rows = frame[frame.system == system].set_index("group").reindex(groups)
            x = np.arange(len(groups)) + 0.08 * (i - (len(systems) - 1) / 2)
            bars = [rows.value - rows.low, rows.high - rows.value]
            line = {"color": look.colour, "marker": look.marker, "label": look.label}
            axis.errorbar(x, rows.value, yerr=bars, capsize=2.5, **line)
        sizes = frame.drop_duplicates("group").set_index("group").n
        axis.set_xticks(range(len(groups)), [f"{group}\nn = {sizes[group]}" for group in groups])
        axis.set(title=title)
    axes[0][0].set(ylabel=f"{metric} (95 % interval)", ylim=(0, None))  # last: it ends the scaling that panels share
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, loc="outside lower center", ncols=len(names))
    return figure
