"""Figures about what the title of an item is worth to a network beside the item's id."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dualrec.plots.comparison import verdict_keys
from dualrec.plots.data_sets import panel_rows
from dualrec.plots.style import BLACK, BLUE, GREY, ORANGE, UNJUDGED, VERDICTS, Look

PARTS = {
    "meaning": (BLUE, "o", "meaning: the right titles, over others'"),
    "capacity": (ORANGE, "D", "capacity: titles of others, over none"),
}


def worth(panels: Mapping[str, pd.DataFrame], metric: str, margin: float) -> Figure:
    """Differences between two arms, one panel per data set, one row per comparison, with 95 % intervals.

    Colour and marker are the verdict; the dotted line is the margin above which a gain matters.

    panels: title -> index = comparison in words; columns delta, low, high, verdict ("" for none); a
        panel may lack a comparison
    metric: of the differences
    margin: in units of the metric
    """
    looks = {name: Look(name) for frame in panels.values() for name in frame.index}
    figure, axes, places = panel_rows(panels, looks, margins=(3.0, 1.6))
    for axis, frame in zip(axes, panels.values(), strict=True):
        for name, row in zip(frame.index, frame.to_dict("records"), strict=True):
            colour, marker = VERDICTS.get(row["verdict"], UNJUDGED)
            bars = [[row["delta"] - row["low"]], [row["high"] - row["delta"]]]
            axis.errorbar(row["delta"], places[name], xerr=bars, color=colour, marker=marker, capsize=2.5)
        axis.axvline(0, color=BLACK, linewidth=1)
        axis.axvline(margin, color=GREY, linestyle=":", linewidth=1)
        axis.set_xlabel(f"Δ {metric} (95 % interval)")
        axis.xaxis.set_major_locator(MaxNLocator(3))
    said = {verdict for frame in panels.values() for verdict in frame.verdict}
    keys = verdict_keys(said, {"no gain": f"no gain above {margin:+g}"})
    if "" in said:
        colour, marker = UNJUDGED
        keys.append(Line2D([], [], color=colour, marker=marker, label="interval alone", linestyle=""))
    figure.legend(handles=keys, frameon=False, loc="outside lower center", ncols=min(len(keys), 2 * len(panels)))
    return figure


def by_events(panels: Mapping[str, pd.DataFrame], metric: str) -> Figure:
    """The two parts of what a title is worth by how often the target was met, one panel per data set.

    panels: title -> columns group (in order), n (of the group), part (one of PARTS), delta, low, high
    metric: of the differences
    """
    size = (4.0 * len(panels) + 0.8, 4.4)
    figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
    for axis, (title, frame) in zip(axes[0], panels.items(), strict=True):
        groups = list(dict.fromkeys(frame.group))
        for shift, (part, (colour, marker, words)) in zip((-0.08, 0.08), PARTS.items(), strict=True):
            rows = frame[frame.part == part].set_index("group").reindex(groups)
            bars = [rows.delta - rows.low, rows.high - rows.delta]
            line = {"color": colour, "marker": marker, "label": words}
            axis.errorbar(np.arange(len(groups)) + shift, rows.delta, yerr=bars, capsize=2.5, **line)
        sizes = frame.drop_duplicates("group").set_index("group").n
        axis.set_xticks(range(len(groups)), [f"{group}\nn = {sizes[group]:,}" for group in groups], fontsize=9)
        axis.axhline(0, color=BLACK, linewidth=1)
        axis.set(title=title, xlabel="training events of the target")
    axes[0][0].set_ylabel(f"Δ {metric} (95 % interval)")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, loc="outside lower center", ncols=min(len(panels), len(names)))
    return figure
