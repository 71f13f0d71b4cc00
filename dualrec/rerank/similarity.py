"""Re-ranking by Sentence-BERT similarity to the hint.

This is the paper's validator stage. The released code also compares with the true titles; here the hint is the only
reference.
"""

from __future__ import annotations

import numpy as np

from dualrec.types import Hints, RankedLists


def rerank_by_hint(lists: RankedLists, hints: Hints, vectors: np.ndarray) -> RankedLists:
    """Order every list by cosine similarity to the title of the first hint; ties keep their order, gaps stay last.

    lists: (n, K) items
    hints: (n, h) items
    vectors: (N + 1, d) unit rows
    """
    similarity = np.einsum("nkd,nd->nk", vectors[np.maximum(lists.items, 0)], vectors[hints.items[:, 0]])  # (n, K)
    similarity = np.where(lists.items < 0, -np.inf, similarity).astype(np.float32)
    order = np.argsort(-similarity, axis=1, kind="stable")
    items = np.take_along_axis(lists.items, order, axis=1)
    scores = np.take_along_axis(similarity, order, axis=1)
    return RankedLists(items, np.where(items < 0, np.nan, scores), lists.raw, lists.counts, lists.seconds)
