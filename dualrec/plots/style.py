"""The one visual style. Colours are Okabe & Ito's (safe for colour-blind readers); a system keeps its colour in every figure."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import seaborn as sns
from matplotlib.figure import Figure

from dualrec.core.artifacts import atomic_path

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
)  # fmt: skip
GREY, BROWN, VIOLET = "#8C8C8C", "#8B5A00", "#6A3D9A"  # BROWN: a darker orange, for the other Markov chain
WINE, TEAL = "#882255", "#2A8C82"
COLOURS = {
    "popularity": GREY,
    "recent_popularity": "#4D4D4D",
    "item_knn": PINK,
    "markov": ORANGE,
    "windowed_markov": BROWN,
    "sasrec": VIOLET,
    "paper_lstm": SKY,
    "lstm": BLUE,
    "llm": YELLOW,
    "llm_hint": RED,
    "llm_lora": GREEN,
    "rescored": WINE,
    "reader": TEAL,
    "random": BLACK,
}
SOURCES = {"fused": "rescored", "reader_fused": "reader"}
FATES = {"listed": GREEN, "seen": SKY, "duplicate": ORANGE, "invalid": GREY}
# What tells systems and fates apart in grey print, too.
MARKERS = dict(zip(COLOURS, "vX^D<s>oPpH*d8", strict=True))
DASHES = {"paper_lstm": "--", "sasrec": ":"}  # of the networks; the others' lines are whole
HATCHES = {"listed": "", "seen": "//", "duplicate": "..", "invalid": "xx"}


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
    """The colour a system has in every figure; variants of a system share its source's."""
    return COLOURS[_source(system)]


def marker(system: str) -> str:
    """The marker a system has where its colour alone would tell it from others; variants share it, too."""
    return MARKERS[_source(system)]


def dark(shade: str) -> str:
    """Yellow is too light for thin lines; everything else stays."""
    return "#B8A200" if shade == YELLOW else shade


def _source(system: str) -> str:
    """The system that a variant is one of."""
    return SOURCES.get(system, system.removesuffix("_sbert").removesuffix("_trie"))
