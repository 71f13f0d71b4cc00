"""How sure a number is: percentile bootstrap over users, for one system and for the difference of two.

Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. Users are drawn with the generator of the seed
alone, so equally many users give the same draws for every metric and system and their differences are paired.
With no hit at all the interval is [0, 0]: resampling cannot invent what was never seen, so read it together with n.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dualrec.errors import StudyError

BLOCK = 100  # resamples drawn at a time; bounds the memory, changes no number


def bootstrap_interval(values, resamples: int, seed: int) -> dict:
    """Mean of (n,) per-user values with its 95 % interval: {"value", "low", "high", "n"}; see `bootstrap_intervals`."""
    return bootstrap_intervals(pd.DataFrame({"value": np.asarray(values, float)}), resamples, seed)["value"]


def bootstrap_intervals(values: pd.DataFrame, resamples: int, seed: int) -> dict[str, dict]:
    """Mean and 95 % percentile bootstrap interval of every column: {column: {"value", "low", "high", "n"}}.

    values: one row per user; NaN where a user has no value, n counts the others
    resamples: how often users are drawn; seed: the same draws for every column
    The bounds are NaN where fewer than two users have a value.
    """
    rng = np.random.default_rng(seed)
    known = values.notna().to_numpy()  # (n, columns)
    n, columns = known.shape
    both = np.hstack([values.fillna(0).to_numpy(float), known])  # one product gives sums and counts
    means = np.full((resamples, columns), np.nan)
    for start in range(0, resamples, BLOCK) if n else ():
        size = min(BLOCK, resamples - start)
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)  # how often each user was drawn
        sums, counts = np.hsplit(times.astype(float) @ both, 2)
        np.divide(sums, counts, out=means[start : start + size], where=counts > 0)
    intervals = {}
    for i, column in enumerate(values):
        drawn = means[~np.isnan(means[:, i]), i]
        low, high = np.percentile(drawn, [2.5, 97.5]) if known[:, i].sum() > 1 else (np.nan, np.nan)
        value = float(values[column].mean())
        low, high = min(float(low), value), max(float(high), value)  # equal values: rounding must not part them
        intervals[column] = {"value": value, "low": low, "high": high, "n": int(known[:, i].sum())}
    return intervals


def paired_difference(a: pd.Series, b: pd.Series, resamples: int, seed: int) -> dict:
    """Mean of a - b over the users both have: {"delta", "low", "high", "n", "verdict"}.

    a, b: one metric per user, indexed by user_id, as `metrics.per_user` returns it
    verdict: of a against b; "better" or "worse" where the 95 % interval excludes zero, else "not distinguishable"
    Raises StudyError where no user has a value in both.
    """
    difference = (a - b).dropna().sort_index()
    if difference.empty:
        raise StudyError("the two systems share no evaluated user; compare systems of the same profile and data")
    interval = bootstrap_interval(difference, resamples, seed)
    low, high = interval["low"], interval["high"]
    verdict = "better" if low > 0 else "worse" if high < 0 else "not distinguishable"
    return {"delta": interval["value"], "low": low, "high": high, "n": interval["n"], "verdict": verdict}
