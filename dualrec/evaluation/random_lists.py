"""What titles drawn blindly score under the released evaluation and the audited one: exactly, without drawing any.

A list is a sample of the titles that its user has not seen, in random order. The re-ranker sorts it by similarity with
the references and keeps the order of equals. So the first place goes to a group of equally similar titles with the
probability that the sample has one of the group and none that is more similar; every title of the group is as likely.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from dualrec.evaluation.released import KS, Protocol, Truth, targets_left
from dualrec.types import Sequences


def expected_hits(
    truth: Truth,
    hints: np.ndarray,
    closed: Sequences,
    vectors: np.ndarray,
    protocols: Mapping[frozenset[str], Protocol],
    length: int,
) -> dict[frozenset[str], pd.DataFrame]:
    """Protocol -> the probabilities of HR@1 and HR@5 for every user who is left under it; index user_id.

    The sample of users is left out: it changes no expectation. Nobody leaves for want of a readable title.

    hints: (n,) item indices
    closed: what each of the n users must not be recommended
    vectors: float32 (N + 1, dim) unit sentence vectors of the catalogue's titles
    length: titles of a list, at most 5
    """
    lowered = [title.lower() for title in truth.titles]
    items = np.arange(1, len(truth.titles))
    left = {turned: targets_left(truth, protocol) for turned, protocol in protocols.items()}
    found: dict[frozenset[str], list[tuple[float, float]]] = {turned: [] for turned in protocols}
    for row in range(len(truth.users)):  # users outside: what is alike is found once for all protocols
        unseen = np.setdiff1d(items, closed.sequence(row))
        true_titles = [lowered[item] for item in truth.targets[row]]
        alike = process.cdist([lowered[item] for item in unseen], true_titles, scorer=fuzz.ratio, dtype=np.float64)
        near = vectors[unseen] @ vectors[[hints[row], *truth.targets[row]]].T  # (unseen, 1 + targets)
        for turned, protocol in protocols.items():
            targets, stays = left[turned]
            if stays[row]:
                wanted = np.flatnonzero(targets[row])
                hit = np.isin(unseen, targets[row, wanted])
                if protocol.similarity:
                    hit = np.asarray((alike[:, wanted] >= 100 * protocol.similarity).any(axis=1))
                compared_with = [0, *(1 + wanted if protocol.truth_in_references else [])]
                found[turned].append(_chances(near[:, compared_with].max(axis=1).round(5), hit, length))
    columns = [f"HR@{k}" for k in KS]
    return {
        turned: pd.DataFrame(rows, index=pd.Index(truth.users[left[turned][1]], name="user_id"), columns=columns)
        for turned, rows in found.items()
    }


def _chances(closest: np.ndarray, hit: np.ndarray, length: int) -> tuple[float, float]:
    """Probability that a hit stands first, and that there is one at all.

    closest: (titles,) similarity of every title with its best reference
    hit: bool (titles,)
    """
    _, group = np.unique(-closest, return_inverse=True)  # the most similar first
    sizes, hits = np.bincount(group), np.bincount(group, weights=hit)
    before = np.cumsum(sizes) - sizes
    first = _none_of(before, len(hit), length) - _none_of(before + sizes, len(hit), length)
    return float((first * hits / sizes).sum()), float(1 - _none_of(hit.sum(), len(hit), length))


def _none_of(some: np.ndarray | int, titles: int, length: int) -> np.ndarray:
    """Probability that a sample of so many titles has none of some: the product of (titles - some - j)/(titles - j)."""
    drawn = np.arange(min(length, titles))
    return (np.clip(titles - np.asarray(some)[..., None] - drawn, 0, None) / (titles - drawn)).prod(axis=-1)
