"""What is drawn on a figure, as a reader would look it up; and how well its colours can be seen."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Annotation, Text

TEXT = "#262626"  # seaborn's colour of titles, ticks and labels
WHITE = "#ffffff"


def texts(figure: Figure) -> list[Text]:
    """Every text that is shown on a figure."""
    figure.canvas.draw()
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


def words(figure: Figure) -> list[str]:
    """What these texts say."""
    return [text.get_text() for text in texts(figure)]


def interval_ends(axis: Axes, dimension: int = 0) -> list[tuple[float, float]]:
    """Low and high end of every error bar, in the order in which they were drawn; none where a value is missing.

    dimension: 0 for horizontal bars, 1 for vertical ones
    """
    bars = [container for container in axis.containers if isinstance(container, ErrorbarContainer)]
    segments = [segment for bar in bars for lines in bar.lines[2] for segment in lines.get_segments()]
    return [(segment[0][dimension], segment[1][dimension]) for segment in segments if len(segment)]


def markers(axis: Axes) -> list[Line2D]:
    """Every line of an axis that is drawn with markers, without the caps of error bars."""
    return [line for line in axis.lines if line.get_marker() not in ("None", "", "|", "_") and len(line.get_xdata())]


def arrows(figure: Figure) -> list[FancyArrowPatch]:
    """Every arrow of a figure."""
    return [note.arrow_patch for note in figure.findobj(Annotation) if note.arrow_patch]


def rings(axis: Axes) -> list[tuple[float, float]]:
    """Where the rings stand that mark a choice."""
    hollow = [line for line in markers(axis) if line.get_markerfacecolor() == "none"]
    return [(float(np.asarray(line.get_xdata())[0]), float(np.asarray(line.get_ydata())[0])) for line in hollow]


def tick_labels(axis: Axes, name: str) -> list[str]:
    """The labels of the x or y axis.

    name: "x" or "y"
    """
    axis.figure.canvas.draw()
    return [label.get_text() for label in getattr(axis, f"{name}axis").get_ticklabels()]


def contrast(colour: str) -> float:
    """The contrast of a colour with white, from 1 to 21, as the Web Content Accessibility Guidelines define it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 1.05 / (float(np.dot([0.2126, 0.7152, 0.0722], linear)) + 0.05)


def text_colours(figure: Figure) -> set[str]:
    """The colours of the words on a figure; white ones stand on dark cells and are left out."""
    return {to_hex(text.get_color()) for text in texts(figure)} - {WHITE}
