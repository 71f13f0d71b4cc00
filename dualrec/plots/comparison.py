"""Figures that compare systems by their accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dualrec.plots.style import BLACK, GREY, VERDICTS, Look


def dots(table: pd.DataFrame, metrics: Sequence[str], looks: Mapping[str, Look], height: float = 0.36) -> Figure:
    """Accuracy of systems: a forest plot with one row per system, one panel per metric and 95 % intervals.

    table: index = system; columns = MultiIndex (metric, value | low | high)
    metrics: panels, left to right
    looks: of the systems
    height: inches per row
    """
    size = (3.1 * len(metrics) + 1.6, height * len(table) + 1.2)
    figure, axes = plt.subplots(1, len(metrics), figsize=size, sharey=True, squeeze=False)
    places = np.arange(len(table))[::-1]
    for axis, metric in zip(axes[0], metrics, strict=True):
        for place, system in zip(places, table.index, strict=True):
            interval = table.loc[system, metric]
            look = looks[system]
            axis.errorbar(
                interval.value,
                place,
                xerr=[[interval.value - interval.low], [interval.high - interval.value]],
                color=look.colour,
                capsize=2.5,
                marker="s" if look.hollow else "o",
                markerfacecolor="white" if look.hollow else look.colour,
            )
        labels = [looks[system].label for system in table.index]
        axis.set(xlabel=f"{metric} (95 % interval)", yticks=places, yticklabels=labels)
        axis.set_xlim(left=min(0, axis.get_xlim()[0]))
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.set_ylim(-0.6, len(table) - 0.4)
        axis.grid(axis="y", visible=False)
    return figure


def differences(table: pd.DataFrame, metric: str) -> Figure:
    """Paired differences in a metric with 95 % intervals; colour and marker are the verdict.

    table: columns comparison, delta, low, high, n, verdict
    metric: of the differences
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.42 * len(table) + 1.5))
    places = range(len(table))[::-1]
    for place, row in zip(places, table.to_dict("records"), strict=True):
        colour, marker = VERDICTS[row["verdict"]]
        bars = [[row["delta"] - row["low"]], [row["high"] - row["delta"]]]
        axis.errorbar(row["delta"], place, xerr=bars, color=colour, marker=marker, capsize=2.5)
    axis.axvline(0, color=BLACK, linewidth=1)
    axis.set_yticks(places, [f"{name}  (n = {n})" for name, n in zip(table.comparison, table.n, strict=True)])
    axis.set_xlabel(f"Δ {metric}, paired (95 % interval)")
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.grid(axis="y", visible=False)
    keys = verdict_keys(table.verdict, {"no gain": "no gain above the margin"})
    figure.legend(handles=keys, frameon=False, loc="outside lower center", ncols=len(keys))
    return figure


def verdict_keys(verdicts: Iterable[str], words: Mapping[str, str] | None = None) -> list[Line2D]:
    """The legend of those verdicts that occur.

    words: verdict -> what the legend says, where that is not the verdict
    """
    there = set(verdicts)
    return [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=(words or {}).get(verdict, verdict))
        for verdict, (colour, marker) in VERDICTS.items()
        if verdict in there
    ]


def seeds(systems: dict[str, dict], metric: str, looks: Mapping[str, Look]) -> Figure:
    """What the seed changes: a dot per seed, and the mean over seeds with its 95 % interval over users as a bar.

    systems: system -> {"metrics": metric -> interval, "per_seed": metric -> one mean per seed}; one row each
    metric: on the axis
    looks: of the systems
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.42 * len(systems) + 1.2))
    places = range(len(systems))[::-1]
    for place, (system, entry) in zip(places, systems.items(), strict=True):
        mean = entry["metrics"][metric]
        seed_means = entry["per_seed"][metric]
        colour = looks[system].colour
        bars = [[mean["value"] - mean["low"]], [mean["high"] - mean["value"]]]
        axis.errorbar(mean["value"], place, xerr=bars, color=colour, marker="|", markersize=12, capsize=2.5)
        axis.plot(seed_means, np.full(len(seed_means), place + 0.22), "o", color=colour, markersize=4, alpha=0.7)
    labels = [f"{looks[system].label}  ({len(entry['per_seed'][metric])})" for system, entry in systems.items()]
    axis.set_yticks(places, labels)
    axis.set_xlabel(f"{metric} (● one seed; bar: 95 % interval over users)")
    axis.set_xlim(left=0)
    axis.grid(axis="y", visible=False)
    return figure


def depth(table: pd.DataFrame, looks: Mapping[str, Look]) -> Figure:
    """What places two to five add: HR@1 (filled) and HR@5 (open) of each system, joined by a line.

    table: index = system; columns = MultiIndex (HR@1 | HR@5, value | low | high)
    looks: of the systems
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.5 * len(table) + 1.2))
    places = range(len(table))[::-1]
    for place, system in zip(places, table.index, strict=True):
        colour = looks[system].colour
        first = table.loc[system, "HR@1"]
        first_five = table.loc[system, "HR@5"]
        axis.plot([first.value, first_five.value], [place, place], color=colour, linewidth=3, alpha=0.35)
        for shift, interval, fill in ((0.12, first, colour), (-0.12, first_five, "white")):
            axis.plot([interval.low, interval.high], [place + shift, place + shift], color=colour, linewidth=1)
            axis.plot(interval.value, place + shift, "o", color=colour, markerfacecolor=fill)
    axis.set_yticks(places, [looks[system].label for system in table.index])
    axis.set(xlabel="hit rate (95 % interval): ● among the first place, ○ among the first five", xlim=(0, None))
    axis.grid(axis="y", visible=False)
    return figure


def trade_off(frames: dict[str, pd.DataFrame], metric: str, looks: Mapping[str, Look]) -> Figure:
    """Accuracy against diversity while MMR's trade-off runs from 1 (relevance only) to 0; one panel per system.

    frames: system -> columns trade_off, diversity, value, low, high of the metric
    metric: of the accuracy
    looks: of the systems
    """
    figure, axes = plt.subplots(1, len(frames), figsize=(5.2 * len(frames), 4.2), squeeze=False, sharey=True)
    # Where the label of a point stands, in points: off the falling curve.
    labels = {1: ((-8, -3), "right"), 0: ((8, -3), "left")}
    for axis, (system, frame) in zip(axes[0], frames.items(), strict=True):
        colour = looks[system].colour
        axis.fill_between(frame.diversity, frame.low, frame.high, color=colour, alpha=0.15, linewidth=0)
        axis.plot(frame.diversity, frame.value, color=colour, marker="o")
        for row in frame.loc[frame.trade_off.isin((1.0, 0.5, 0.3, 0.2, 0.1, 0.0))].to_dict("records"):
            offset, align = labels.get(row["trade_off"], ((4, 4), "left"))
            axis.annotate(
                f"λ = {row['trade_off']:g}",
                (row["diversity"], row["value"]),
                xytext=offset,
                textcoords="offset points",
                fontsize=9,
                ha=align,
            )
        axis.set(title=looks[system].label, xlabel="intra-list diversity (1 − cosine of titles)")
        axis.margins(x=0.2)
    axes[0][0].set(ylabel=f"{metric} (95 % interval)", ylim=(0, None))  # last: it ends the scaling that panels share
    return figure


def waterfall(frames: dict[str, pd.DataFrame], looks: Mapping[str, Look]) -> Figure:
    """HR@1 (filled) and HR@5 (open) while one protocol turns into another, a switch per row; one panel per system.

    frames: system -> index = step, first one on top; columns = MultiIndex (HR@1 | HR@5, value | low | high) and
        ("n", "value")
    looks: of the systems
    """
    steps = next(iter(frames.values())).index
    size = (3.2 * len(frames) + 2.6, 0.5 * len(steps) + 1.4)
    figure, axes = plt.subplots(1, len(frames), figsize=size, sharey=True, sharex=True, squeeze=False)
    places = np.arange(len(steps))[::-1]
    for axis, (system, frame) in zip(axes[0], frames.items(), strict=True):
        colour = looks[system].colour
        for metric, shift, fill in (("HR@1", 0.12, colour), ("HR@5", -0.12, "white")):
            rows = frame[metric]
            bars = [rows.value - rows.low, rows.high - rows.value]
            axis.plot(rows.value, places + shift, color=colour, linewidth=0.8, alpha=0.4)
            axis.errorbar(rows.value, places + shift, xerr=bars, color=colour, fmt="o", markerfacecolor=fill, capsize=2)
        for place, n in zip(places, frame["n", "value"], strict=True):
            axis.annotate(
                f"n = {n:.0f}",
                (1, place),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="center",
                color=GREY,
                fontsize=8,
            )
        axis.set(title=looks[system].label, xlabel="hit rate (95 % interval)")
        axis.grid(axis="y", visible=False)
    axes[0][0].set_yticks(places, steps)
    axes[0][0].set_ylim(-0.6, len(steps) - 0.4)
    widest = max(axes[0][0].get_xlim()[1], 0.01)
    axes[0][0].set_xlim(-0.03 * widest, 1.25 * widest)  # room for whole markers at zero and for n
    return figure
