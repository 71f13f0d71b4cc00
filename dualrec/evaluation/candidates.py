"""Sampled candidates: each target is ranked among a hundred other items, as many papers evaluate, not among all.

Krichene & Rendle (2020), On Sampled Metrics for Item Recommendation, KDD, show why such numbers can order systems
wrongly.
"""

from __future__ import annotations

import numpy as np

from dualrec.core.errors import StudyError


def keep_candidates(
    scores: np.ndarray, targets: np.ndarray, kind: str, popularity: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """float (cases, N + 1): the scores of the target and of n sampled unseen items; everything else is -inf.

    scores: (cases, N + 1), -inf for what may not be recommended, be it the target
    targets: int64 (cases,) item indices
    kind: `uniform` draws every item alike, `popular` in proportion to its events
    popularity: (N + 1,) events per item
    n: candidates beside the target; all items where there are no more
    rng: draws the same candidates whatever the scores are, and for one batch of cases after the other the same as for
        all at once

    Raises StudyError for an unknown kind.
    """
    if kind not in ("uniform", "popular"):
        raise StudyError(f"unknown candidates '{kind}'; choose uniform or popular")
    weights = np.ones(scores.shape[1]) if kind == "uniform" else np.asarray(popularity, float)
    # the items of the n largest log(weight) + Gumbel noise are a draw by weight without replacement
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=scores.shape)
    keys[~np.isfinite(scores)] = -np.inf
    keys[np.arange(len(targets)), targets] = np.inf
    n = min(n, keys.shape[1] - 1)
    chosen = np.argpartition(-keys, n, axis=1)[:, : n + 1]  # (cases, n + 1), the target among them
    candidate_scores = np.full_like(scores, -np.inf)
    np.put_along_axis(candidate_scores, chosen, np.take_along_axis(scores, chosen, axis=1), axis=1)
    return candidate_scores
