"""Maximal marginal relevance: each next item trades relevance against similarity to what is already listed.

Carbonell & Goldstein (1998), The Use of MMR, Diversity-Based Reranking for Reordering Documents, SIGIR.
"""

from __future__ import annotations

import numpy as np

from dualrec.core.errors import StudyError


def mmr(items: np.ndarray, relevance: np.ndarray, embeddings: np.ndarray, trade_off: float, k: int) -> np.ndarray:
    """Choose k items per list, greedily by trade_off * relevance - (1 - trade_off) * largest cosine to those chosen.

    items: int64 (n, K), -1 where nothing valid
    relevance: float (n, K), rescaled to 0..1 within each list
    embeddings: float (N + 1, d) unit rows
    trade_off: 1 = relevance only, 0 = diversity only
    k: length of the new lists

    Returns int64 (n, k), -1 where a list has run out. Ties go to the item that came first.
    Raises StudyError for a trade-off outside 0..1.
    """
    if not 0 <= trade_off <= 1:
        raise StudyError(f"the trade-off of MMR is {trade_off}, but must lie between 0 (diversity) and 1 (relevance)")
    left = items >= 0
    gain = trade_off * _rescale(relevance, left)
    distinct, index = np.unique(np.maximum(items, 0), return_inverse=True)  # index: (n, K) into `distinct`
    similarity = embeddings[distinct] @ embeddings[distinct].T  # every pair once, however many users share it
    chosen = np.full((len(items), k), -1, np.int64)
    closest = np.zeros(items.shape)  # similarity to the empty list
    users = np.arange(len(items))
    for step in range(k):
        best = np.where(left, gain - (1 - trade_off) * closest, -np.inf).argmax(axis=1)
        chosen[:, step] = np.where(left[users, best], items[users, best], -1)
        left[users, best] = False
        to_best = similarity[index, index[users, best][:, None]]  # (n, K)
        closest = np.maximum(closest, to_best) if step else to_best
    return chosen


def _rescale(relevance: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Relevance of the valid items, min-max normalised per list; 0 elsewhere and where all of a list are alike."""
    relevance = relevance.astype(float)
    low = np.min(relevance, axis=1, keepdims=True, where=valid, initial=np.inf)
    span = np.max(relevance, axis=1, keepdims=True, where=valid, initial=-np.inf) - low
    return np.divide(relevance - low, span, out=np.zeros_like(relevance), where=valid & (span > 0))
