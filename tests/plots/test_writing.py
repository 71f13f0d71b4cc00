"""Figures about written titles: shares that add up, the epoch that is kept, and where the target moves."""

import numpy as np
import pandas as pd
import pytest

from dualrec import plots
from dualrec.plots.style import FATES, HATCHES
from dualrec.systems.names import LABELS, SYSTEMS
from tests.plots.drawn import rings, tick_labels, words


def test_fates_add_up_and_say_their_interval_where_there_is_room():
    shares = {"listed": 0.5, "seen": 0.3, "duplicate": 0.15, "invalid": 0.05}
    row = {
        (fate, part): share + shift
        for fate, share in shares.items()
        for part, shift in {"value": 0, "low": -0.02, "high": 0.02}.items()
    }
    figure = plots.fates(pd.DataFrame({"llm": row}).T, SYSTEMS)
    (axis,) = figure.axes
    assert sum(bar.get_width() for bar in axis.patches) == pytest.approx(100)
    assert [bar.get_hatch() or "" for bar in axis.patches] == [HATCHES[fate] for fate in FATES]
    shown = words(figure)
    assert {"50 %\n[48, 52]", "30 %\n[28, 32]", "15 %\n[13, 17]"} <= set(shown)
    assert not any(text.startswith("5 %") for text in shown), "too narrow for words"
    assert {"new, in the catalogue", "already seen", "written twice", "in no catalogue"} <= set(shown)
    assert tick_labels(axis, "y") == [LABELS["llm"]] and "%" in axis.get_xlabel() and axis.get_xlim() == (0, 100)


def test_lora_loss_rings_the_kept_epoch_but_never_the_untuned_model():
    history = pd.DataFrame(
        {"epoch": [0, 1, 2, 3], "train_loss": [3.0, 2.0, 1.5, 1.0], "validation_loss": [1.0, 2.5, 2.2, 2.4]}
    )
    figure = plots.lora_loss(history)
    (axis,) = figure.axes
    assert rings(axis) == [(2, 2.2)]
    assert {"  held-out users", "  training users"} <= set(words(figure))
    assert axis.get_ylabel() == "loss per answer token (nats)" and axis.get_xlabel().startswith("epoch")


def test_rank_flow_counts_targets_that_are_on_both_lists():
    before = np.array([1, 1, 2, 0, 3])
    after = np.array([2, 2, 1, 1, 0])
    (axis,) = plots.rank_flow(before, after, ("before", "after"), 3).axes
    counts = {text.get_text(): tuple(np.floor(text.get_position())) for text in axis.texts if text.get_text()}
    assert counts == {"2": (1, 0), "1": (0, 1)}  # column: the new rank, row: the old one, both from 0
    assert tick_labels(axis, "x") == tick_labels(axis, "y") == ["1", "2", "3"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("rank of the target after", "rank of the target before")
