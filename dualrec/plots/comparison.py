"""Figures that compare systems."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dualrec.plots.style import BLACK, GREEN, GREY, RED, Look


def dots(table: pd.DataFrame, metrics: list[str], looks: Mapping[str, Look], height: float = 0.36) -> Figure:
    """Forest plot: one row per system, one panel per metric, 95 % intervals.

    table: index = system; columns = MultiIndex (metric, value|low|high)
    """
    figure, axes = plt.subplots(1, len(metrics), figsize=(3.1 * len(metrics) + 1.6, height * len(table) + 1.2), sharey=True, squeeze=False)
    places = np.arange(len(table))[::-1]
    for axis, metric in zip(axes[0], metrics, strict=True):
        for place, (system, row) in zip(places, table[metric].iterrows(), strict=True):
            look = looks[system]
            axis.errorbar(
                row.value, place, xerr=[[row.value - row.low], [row.high - row.value]], color=look.colour, capsize=2.5,
                marker="s" if look.hollow else "o", markerfacecolor="white" if look.hollow else look.colour,
            )  # fmt: skip
        axis.set(xlabel=f"{metric} (95 % interval)", yticks=places, yticklabels=[looks[s].label for s in table.index])
        axis.set_xlim(left=min(0, axis.get_xlim()[0]))
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.set_ylim(-0.6, len(table) - 0.4)
        axis.grid(axis="y", visible=False)
    return figure


def differences(table: pd.DataFrame, metric: str) -> Figure:
    """Paired differences in a metric with 95 % intervals; grey where the verdict is that nothing can be told apart.

    table: columns comparison, delta, low, high, n, verdict
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.42 * len(table) + 1.1))
    for place, row in zip(range(len(table))[::-1], table.itertuples(), strict=True):
        shade = {"better": GREEN, "worse": RED}.get(row.verdict, GREY)
        axis.errorbar(row.delta, place, xerr=[[row.delta - row.low], [row.high - row.delta]], color=shade, marker="o", capsize=2.5)
    axis.axvline(0, color=BLACK, linewidth=1)
    axis.set_yticks(range(len(table))[::-1], [f"{c}  (n = {n})" for c, n in zip(table.comparison, table.n, strict=True)])
    axis.set_xlabel(f"Δ {metric}, paired (95 % interval)")
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.grid(axis="y", visible=False)
    return figure


def seeds(systems: dict[str, dict], metric: str, looks: Mapping[str, Look]) -> Figure:
    """One row per system: the seeds as dots, their mean with its 95 % interval over users as a bar.

    systems: system -> {"metrics": metric -> interval, "per_seed": metric -> one mean per seed}
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.42 * len(systems) + 1.2))
    for place, (system, entry) in zip(range(len(systems))[::-1], systems.items(), strict=True):
        mean, drawn, shade = entry["metrics"][metric], entry["per_seed"][metric], looks[system].colour
        bars = [[mean["value"] - mean["low"]], [mean["high"] - mean["value"]]]
        axis.errorbar(mean["value"], place, xerr=bars, color=shade, marker="|", markersize=12, capsize=2.5)
        axis.plot(drawn, np.full(len(drawn), place + 0.22), "o", color=shade, markersize=4, alpha=0.7)
    axis.set_yticks(range(len(systems))[::-1], [f"{looks[s].label}  ({len(e['per_seed'][metric])})" for s, e in systems.items()])
    axis.set_xlabel(f"{metric} (● one seed; bar: 95 % interval over users)")
    axis.set_xlim(left=0)
    axis.grid(axis="y", visible=False)
    return figure


def depth(table: pd.DataFrame, looks: Mapping[str, Look]) -> Figure:
    """What places two to five add: HR@1 (filled) and HR@5 (open) of each system, joined by a line.

    table: index = system; columns = MultiIndex (HR@1|HR@5, value|low|high)
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.5 * len(table) + 1.2))
    for place, system in zip(range(len(table))[::-1], table.index, strict=True):
        shade, one, five = looks[system].colour, table.loc[system, "HR@1"], table.loc[system, "HR@5"]
        axis.plot([one.value, five.value], [place, place], color=shade, linewidth=3, alpha=0.35)
        for point, row, fill in ((0.12, one, shade), (-0.12, five, "white")):
            axis.plot([row.low, row.high], [place + point, place + point], color=shade, linewidth=1)
            axis.plot(row.value, place + point, "o", color=shade, markerfacecolor=fill)
    axis.set_yticks(range(len(table))[::-1], [looks[s].label for s in table.index])
    axis.set(xlabel="hit rate (95 % interval): ● among the first place, ○ among the first five", xlim=(0, None))
    axis.grid(axis="y", visible=False)
    return figure


def trade_off(frames: dict[str, pd.DataFrame], metric: str, looks: Mapping[str, Look]) -> Figure:
    """Accuracy against diversity while MMR's trade-off runs from 1 (relevance only) to 0.

    frames: system -> columns trade_off, diversity, value, low, high of the metric
    """
    figure, axes = plt.subplots(1, len(frames), figsize=(5.2 * len(frames), 4.2), squeeze=False, sharey=True)
    for axis, (system, frame) in zip(axes[0], frames.items(), strict=True):
        shade = looks[system].colour
        axis.fill_between(frame.diversity, frame.low, frame.high, color=shade, alpha=0.15, linewidth=0)
        axis.plot(frame.diversity, frame.value, color=shade, marker="o")
        for row in frame[frame.trade_off.isin((1.0, 0.5, 0.3, 0.2, 0.1, 0.0))].itertuples():
            beside, align = {1: ((-8, -3), "right"), 0: ((8, -3), "left")}.get(row.trade_off, ((4, 4), "left"))  # off the falling curve
            here = (row.diversity, row.value)
            axis.annotate(f"λ = {row.trade_off:g}", here, xytext=beside, textcoords="offset points", fontsize=9, ha=align)
        axis.set(title=looks[system].label, xlabel="intra-list diversity (1 − cosine of titles)")
        axis.margins(x=0.2)
    axes[0][0].set(ylabel=f"{metric} (95 % interval)", ylim=(0, None))  # last: it ends the scaling that the panels share
    return figure


def waterfall(frames: dict[str, pd.DataFrame], looks: Mapping[str, Look]) -> Figure:
    """HR@1 (filled) and HR@5 (open) while a protocol is turned into another, one switch a row; one panel per system.

    frames: system -> index = step, first one on top; columns = MultiIndex (HR@1 | HR@5, value | low | high) and ("n", "value")
    """
    steps = next(iter(frames.values())).index
    size = (3.2 * len(frames) + 2.6, 0.5 * len(steps) + 1.4)
    figure, axes = plt.subplots(1, len(frames), figsize=size, sharey=True, sharex=True, squeeze=False)
    places = np.arange(len(steps))[::-1]
    for axis, (system, frame) in zip(axes[0], frames.items(), strict=True):
        shade = looks[system].colour
        for metric, shift, fill in (("HR@1", 0.12, shade), ("HR@5", -0.12, "white")):
            rows = frame[metric]
            err = [rows.value - rows.low, rows.high - rows.value]
            axis.plot(rows.value, places + shift, color=shade, linewidth=0.8, alpha=0.4)
            axis.errorbar(rows.value, places + shift, xerr=err, color=shade, fmt="o", markerfacecolor=fill, capsize=2)
        for place, n in zip(places, frame["n", "value"], strict=True):
            axis.annotate(f"n = {n:.0f}", (1, place), xycoords=("axes fraction", "data"), ha="right", va="center", color=GREY, fontsize=8)
        axis.set(title=looks[system].label, xlabel="hit rate (95 % interval)")
        axis.grid(axis="y", visible=False)
    axes[0][0].set_yticks(places, steps)
    axes[0][0].set_ylim(-0.6, len(steps) - 0.4)
    widest = max(axes[0][0].get_xlim()[1], 0.01)
    axes[0][0].set_xlim(-0.03 * widest, 1.25 * widest)  # room for whole markers at zero and for n
    return figure
