"""Two drawings without data: the parts of the system, and the road from ratings to a number."""

from __future__ import annotations

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from dualrec.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, TEAL

HALF = (0.92, 0.34)  # half a box's width and height


def architecture(item: str, items: str) -> Figure:
    """DUALRec as published, left to right, and below it the other roles that the study gives the language model.

    item: what one of the catalogue is called
    items: what several are called
    """
    figure, axis = _canvas(9.6, 4.2)
    history = _box(axis, 1, 3.4, "history", f"{items}, oldest first", GREY)
    lstm = _box(axis, 3.7, 4.2, "LSTM", f"scores every {item}", BLUE)
    prompt = _box(axis, 3.7, 2.6, "prompt", "titles + hint", GREY)
    llm = _box(axis, 6.4, 2.6, "language model", "LoRA-tuned", GREEN)
    ground = _box(axis, 9.3, 2.6, "grounding", f"text → {items}", GREY)
    sbert = _box(axis, 9.3, 4.2, "Sentence-BERT", "re-ranks by the hint", PINK)
    roles = [
        _box(axis, 3.7, 0.8, "catalogue writer", "beams in a title trie", TEAL),
        _box(axis, 6.4, 0.8, "second opinion", "on the LSTM's best", TEAL),
        _box(axis, 9.3, 0.8, "reader", "a head on its state", TEAL),
    ]
    _arrow(axis, history, lstm)
    _arrow(axis, history, prompt)
    _arrow(axis, lstm, prompt, "hint")
    _arrow(axis, prompt, llm)
    _arrow(axis, llm, ground, "writes")
    _arrow(axis, ground, sbert, "list")
    _arrow(axis, lstm, sbert, "hint")
    for role in roles:
        _arrow(axis, llm, role, dashed=True)
    axis.text(0.1, 0.8, "the study adds\nthese roles", color=TEAL, va="center", fontsize=9)
    return figure


def road() -> Figure:
    """The road of one rating through the study: split, models, ledger, metrics, results."""
    figure, axis = _canvas(12.4, 2.4)
    ratings = _box(axis, 1, 1.5, "ratings", "checked by SHA-256", GREY)
    split = _box(axis, 3.6, 1.5, "split", "last one: test", ORANGE)
    models = _box(axis, 7.2, 2.4, "models", "learn from training", BLUE)
    cases = _box(axis, 7.2, 0.6, "cases", "history; target hidden", ORANGE)
    ledger = _box(axis, 10.4, 1.5, "ledgers", "who was told what", GREEN)
    results = _box(axis, 13.4, 1.5, "results.json", "with intervals", GREY)
    _arrow(axis, ratings, split)
    _arrow(axis, split, models, "training")
    _arrow(axis, split, cases, "test")
    _arrow(axis, models, ledger, "lists")
    _arrow(axis, cases, ledger, "targets")
    _arrow(axis, ledger, results, "metrics")
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure without axes; width and height in inches."""
    figure, axis = plt.subplots(figsize=(width, height))
    axis.set_aspect("equal")
    axis.axis("off")
    return figure, axis


def _box(axis: Axes, x: float, y: float, name: str, role: str, colour: str) -> tuple[float, float]:
    """Draw a rounded box around (x, y), and return (x, y). Its words name the part; the colour only helps."""
    half_width, half_height = HALF
    corner = (x - half_width, y - half_height)
    style = {"boxstyle": "round,pad=0.04", "facecolor": "white", "edgecolor": colour, "linewidth": 2}
    axis.add_patch(FancyBboxPatch(corner, 2 * half_width, 2 * half_height, **style))
    axis.text(x, y + 0.1, name, ha="center", va="center", fontsize=11, weight="bold")
    axis.text(x, y - 0.18, role, ha="center", va="center", fontsize=8.5)
    axis.update_datalim([corner, (x + half_width, y + half_height)])
    axis.autoscale_view()
    return x, y


def _arrow(
    axis: Axes, begin: tuple[float, float], end: tuple[float, float], label: str = "", dashed: bool = False
) -> None:
    """Draw a straight arrow from the edge of one box to the edge of another.

    begin: the centre of the first box
    end: the centre of the second box
    """
    (x0, y0), (x1, y1) = begin, end
    half_width, half_height = HALF[0] + 0.06, HALF[1] + 0.06
    dx, dy = x1 - x0, y1 - y0
    # The share of the line between the centres that lies inside a box.
    share = min(half_width / abs(dx) if dx else 9, half_height / abs(dy) if dy else 9)
    tail = (x0 + share * dx, y0 + share * dy)
    tip = (x1 - share * dx, y1 - share * dy)
    style = {"arrowstyle": "-|>", "color": TEAL if dashed else BLACK, "linestyle": "dashed" if dashed else "solid"}
    style |= {"shrinkA": 0, "shrinkB": 0}
    axis.annotate("", tip, tail, arrowprops=style)
    if label:
        middle = ((tail[0] + tip[0]) / 2, (tail[1] + tip[1]) / 2)
        background = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axis.text(*middle, label, fontsize=8.5, ha="center", va="center", bbox=background)
