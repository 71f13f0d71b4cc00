"""Batches for training, mixed or of similar length, so that little is padded; and sorted ones for the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def length_batches(lengths: ArrayLike, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Batches for training: rows of similar length together, in a random order.

    Rows are sorted by length within shuffled blocks of eight batches, then the batches are shuffled.

    lengths: (n,) tokens or events per row
    size: rows of a batch at most
    rng: draws both orders

    Returns one int64 array of row numbers per batch.
    """
    lengths = np.asarray(lengths)
    order = rng.permutation(len(lengths))
    blocks = [order[start : start + 8 * size] for start in range(0, len(order), 8 * size)]
    ordered = np.concatenate([block[np.argsort(lengths[block], kind="stable")] for block in blocks])
    parts = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [parts[i] for i in rng.permutation(len(parts))]


def mixed_batches(n: int, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Batches for training: rows of any length together, drawn at random.

    n: rows
    size: rows of a batch at most
    rng: draws them

    Returns one int64 array of row numbers per batch.
    """
    order = rng.permutation(n)
    return [order[start : start + size] for start in range(0, n, size)]


def sorted_batches(lengths: ArrayLike, size: int) -> list[np.ndarray]:
    """Batches for inference: the longest rows first, so that too little memory shows at once.

    lengths: (n,) tokens or events per row
    size: rows of a batch at most

    Returns one int64 array of row numbers per batch.
    """
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable")
    return [order[start : start + size] for start in range(0, len(order), size)]
