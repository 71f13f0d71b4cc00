"""The place of each target in its list, and what that place is worth."""

from __future__ import annotations

import numpy as np

KS = (1, 5, 10)  # places at which hits and gains are counted


def list_ranks(items: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """float (n,): the place of each target in its list, from 1; inf where it is not there.

    items: (n, K) lists, -1 where a place holds no item
    targets: (n,)
    """
    return first_hits(items == targets[:, None])


def first_hits(hits: np.ndarray) -> np.ndarray:
    """float (n,): the place of each list's first hit, from 1; inf where it has none.

    hits: bool (n, K), whether a place holds its list's target
    """
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, np.inf)


def ndcg(ranks: np.ndarray, k: int) -> np.ndarray:
    """float (n,): NDCG@k of lists with one target each, 1 / log2(rank + 1) where rank <= k, else 0.

    ranks: (n,) places of the targets, from 1, inf where a list lacks its target
    """
    return np.where(ranks <= k, 1 / np.log2(ranks + 1), 0)


def rank_metrics(ranks: np.ndarray, ks: tuple[int, ...] = KS) -> dict[str, np.ndarray]:
    """HR@k and NDCG@k for every k, and MRR, each float (n,).

    HR@k: 1 where rank <= k, else 0
    NDCG@k: see `ndcg`
    MRR: 1 / rank, 0 for a list without its target

    ranks: (n,) places of the targets, from 1, inf where a list lacks its target
    """
    hits = {f"HR@{k}": (ranks <= k).astype(float) for k in ks}
    return hits | {f"NDCG@{k}": ndcg(ranks, k) for k in ks} | {"MRR": 1 / ranks}
