"""Sampled candidates: the target against a hundred others, as many papers evaluate, beside the full ranking.

Krichene & Rendle (2020), On Sampled Metrics for Item Recommendation, KDD, show why such numbers can order systems wrongly.
"""

from __future__ import annotations

import numpy as np

from dualrec.core.errors import StudyError


def keep_candidates(scores: np.ndarray, targets: np.ndarray, kind: str, popularity: np.ndarray, n: int, seed: int) -> np.ndarray:
    """float (cases, N + 1): the scores of the target and n sampled unseen items; everything else is -inf.

    scores: -inf for what may not be recommended; kind: `uniform` draws every item alike, `popular` in proportion to its events
    (popularity, (N + 1,)); the same seed draws the same candidates whatever the scores are. A target that may not be
    recommended stays out. Raises StudyError for an unknown kind.
    """
    if kind not in ("uniform", "popular"):
        raise StudyError(f"unknown candidates '{kind}'; choose uniform or popular")
    weights = np.ones(scores.shape[1]) if kind == "uniform" else np.asarray(popularity, float)
    rng = np.random.default_rng(seed)
    with np.errstate(divide="ignore"):  # the items of the n largest log w + Gumbel noise are a draw by w without replacement
        keys = np.log(weights) + rng.gumbel(size=scores.shape)
    keys[~np.isfinite(scores)] = -np.inf
    keys[np.arange(len(targets)), targets] = np.inf
    chosen = np.argpartition(-keys, n, axis=1)[:, : n + 1]  # (cases, n + 1), the target among them
    kept = np.full_like(scores, -np.inf)
    np.put_along_axis(kept, chosen, np.take_along_axis(scores, chosen, axis=1), axis=1)
    return kept
