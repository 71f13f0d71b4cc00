"""The figures of the suite, drawn from what `results.json` and `scale.json` hold."""

from __future__ import annotations

from statistics import mode

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from dualrec.plots.style import BLACK, BLUE, GREEN, GREY, RED
from dualrec.systems.names import SYSTEMS


def ratios(letters: list[dict]) -> Figure:
    """One row per measurement: how often as fast as its baseline (dot), and its goal (tick); green where it is reached.

    The baseline of a share is the machine's peak, so its ratio is below one.
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.45 * len(letters) + 1.2))
    places = np.arange(len(letters))[::-1]
    for place, row in zip(places, letters, strict=True):
        shade = GREEN if row["met"] else RED
        axis.plot([1, row["ratio"]], [place, place], color=shade, linewidth=3, alpha=0.35)
        axis.plot(row["ratio"], place, "o", color=shade)
        axis.plot(row["must"], place, "|", color=BLACK, markersize=16, markeredgewidth=1.5)
        number = f"{row['ratio']:,.0f}" if row["ratio"] >= 100 else f"{row['ratio']:.2g}"
        offset = {"xytext": (0, 7), "textcoords": "offset points", "ha": "center", "fontsize": 9}
        axis.annotate(f"{number}×", (row["ratio"], place), **offset)
    axis.axvline(1, color=GREY, linewidth=1)
    axis.set_xscale("log")
    axis.set_yticks(places, [f"({row['letter']}) {row['name']}" for row in letters])
    axis.set_ylim(-0.6, len(letters) - 0.4)
    axis.set_xlabel("ours / baseline, log scale (● measured, | goal)")
    axis.grid(axis="y", visible=False)
    return figure


def growth(series: list[dict]) -> Figure:
    """Seconds against size, one panel per series, both axes logarithmic; dotted: in proportion to the size."""
    columns = 3
    lines = -(-len(series) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(3.4 * columns, 2.9 * lines), squeeze=False)
    for axis, one in zip(axes.flat, series, strict=False):
        sizes, seconds = np.array(one["points"]).T
        axis.plot(sizes, seconds, "o-", color=BLUE)
        axis.plot(sizes, seconds[0] * sizes / sizes[0], ":", color=GREY)
        axis.set(title=one["subject"], xlabel=one["against"], ylabel=one["unit"], xscale="log", yscale="log")
        axis.set_xticks(sizes, [f"{size / 1000:g}k" if size >= 1000 else f"{size:g}" for size in sizes])
        axis.xaxis.set_minor_locator(NullLocator())
        _plain_numbers(axis.yaxis)
    for axis in axes.flat[len(series) :]:
        axis.set_visible(False)
    return figure


def _plain_numbers(axis: Axis) -> None:
    """1, 2, 5, 10 … along a logarithmic axis, in place of powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def scale(rows: list[dict]) -> Figure:
    """Seconds (above) and MiB (below) of every model against users (left) and items (right), both axes logarithmic.

    Dotted: in proportion to the size.

    rows: of `scale.json`; of the data sets, those with as many items, or users, as most have
    """
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), sharex="col", sharey="row")
    measured = [row for row in rows if "failed" not in row]
    for column, (along, fixed) in enumerate((("users", "items"), ("items", "users"))):
        usual = mode(row[fixed] for row in measured)
        for line, (number, unit) in enumerate((("seconds", "s, fitting and ranking"), ("peak_mib", "MiB at the peak"))):
            axis = axes[line, column]
            for name in dict.fromkeys(row["system"] for row in measured):
                points = sorted((r[along], r[number]) for r in measured if r["system"] == name and r[fixed] == usual)
                look = SYSTEMS[name]
                sizes, values = np.array(points).T
                axis.plot(sizes, values, color=look.colour, marker=look.marker, label=look.label)
                axis.plot(sizes, values[0] * sizes / sizes[0], ":", color=look.colour, linewidth=1)
            axis.set(xscale="log", yscale="log", xlabel=f"{along}, with {usual:,} {fixed}", ylabel=unit)
            axis.set_xticks(sizes, [f"{size / 1000:g}k" for size in sizes])
            axis.xaxis.set_minor_locator(NullLocator())
            _plain_numbers(axis.yaxis)
    axes[0, 0].legend(fontsize=8)
    return figure
