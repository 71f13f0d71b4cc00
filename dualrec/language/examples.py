"""Training examples for LoRA: prompts and answers cut from the training sequences, with hints of test quality.

A hint that the LSTM gives at a position it was trained on is better than any hint at test time, and a language
model tuned on such hints learns to trust them too much (the released code does this). Here the last events of
every training sequence are held out as a slice: an LSTM that has seen nothing of the slice hints at its first
event, exactly as the final LSTM hints at the test target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dualrec.data.catalogue import Catalogue
from dualrec.language.prompts import answer
from dualrec.split import Split, split_sequences
from dualrec.types import Sequences


@dataclass(frozen=True)
class Example:
    """One supervised pair: the prompt up to and with `ANSWER_START`, and the wanted continuation."""

    prompt: str
    answer: str


def earlier_split(train: Sequences, titles: int, min_events: int) -> Split:
    """Leave-one-out seen from `titles` events earlier: its test target is the first event of the held-out slice.

    train: training sequences (without validation and test events); titles: length of the slice
    Users with fewer than min_events before the end of that split are left out.
    """
    return split_sequences(train.drop_last(titles - 1), min_events)


def slices(train: Sequences, users: np.ndarray, titles: int) -> np.ndarray:
    """int64 (len(users), titles): the last `titles` training events of the given users, oldest first."""
    row = {int(user): i for i, user in enumerate(train.users)}
    return train.take([row[int(user)] for user in users]).recent(titles)


def build_examples(prompts: list[str], slice_items: np.ndarray, catalogue: Catalogue) -> list[Example]:
    """Pair prompts (n) with answers made of the slice (n, titles)."""
    return [Example(prompt, answer([catalogue.titles[i] for i in row])) for prompt, row in zip(prompts, slice_items, strict=True)]
