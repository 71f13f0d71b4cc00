"""Whether a second model tells more of the choice among candidates than the first one does: conditional logit.

McFadden (1974), Conditional Logit Analysis of Qualitative Choice Behavior: a user takes candidate i with a probability
in proportion to exp(sum of weight * feature of i). A weight whose interval leaves 0 out says that its feature tells
something which the others do not, whether or not a list of ten becomes better by it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from statsmodels.discrete.conditional_models import ConditionalLogit

from dualrec.core.errors import StudyError
from dualrec.rerank.fusion import Opinions

FEWEST = 10  # choices that weights are fitted to


def features(opinions: Opinions, prior: np.ndarray | None) -> dict[str, np.ndarray]:
    """Name -> float64 (n, C), in nats: "sequence", "language" and, where there is a prior, "prior".

    Their mean over a user's candidates is taken off, which changes no probability; 0 where there is no candidate.

    prior: float (N + 1,), nan where it is not known: there it counts as the mean
    """
    valid = opinions.items > 0
    found = {"sequence": opinions.sequence, "language": opinions.language}
    if prior is not None:
        known = np.where(np.isnan(prior), np.nanmean(prior[1:]), prior)
        found["prior"] = known[np.maximum(opinions.items, 0)]
    counts = np.maximum(valid.sum(axis=1, keepdims=True), 1)
    filled = {name: np.where(valid, values, 0.0).astype(float) for name, values in found.items()}
    means = {name: values.sum(axis=1, keepdims=True) / counts for name, values in filled.items()}
    return {name: np.where(valid, filled[name] - means[name], 0.0) for name in filled}


def fit_weights(told: dict[str, np.ndarray], items: np.ndarray, targets: np.ndarray) -> pd.DataFrame:
    """The most likely weights: index = name of a feature; columns value, low, high, of its 95 % interval (Wald).

    Users whose target is no candidate choose nothing and are left out.

    told: as `features` returns them, or some of them
    items: int64 (n, C) the candidates, -1 where there is none
    targets: int64 (n,)

    Raises StudyError where fewer than FEWEST targets are candidates.
    """
    rows = np.flatnonzero((items == targets[:, None]).any(axis=1))
    if len(rows) < FEWEST:
        raise StudyError(f"{len(rows)} targets are among the candidates, too few to weigh by; ask more users")
    valid = items[rows] > 0
    long = np.column_stack([values[rows][valid] for values in told.values()])
    chosen = (items[rows] == targets[rows, None])[valid].astype(float)
    fitted = ConditionalLogit(chosen, long, groups=np.nonzero(valid)[0]).fit(disp=False)
    low, high = np.asarray(fitted.conf_int()).T
    return pd.DataFrame({"value": np.asarray(fitted.params), "low": low, "high": high}, index=list(told))


def log_probabilities(
    told: dict[str, np.ndarray], weights: Mapping[str, float], items: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """float64 (n,): log-probability in nats of each target among its user's candidates; nan where it is none of them.

    weights: of the features, by their names
    """
    scores = np.where(items > 0, sum(weights[name] * values for name, values in told.items()), -np.inf)
    hit = items == targets[:, None]
    chosen = np.where(hit, scores, -np.inf).max(axis=1)
    return np.where(hit.any(axis=1), chosen - logsumexp(scores, axis=1), np.nan)
