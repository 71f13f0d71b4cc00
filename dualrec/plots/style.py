"""The one visual style of all figures, and the look of a system: it keeps its colour and marker in every figure.

Colours follow Okabe & Ito's, which are safe for colour-blind readers; most are darker, to be seen on
white.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import seaborn as sns
from matplotlib import font_manager
from matplotlib.figure import Figure

from dualrec.core.artifacts import atomic_path

BLACK = "#000000"
ORANGE = "#C78500"
SKY = "#3478A8"
GREEN = "#007F5C"
BLUE = "#00508C"
RED = "#BF5200"
PINK = "#CC79A7"
YELLOW = "#9C8A00"
GREY = "#737373"
CHARCOAL = "#4D4D4D"
BROWN = "#8B5A00"
VIOLET = "#6A3D9A"
WINE = "#882255"
TEAL = "#00798C"
INDIGO = "#4B5BC4"
OLIVE = "#5F7A1F"
FATES = {"listed": GREEN, "seen": SKY, "duplicate": ORANGE, "invalid": GREY}
# Colour and marker of what a comparison says, see `evaluation.families.verdict_of`; an interval that nothing judges.
VERDICTS = {"better": (GREEN, "o"), "worse": (RED, "v"), "no gain": (SKY, "s"), "cannot tell": (GREY, "D")}
UNJUDGED = (BLACK, ".")
# These tell the fates apart in grey print, too.
HATCHES = {"listed": "", "seen": "//", "duplicate": "..", "invalid": "xx"}
# For letters that matplotlib's own font lacks, those of these that a machine has: titles may be in any script.
OTHER_SCRIPTS = ("Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans", "WenQuanYi Zen Hei", "Hiragino Sans")
OTHER_SCRIPTS += ("PingFang SC", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic", "Noto Sans Devanagari", "Nirmala UI")


@dataclass(frozen=True)
class Look:
    """How a system appears in every figure.

    label: its name in tables and figures
    colour: of its lines and points
    marker: tells it from others in grey print, too
    dash: of its learning curves
    hollow: white inside, as lists are that were put in another order or mixed
    """

    label: str
    colour: str = BLACK
    marker: str = "o"
    dash: str = "-"
    hollow: bool = False


def use_style() -> None:
    """Set the study's style; call it once per notebook."""
    sns.set_theme(style="whitegrid", context="notebook")
    there = {font.name for font in font_manager.fontManager.ttflist}
    matplotlib.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "font.sans-serif": [
                *matplotlib.rcParams["font.sans-serif"],
                *[name for name in OTHER_SCRIPTS if name in there],
            ],
            "svg.hashsalt": "dualrec",  # the same figure gives the same file
            "svg.fonttype": "none",
        }
    )


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `<name>.svg` and `<name>.png` into a folder, without dates so that equal figures are equal files."""
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        with atomic_path(Path(folder) / f"{name}.{kind}") as path:
            figure.savefig(path, metadata=metadata, dpi=160)
