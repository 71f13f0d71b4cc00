"""Several comparisons at once: intervals, p-values and verdicts that hold for all of them together.

Of many comparisons some would succeed by luck. Here one set of draws settles both how wide the intervals are and how
small the p-values: users are drawn with replacement, and of each draw the largest deviation among all comparisons
counts, each in its own standard errors (single-step max-T; Westfall & Young 1993, Resampling-Based Multiple Testing,
section 2.3; Romano & Wolf 2005, Econometrica 73(4)). Comparisons of the same users go together, and the correction
knows it. So an interval leaves 0 out if and only if its p-value is below .05.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.stats

from dualrec.core.errors import StudyError
from dualrec.evaluation.results import signed
from dualrec.evaluation.statistics import ALPHA, CANNOT_TELL, resampled_means

POWER = 0.8


def compared(
    pairs: Sequence[tuple[pd.Series, pd.Series]], resamples: int, seed: int, margins: Sequence[float] | None = None
) -> list[dict]:
    """Mean of a - b of every pair: {"delta", "low", "high", "n", "p", "detectable", "margin", "verdict"} each.

    pairs: (a, b), one metric per user of either side, indexed by user_id; a pair is about the users that both have
    resamples: how often users are drawn
    seed: of these draws
    margins: of each pair, in units of its metric: below it a gain is none that matters; none if left out

    low, high: 95 % interval that holds for all pairs together; NaN where fewer than two users have both
    p: two-sided, corrected for all pairs together
    detectable: the mean difference that would be found with 80 % power under this correction; NaN as above
    margin: as given, None for none
    verdict: of a against b, see `verdict_of`
    Raises StudyError where no user has a value in both of a pair.
    """
    differences = pd.DataFrame({i: (a - b).dropna() for i, (a, b) in enumerate(pairs)}).sort_index()
    counts = differences.notna().sum().to_numpy()
    if not counts.all():
        raise StudyError("the two systems share no evaluated user; compare systems of the same profile and data")
    means, draws = differences.mean().to_numpy(float), resampled_means(differences, resamples, seed)
    errors = np.nanstd(draws, axis=0)
    errors[counts < 2] = np.nan
    told = errors > 0
    apart = np.abs((draws[:, told] - means[told]) / errors[told])
    largest = np.sort(np.nanmax(apart, axis=1, initial=0))[::-1]
    width = largest[int(np.ceil(ALPHA * (resamples + 1))) - 2]  # so many draws beyond it give a p-value of ALPHA
    rows = []
    for i, (mean, error, n) in enumerate(zip(means, errors, counts, strict=True)):
        margin = None if margins is None else float(margins[i])
        beyond = np.inf if error == 0 and mean else abs(mean) / error if error > 0 else 0.0
        p = float((1 + (largest >= beyond).sum()) / (resamples + 1))
        row = {
            "delta": float(mean),
            "low": float(mean - width * error),
            "high": float(mean + width * error),
            "n": int(n),
        }
        row |= {"p": p, "detectable": float((width + scipy.stats.norm.ppf(POWER)) * error), "margin": margin}
        rows.append(row | {"verdict": verdict_of(row)})
    return rows


def with_margin(row: dict, margin: float) -> dict:
    """A comparison that was corrected in another way, with its margin; what cannot be told may be no gain above it.

    row: with "verdict" and "high"
    """
    no_gain = row["verdict"] == CANNOT_TELL and row["high"] < margin
    return row | {"margin": margin} | ({"verdict": "no gain"} if no_gain else {})


def verdict_of(row: dict) -> str:
    """What a difference says of its first side: "better", "worse", "no gain" or "cannot tell".

    Better and worse: its interval leaves 0 out. No gain: it does not, and ends below the margin.

    row: with "low", "high" and, where a margin is declared, "margin"
    """
    if row["low"] > 0 or row["high"] < 0:
        return "better" if row["low"] > 0 else "worse"
    return "no gain" if row.get("margin") is not None and row["high"] < row["margin"] else CANNOT_TELL


def plainly(subject: str, row: dict, metric: str) -> str:
    """One sentence for readers: what something adds, with its interval and how many people said so.

    subject: begins the sentence, such as "As a reader beside the LSTM, the language model"
    row: of `compared`
    metric: that was compared
    """
    said = {
        "better": f"adds {metric}",
        "worse": f"costs {metric}",
        "no gain": f"adds nothing above {row['margin'] or 0:.4f} {metric}",
        CANNOT_TELL: f"may add {metric} or not, which these people cannot tell",
    }[row["verdict"]]
    return f"{subject} {said}: {signed(row, 4)}, n = {row['n']:,}."
