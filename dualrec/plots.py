"""One function per figure and one visual style. Figures read numbers; they compute none.

Colours are Okabe & Ito's (safe for colour-blind readers); a system keeps its colour in every figure.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from dualrec.artifacts import atomic_path

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
)  # fmt: skip
GREY = "#8C8C8C"
COLOURS = {
    "popularity": GREY,
    "markov": ORANGE,
    "paper_lstm": SKY,
    "lstm": BLUE,
    "llm": YELLOW,
    "llm_hint": RED,
    "llm_lora": GREEN,
}
FATES = {"listed": GREEN, "seen": SKY, "duplicate": ORANGE, "invalid": GREY}


def use_style() -> None:
    """Set the study's style; call it once per notebook."""
    sns.set_theme(style="whitegrid", context="notebook")
    matplotlib.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "svg.hashsalt": "dualrec",  # the same figure gives the same file
            "svg.fonttype": "none",
        }
    )


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `<name>.svg` and `<name>.png`, without dates so that equal figures are equal files."""
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        with atomic_path(Path(folder) / f"{name}.{kind}") as path:
            figure.savefig(path, metadata=metadata, dpi=160)


def colour(system: str) -> str:
    """The colour a system has in every figure; a re-ranked system shares its source's."""
    return COLOURS[system.removesuffix("_sbert")]


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


def learning_curves(histories: dict[str, list[pd.DataFrame]], labels: dict[str, str]) -> Figure:
    """Training loss and validation NDCG@10 per epoch; one line per seed.

    histories: system -> one frame per seed with columns epoch, loss, ndcg
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8))
    for axis, column, title, ylabel in zip(
        axes, ("loss", "ndcg"), ("Training loss", "Validation, full ranking"), ("cross-entropy (nats)", "NDCG@10"), strict=True
    ):
        for system, frames in histories.items():
            for frame in frames:
                axis.plot(frame.epoch, frame[column], color=colour(system), alpha=0.9, linewidth=1.4)
            last = frames[0].iloc[-1]
            best = frames[0].loc[frames[0].ndcg.idxmax()]
            if column == "ndcg":
                axis.plot(best.epoch, best.ndcg, "o", color=colour(system))
            axis.annotate(f" {labels[system]}", (last.epoch, last[column]), color=colour(system), va="center", annotation_clip=False)
        axis.set(xlabel="epoch", ylabel=ylabel, title=title)
    return figure


def dots(table: pd.DataFrame, metrics: list[str], labels: dict[str, str], height: float = 0.36) -> Figure:
    """Forest plot: one row per system, one panel per metric, 95 % intervals.

    table: index = system; columns = MultiIndex (metric, value|low|high)
    """
    figure, axes = plt.subplots(1, len(metrics), figsize=(3.1 * len(metrics) + 1.6, height * len(table) + 1.2), sharey=True, squeeze=False)
    places = np.arange(len(table))[::-1]
    for axis, metric in zip(axes[0], metrics, strict=True):
        for place, (system, row) in zip(places, table[metric].iterrows(), strict=True):
            filled = system.endswith("_sbert")
            axis.errorbar(
                row.value, place, xerr=[[row.value - row.low], [row.high - row.value]], color=_dark(colour(system)), capsize=2.5,
                marker="s" if filled else "o", markerfacecolor="white" if filled else _dark(colour(system)),
            )  # fmt: skip
        axis.set(xlabel=f"{metric} (95 % interval)", yticks=places, yticklabels=[labels[s] for s in table.index])
        axis.set_xlim(left=min(0, axis.get_xlim()[0]))
        axis.grid(axis="y", visible=False)
    return figure


def hit_rate_by_group(panels: dict[str, pd.DataFrame], metric: str, labels: dict[str, str]) -> Figure:
    """Where systems are right: one panel per grouping, one line per system with intervals.

    panels: title -> frame with columns group (ordered), system, value, low, high, n
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 3.8), sharey=True, squeeze=False)
    for axis, (title, frame) in zip(axes[0], panels.items(), strict=True):
        groups = list(dict.fromkeys(frame.group))
        systems = list(dict.fromkeys(frame.system))
        for i, system in enumerate(systems):
            rows = frame[frame.system == system].set_index("group").loc[groups]
            x = np.arange(len(groups)) + 0.08 * (i - (len(systems) - 1) / 2)
            err = [rows.value - rows.low, rows.high - rows.value]
            axis.errorbar(x, rows.value, yerr=err, color=_dark(colour(system)), marker="o", capsize=2.5, label=labels[system])
        sizes = frame.drop_duplicates("group").set_index("group").n
        axis.set_xticks(range(len(groups)), [f"{g}\nn = {sizes[g]}" for g in groups])
        axis.set(title=title, ylim=(0, None))
    axes[0][0].set_ylabel(f"{metric} (95 % interval)")
    axes[0][-1].legend(frameon=False, loc="upper left")
    return figure


def fates(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """What became of the written titles: stacked shares.

    table: index = system; columns listed, seen, duplicate, invalid: mean number of titles per user
    """
    figure, axis = plt.subplots(figsize=(9, 0.7 * len(table) + 1.4))
    left = np.zeros(len(table))
    names = [labels[s] for s in table.index]
    words = {"listed": "new, in the catalogue", "seen": "already watched", "duplicate": "written twice", "invalid": "in no catalogue"}
    for fate, shade in FATES.items():
        bars = axis.barh(names, table[fate], left=left, color=shade, edgecolor="white", label=words[fate])
        axis.bar_label(bars, [f"{v:.1f}" if v >= 0.35 else "" for v in table[fate]], label_type="center")
        left += table[fate].to_numpy()
    axis.set(xlabel="titles per user (mean)")
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.legend(ncols=4, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def lora_loss(history: pd.DataFrame) -> Figure:
    """Loss per answer token before and after every epoch.

    history: columns epoch, train_loss, validation_loss
    """
    figure, axis = plt.subplots(figsize=(6.5, 3.8))
    axis.plot(history.epoch, history.validation_loss, color=GREEN, marker="o")
    axis.plot(history.epoch, history.train_loss, color=GREY, marker="o")
    for column, shade, text in (("validation_loss", GREEN, "held-out users"), ("train_loss", GREY, "training users")):
        last = history.iloc[-1]
        axis.annotate(f"  {text}", (last.epoch, last[column]), color=shade, va="center", annotation_clip=False)
    best = history[1:].loc[history.validation_loss[1:].idxmin()]
    axis.plot(best.epoch, best.validation_loss, "o", markersize=12, markerfacecolor="none", color=GREEN)
    axis.set(xlabel="epoch (0 = untuned; ring = kept)", ylabel="loss per answer token (nats)", xticks=history.epoch)
    return figure


def rank_flow(before: np.ndarray, after: np.ndarray, titles: tuple[str, str], k: int) -> Figure:
    """How re-ranking moves the target: a matrix of its rank before and after, only over cases where it is in the list.

    before, after: 1-based ranks per case, 0 where the target is not in the list
    """
    listed = (before > 0) & (after > 0)
    matrix = np.zeros((k, k), int)
    np.add.at(matrix, (before[listed] - 1, after[listed] - 1), 1)
    figure, axis = plt.subplots(figsize=(5.4, 4.6))
    sns.heatmap(
        matrix, annot=np.where(matrix > 0, matrix.astype(str), ""), fmt="", cmap="Blues", cbar=False, square=True, linewidths=0.5, ax=axis,
        xticklabels=range(1, k + 1), yticklabels=range(1, k + 1),
    )  # fmt: skip
    axis.plot([0, k], [0, k], color=GREY, linestyle=":")
    axis.set(xlabel=f"rank of the target {titles[1]}", ylabel=f"rank of the target {titles[0]}")
    axis.tick_params(axis="y", rotation=0)
    return figure


def differences(table: pd.DataFrame) -> Figure:
    """Paired differences with 95 % intervals; filled where the interval excludes zero.

    table: columns comparison, delta, low, high, n
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.42 * len(table) + 1.1))
    for place, row in zip(range(len(table))[::-1], table.itertuples(), strict=True):
        shade = GREY if row.low <= 0 <= row.high else (GREEN if row.delta > 0 else RED)
        axis.errorbar(row.delta, place, xerr=[[row.delta - row.low], [row.high - row.delta]], color=shade, marker="o", capsize=2.5)
    axis.axvline(0, color=BLACK, linewidth=1)
    axis.set_yticks(range(len(table))[::-1], [f"{c}  (n = {n})" for c, n in zip(table.comparison, table.n, strict=True)])
    axis.grid(axis="y", visible=False)
    return figure


def depth(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """What places two to five add: HR@1 (filled) and HR@5 (open) of each system, joined by a line.

    table: index = system; columns = MultiIndex (HR@1|HR@5, value|low|high)
    """
    figure, axis = plt.subplots(figsize=(8.5, 0.5 * len(table) + 1.2))
    for place, system in zip(range(len(table))[::-1], table.index, strict=True):
        shade, one, five = _dark(colour(system)), table.loc[system, "HR@1"], table.loc[system, "HR@5"]
        axis.plot([one.value, five.value], [place, place], color=shade, linewidth=3, alpha=0.35)
        for point, row, fill in ((0.12, one, shade), (-0.12, five, "white")):
            axis.plot([row.low, row.high], [place + point, place + point], color=shade, linewidth=1)
            axis.plot(row.value, place + point, "o", color=shade, markerfacecolor=fill)
    axis.set_yticks(range(len(table))[::-1], [labels[s] for s in table.index])
    axis.set(xlabel="hit rate (95 % interval): ● among the first place, ○ among the first five", xlim=(0, None))
    axis.grid(axis="y", visible=False)
    return figure


def trade_off(frames: dict[str, pd.DataFrame], metrics: dict[str, str], labels: dict[str, str]) -> Figure:
    """Accuracy against diversity while MMR's trade-off runs from 1 (relevance only) to 0.

    frames: system -> columns trade_off, diversity, value, low, high; metrics: system -> what value is
    """
    figure, axes = plt.subplots(1, len(frames), figsize=(5.2 * len(frames), 4.2), squeeze=False)
    for axis, (system, frame) in zip(axes[0], frames.items(), strict=True):
        shade = _dark(colour(system))
        axis.fill_between(frame.diversity, frame.low, frame.high, color=shade, alpha=0.15, linewidth=0)
        axis.plot(frame.diversity, frame.value, color=shade, marker="o")
        for row in frame[frame.trade_off.isin((1.0, 0.8, 0.6, 0.4, 0.0))].itertuples():
            axis.annotate(
                f"λ={row.trade_off:g}", (row.diversity, row.value), xytext=(0, 7), textcoords="offset points", fontsize=8, ha="center"
            )
        axis.set(title=labels[system], ylim=(0, None), ylabel=f"{metrics[system]} (95 % interval)")
        axis.set_xlabel("intra-list diversity (1 − cosine of titles)")
    return figure


def _dark(shade: str) -> str:
    """Yellow is too light for thin lines; everything else stays."""
    return "#B8A200" if shade == YELLOW else shade
