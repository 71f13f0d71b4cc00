"""Batches of similar length, so that little is padded: shuffled ones for training, sorted ones for the rest."""

from __future__ import annotations

import numpy as np


def length_batches(lengths, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Index arrays of up to `size` rows: sorted by length within shuffled blocks of eight batches, then shuffled again."""
    lengths = np.asarray(lengths)
    order = rng.permutation(len(lengths))
    blocks = [order[start : start + 8 * size] for start in range(0, len(order), 8 * size)]
    ordered = np.concatenate([block[np.argsort(lengths[block], kind="stable")] for block in blocks])
    parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [parts[i] for i in rng.permutation(len(parts))]


def sorted_batches(lengths, size: int) -> list[np.ndarray]:
    """Index arrays of up to `size` rows, longest rows first: memory that does not suffice shows at once, and the last batch is short."""
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]
