"""The same systems on several data sets, beside what others published there."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dualrec.plots.comparison import verdict_keys
from dualrec.plots.style import BLACK, GREY, RED, VERDICTS, Look


def data_sets(
    panels: Mapping[str, pd.DataFrame], published: Mapping[str, pd.DataFrame], metric: str, looks: Mapping[str, Look]
) -> Figure:
    """One panel per data set, one row per system: its mean with the 95 % interval, the best of the panel shaded.

    Open diamonds are published numbers of the same kind of model; a dashed line is the best published one.

    panels: title -> index = system; columns value, low, high; a panel may lack a system
    published: title -> columns model, value, beside (the system in whose row a diamond stands, "" for none), the best
        first; a data set may lack it, and a frame may be empty
    metric: of the values
    looks: of the systems
    """
    figure, axes, places = panel_rows(panels, looks, margins=(1.8, 1.9))
    for axis, (title, frame) in zip(axes, panels.items(), strict=True):
        axis.axhspan(places[frame.value.idxmax()] - 0.4, places[frame.value.idxmax()] + 0.4, color=GREY, alpha=0.18)
        for name in frame.index:
            row = frame.loc[name]
            bars = [[row.value - row.low], [row.high - row.value]]
            axis.errorbar(row.value, places[name], xerr=bars, color=looks[name].colour, marker="o", capsize=2.5)
        quoted = published.get(title, pd.DataFrame())
        if len(quoted):
            axis.axvline(quoted.value.iloc[0], color=RED, linestyle="--", linewidth=1)
            name = f"{quoted.model.iloc[0]} "
            axis.annotate(
                name,
                (quoted.value.iloc[0], 1.0),
                xycoords=("data", "axes fraction"),
                ha="right",
                va="top",
                color=RED,
                fontsize=8,
            )
            beside = quoted[quoted.beside.isin(list(places))]
            points = [places[name] for name in beside.beside]
            axis.plot(beside.value, points, "D", color=BLACK, markerfacecolor="none", markersize=8, zorder=3)
        axis.set_xlabel(f"{metric} (95 % interval)")
        axis.set_xlim(left=0)
        axis.xaxis.set_major_locator(MaxNLocator(4))
    axes[0].set_ylim(-0.6, len(places) + 0.1)  # room for the name of the dashed line above the highest row
    if any(len(frame) for frame in published.values()):
        figure.legend(handles=_keys(), frameon=False, loc="outside lower center", ncols=3)
    return figure


def beside(panels: Mapping[str, pd.DataFrame], metric: str, backbone: str, looks: Mapping[str, Look]) -> Figure:
    """What each system has more or less than one that stands alone, one panel per data set, one row per system.

    Colour and marker are the verdict; bars are 95 % intervals.

    panels: title -> index = system; columns delta, low, high, verdict; a panel may lack a system
    metric: of the differences
    backbone: what the one that stands alone is called
    looks: of the systems
    """
    figure, axes, places = panel_rows(panels, looks, margins=(3.0, 1.6))
    for axis, frame in zip(axes, panels.values(), strict=True):
        for name, row in zip(frame.index, frame.to_dict("records"), strict=True):
            bars = [[row["delta"] - row["low"]], [row["high"] - row["delta"]]]
            colour, marker = VERDICTS[row["verdict"]]
            axis.errorbar(row["delta"], places[name], xerr=bars, color=colour, marker=marker, capsize=2.5)
        axis.axvline(0, color=BLACK, linewidth=1)
        axis.set_xlabel(f"Δ {metric} (95 % interval)")
        axis.xaxis.set_major_locator(MaxNLocator(3))
    words = {"better": f"better than {backbone}", "no gain": "no gain above the margin"}
    keys = verdict_keys((verdict for frame in panels.values() for verdict in frame.verdict), words)
    figure.legend(handles=keys, frameon=False, loc="outside lower center", ncols=len(keys))
    return figure


def panel_rows(
    panels: Mapping[str, pd.DataFrame], looks: Mapping[str, Look], margins: tuple[float, float]
) -> tuple[Figure, list[Axes], dict[str, int]]:
    """A panel per data set with a row per system: the figure, its axes, and each system's height, the first on top.

    panels: title -> index = system
    looks: of the systems
    margins: inches of width and height beside the panels
    """
    systems = list(dict.fromkeys(name for frame in panels.values() for name in frame.index))
    places = dict(zip(systems, range(len(systems))[::-1], strict=True))
    size = (2.9 * len(panels) + margins[0], 0.36 * len(systems) + margins[1])
    figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
    for axis, title in zip(axes[0], panels, strict=True):
        axis.set_title(title)
        axis.grid(axis="y", visible=False)
    axes[0][0].set_yticks(list(places.values()), [looks[name].label for name in systems])
    return figure, list(axes[0]), places


def _keys() -> list[Line2D]:
    return [
        Line2D([], [], color=GREY, marker="o", label="this study, shaded: the best"),
        Line2D([], [], color=BLACK, marker="D", markerfacecolor="none", linestyle="", label="published, same kind"),
        Line2D([], [], color=RED, linestyle="--", label="best published"),
    ]
