"""Training examples for LoRA: prompts and answers cut from the training sequences, with hints of test quality.

A hint that the LSTM gives at a position it was trained on is better than any hint at test time, and a language model
tuned on such hints learns to trust them too much (the released code does this). Here the last events of every training
sequence are held out as a slice: an LSTM that has seen nothing of the slice hints at its first event, exactly as the
final LSTM hints at the test target, and where more positions are wanted at the next ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dualrec.data.catalogue import Catalogue
from dualrec.data.splits import Split, split_sequences
from dualrec.llm.prompts import answer
from dualrec.types import Cases, Sequences


@dataclass(frozen=True)
class Example:
    """One supervised pair: the prompt up to and with `ANSWER_START`, and the wanted continuation."""

    prompt: str
    answer: str


def earlier_split(train: Sequences, titles: int, min_events: int, positions: int = 1) -> Split:
    """Leave-one-out seen from the beginning of the held-out slice: its test target is the slice's first event.

    train: training sequences (without validation and test events)
    titles: items of an answer
    min_events: users with fewer before the end of that split are left out
    positions: examples per user; the slice holds titles + positions - 1 events, so that each of them has its answer
    """
    return split_sequences(train.drop_last(titles + positions - 2), min_events)


def training_cases(train: Sequences, first: Cases, positions: int) -> Cases:
    """Every case `positions` times, user by user: the history grows by an event each time, the target is what follows.

    train: training sequences
    first: cases whose target is the first event of their user's slice, as in `earlier_split(...).test`
    positions: how often
    One LSTM, trained before the slice, hints at all of them: it has seen none of their targets.
    """
    known = np.repeat(first.history.lengths, positions) + np.tile(np.arange(positions), len(first))  # (n * positions,)
    rows = np.repeat(_rows(train, first.users), positions)
    return Cases(train.first(rows, known), train.items[train.offsets[rows] + known])


def slices(train: Sequences, cases: Cases, titles: int) -> np.ndarray:
    """int64 (n, titles): the `titles` training events that follow each case's history, oldest first."""
    begin = train.offsets[_rows(train, cases.users)] + cases.history.lengths
    return train.items[begin[:, None] + np.arange(titles)]


def _rows(train: Sequences, users: np.ndarray) -> np.ndarray:
    """int64 (n,): where users are among the sequences."""
    row_of = {int(user): row for row, user in enumerate(train.users)}
    return np.array([row_of[int(user)] for user in users], np.int64)


def build_examples(prompts: list[str], slice_items: np.ndarray, catalogue: Catalogue) -> list[Example]:
    """Pair prompts (n) with answers made of the slice (n, titles)."""
    answers = [answer([catalogue.titles[item] for item in row]) for row in slice_items]
    return [Example(prompt, text) for prompt, text in zip(prompts, answers, strict=True)]
