"""Two arms that were each trained with several seeds: how sure their difference is over users and seeds together.

An interval over users alone, of each user's mean over seeds, says what other users would bring to these very trainings.
Here both are drawn: users with replacement, and seeds with replacement, independently of each other (the pigeonhole
bootstrap; Owen 2007, Annals of Applied Statistics 1(2)). It errs on the safe side in what users and seeds do together,
and with five seeds it takes the part of the seeds for a fifth less than it is.
"""

from __future__ import annotations

import numpy as np

from dualrec.evaluation.statistics import verdict

BLOCK = 100  # resamples drawn at a time; bounds the memory, changes no number


def two_way_difference(a: np.ndarray, b: np.ndarray, resamples: int, seed: int) -> dict:
    """Mean of a - b over users and seeds: {"delta", "low", "high", "n", "seeds", "p", "gain", "verdict"}.

    a: float (n, s), a metric of n users under s trainings
    b: the same of the other arm, users and seeds in the same order
    resamples: how often users and seeds are drawn
    seed: of these draws

    low, high: 95 % percentile interval
    p: two-sided, twice the share of resamples whose difference is not on the side of most, the sample itself among them
        (Davison & Hinkley 1997, Bootstrap Methods and their Application, section 4.2); its smallest value is
        2 / (resamples + 1)
    gain: delta as a share of b's mean; NaN where that is 0
    verdict: of a against b; "better" or "worse" where p < 0.05, else "cannot tell"; `statistics.holm` corrects
        a family of comparisons
    Raises ValueError where the two are not of the same users and seeds, or of none.
    """
    difference = np.asarray(a, float) - np.asarray(b, float) if np.shape(a) == np.shape(b) else np.empty((0, 0))
    if difference.ndim != 2 or not difference.size:
        raise ValueError(f"two arms of the same users and seeds can be compared, not {np.shape(a)} and {np.shape(b)}")
    drawn = _resampled_means(difference, resamples, seed)
    delta, below = float(difference.mean()), float(np.mean(b))
    low, high = np.percentile(drawn, [2.5, 97.5])
    other_side = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p = min(1.0, 2 * (1 + int(other_side)) / (resamples + 1))
    return {
        "delta": delta,
        "low": float(low),
        "high": float(high),
        "n": len(difference),
        "seeds": difference.shape[1],
        "p": p,
        "gain": delta / below if below else float("nan"),
        "verdict": verdict(delta, p),
    }


def _resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """float (resamples,): means over users and seeds that are drawn with replacement, the same draws for every arm."""
    rng = np.random.default_rng(seed)
    n, seeds = values.shape
    means = np.empty(resamples)
    for start in range(0, resamples, BLOCK):
        size = min(BLOCK, resamples - start)
        of_users, of_seeds = (_times_drawn(rng, size, count) for count in (n, seeds))
        means[start : start + size] = ((of_users @ values) * of_seeds).sum(axis=1) / (n * seeds)
    return means


def _times_drawn(rng: np.random.Generator, draws: int, count: int) -> np.ndarray:
    """float (draws, count): how often each of `count` things is drawn when as many are drawn with replacement."""
    drawn = rng.integers(0, count, (draws, count)) + count * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count).astype(float)
