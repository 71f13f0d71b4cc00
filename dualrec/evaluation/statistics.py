"""How sure a number is: percentile bootstrap over users, and paired randomisation tests corrected for their number.

Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. Users are drawn with the generator of the seed
alone, so equally many users give the same draws for every metric and system and their differences are paired.
With no hit at all the interval is [0, 0]: resampling cannot invent what was never seen, so read it together with n.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.stats
from statsmodels.stats.multitest import multipletests

from dualrec.core.errors import StudyError

BLOCK = 100  # resamples drawn at a time; bounds the memory, changes no number
PERMUTATIONS = 10_000  # of a randomisation test, so that the smallest p-value survives a correction for twenty others
ALPHA = 0.05
CANNOT_TELL = "cannot tell"


def bootstrap_interval(values, resamples: int, seed: int) -> dict:
    """Mean of (n,) per-user values with its 95 % interval: {"value", "low", "high", "n"}; see `bootstrap_intervals`."""
    return bootstrap_intervals(pd.DataFrame({"value": np.asarray(values, float)}), resamples, seed)["value"]


def bootstrap_intervals(values: pd.DataFrame, resamples: int, seed: int) -> dict[str, dict]:
    """Mean and 95 % percentile bootstrap interval of every column: {column: {"value", "low", "high", "n"}}.

    The bounds are NaN where fewer than two users have a value.

    values: one row per user; NaN where a user has no value, n counts the others
    resamples: how often users are drawn
    seed: of these draws, which are the same for every column
    """
    means = resampled_means(values, resamples, seed)
    counts = values.notna().to_numpy().sum(axis=0)
    intervals = {}
    for i, column in enumerate(values.columns):
        drawn = means[~np.isnan(means[:, i]), i]
        low, high = np.percentile(drawn, [2.5, 97.5]) if counts[i] > 1 else (np.nan, np.nan)
        value = float(values.iloc[:, i].mean())
        low, high = min(float(low), value), max(float(high), value)  # equal values: rounding must not part them
        intervals[column] = {"value": value, "low": low, "high": high, "n": int(counts[i])}
    return intervals


def seed_intervals(per_seed: list[pd.DataFrame], resamples: int, seed: int) -> dict[str, dict]:
    """Mean and 95 % interval over users of each user's mean over seeds, as `bootstrap_intervals` returns them.

    per_seed: one frame of per-user values per seed, the same users in each
    resamples: how often users are drawn
    seed: of these draws
    """
    total = per_seed[0]
    for frame in per_seed[1:]:
        total = total + frame
    return bootstrap_intervals((total / len(per_seed)).sort_index(), resamples, seed)


def ratio_interval(above: pd.Series, below: pd.Series, resamples: int, seed: int) -> dict:
    """Ratio of two means over the same users with its 95 % bootstrap interval: {"value", "low", "high", "n"}.

    NaN where no user, or no user of any resample, has a value below the line.

    above: one value per user, for the mean above the line
    below: one value per user, in the same order, for the mean below the line
    """
    values = pd.DataFrame({"above": np.asarray(above, float), "below": np.asarray(below, float)})
    means = resampled_means(values, resamples, seed)
    drawn = means[means[:, 1] > 0, 0] / means[means[:, 1] > 0, 1]
    whole = values.mean()
    value = float(whole.above / whole.below) if whole.below else np.nan
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
    return {"value": value, "low": float(low), "high": float(high), "n": len(values)}


def exact_rate(hits) -> dict:
    """The share of hits with its exact 95 % interval (Clopper and Pearson 1934): {"value", "low", "high", "n"}.

    hits: (n,) true or 1 for a hit; all three are NaN where there are none
    """
    hits = np.asarray(hits, bool)
    if not len(hits):
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0}
    exact = scipy.stats.binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95, method="exact")
    return {"value": float(hits.mean()), "low": float(exact.low), "high": float(exact.high), "n": len(hits)}


def auc_interval(scores, right, resamples: int, seed: int) -> dict:
    """How often a right one has a higher score than a wrong one, ties half, with its 95 % bootstrap interval.

    scores: (n,) one per user
    right: bool (n,)
    resamples: how often users are drawn
    seed: of these draws

    Returns {"value", "low", "high", "n"}: .5 says that scores tell nothing. NaN where all are right, or all wrong.
    """
    scores, right = np.asarray(scores, float), np.asarray(right, bool)
    rng = np.random.default_rng(seed)
    drawn = np.array([_auc(scores[rows], right[rows]) for rows in rng.integers(0, len(right), (resamples, len(right)))])
    value = _auc(scores, right)
    low, high = (np.nan, np.nan) if np.isnan(value) else np.nanpercentile(drawn, [2.5, 97.5])
    return {"value": value, "low": float(low), "high": float(high), "n": len(right)}


def _auc(scores: np.ndarray, right: np.ndarray) -> float:
    """The area under the ROC curve, by ranks (Mann and Whitney 1947)."""
    pairs = right.sum() * (~right).sum()
    above = scipy.stats.rankdata(scores)[right].sum() - right.sum() * (right.sum() + 1) / 2
    return float(above / pairs) if pairs else float("nan")


def paired_difference(a: pd.Series, b: pd.Series, resamples: int, seed: int) -> dict:
    """Mean of a - b over the users both have: {"delta", "low", "high", "n", "p", "detectable", "verdict"}.

    a: one metric per user, indexed by user_id, as `metrics.per_user` returns it
    b: the same of the other system
    resamples: how often users are drawn for the interval
    seed: of these draws and of the test

    low, high: 95 % bootstrap interval
    p: two-sided, of a randomisation test that flips the sign of each user's difference (Edgington & Onghena 2007,
        Randomization Tests)
    detectable: see `minimum_detectable`
    verdict: of a against b; "better" or "worse" where p < 0.05, else "cannot tell"; `holm` corrects a family
    Raises StudyError where no user has a value in both.
    """
    difference = (a - b).dropna().sort_index()
    if difference.empty:
        raise StudyError("the two systems share no evaluated user; compare systems of the same profile and data")
    interval = bootstrap_interval(difference, resamples, seed)
    p = 1.0
    if len(difference) > 1:  # a single user can tell nothing
        sample = (difference.to_numpy(float),)
        test = scipy.stats.permutation_test(
            sample, np.mean, permutation_type="samples", n_resamples=PERMUTATIONS, batch=BLOCK, rng=seed
        )
        p = float(test.pvalue)
    return {
        "delta": interval["value"],
        "low": interval["low"],
        "high": interval["high"],
        "n": interval["n"],
        "p": p,
        "detectable": minimum_detectable(difference),
        "verdict": verdict(interval["value"], p),
    }


def holm(comparisons: list[dict]) -> list[dict]:
    """The same comparisons with p-values and verdicts corrected for their number (Holm 1979): adds "p_holm".

    comparisons: one family, as `paired_difference` returns them
    """
    corrected = np.asarray(multipletests([row["p"] for row in comparisons], method="holm")[1], float)
    return [
        row | {"p_holm": float(p), "verdict": verdict(row["delta"], p)}
        for row, p in zip(comparisons, corrected, strict=True)
    ]


def minimum_detectable(difference) -> float:
    """The mean difference that a two-sided test at 5 % would find with 80 % power, given the spread between users.

    Normal approximation: (z_0.975 + z_0.8) * standard deviation / sqrt(n). NaN for fewer than two users.

    difference: (n,) one per user
    """
    difference = np.asarray(difference, float)
    if len(difference) < 2:
        return float("nan")
    quantiles = scipy.stats.norm.ppf(0.975) + scipy.stats.norm.ppf(0.8)
    return float(quantiles * difference.std(ddof=1) / np.sqrt(len(difference)))


def verdict(delta: float, p: float) -> str:
    """What a difference says of its first side: "better", "worse" or "cannot tell"."""
    return CANNOT_TELL if p >= ALPHA else "better" if delta > 0 else "worse"


def in_words(row: dict) -> str:
    """The verdict of a difference for a reader, with the margin where it is about one; "" where nothing judges it.

    row: with "verdict", if it has one, and "margin" where it says "no gain"
    """
    said = row.get("verdict", "")
    return f"no gain above {row['margin']:+.4f}".rstrip("0") if said == "no gain" else said


def resampled_means(values: pd.DataFrame, resamples: int, seed: int) -> np.ndarray:
    """float (resamples, columns): the mean of every column over users drawn with replacement, the same everywhere."""
    rng = np.random.default_rng(seed)
    has_value = values.notna().to_numpy()  # (n, columns)
    n, columns = has_value.shape
    both = np.hstack([values.fillna(0).to_numpy(float), has_value])  # one product gives sums and counts
    means = np.full((resamples, columns), np.nan)
    for start in range(0, resamples, BLOCK) if n else ():
        size = min(BLOCK, resamples - start)
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)  # how often each user was drawn
        sums, counts = np.hsplit(times.astype(float) @ both, 2)
        np.divide(sums, counts, out=means[start : start + size], where=counts > 0)
    return means
