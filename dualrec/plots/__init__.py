"""One function per figure and one visual style. Figures show numbers; they compute none."""

from dualrec.plots.comparison import depth, differences, dots, seeds, trade_off, waterfall
from dualrec.plots.data_sets import beside, data_sets
from dualrec.plots.diagrams import architecture, road
from dualrec.plots.roles import bias, fusion, more_examples, reordered, training_sizes
from dualrec.plots.sequences import by_group, learning_curves, long_tail, ties
from dualrec.plots.style import Look, save, use_style
from dualrec.plots.titles import by_events, worth
from dualrec.plots.writing import fates, lora_loss, rank_flow

__all__ = [
    "Look",
    "architecture",
    "beside",
    "bias",
    "by_events",
    "by_group",
    "data_sets",
    "depth",
    "differences",
    "dots",
    "fates",
    "fusion",
    "learning_curves",
    "long_tail",
    "lora_loss",
    "more_examples",
    "rank_flow",
    "reordered",
    "road",
    "save",
    "seeds",
    "ties",
    "trade_off",
    "training_sizes",
    "use_style",
    "waterfall",
    "worth",
]
