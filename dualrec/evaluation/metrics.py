"""Metrics, computed from a ledger alone or with facts about the catalogue.

Every user has one target. A place without a valid item is a miss, and so is every place a short list does not have.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import as_lists
from dualrec.evaluation.ranks import KS, first_hits, rank_metrics
from dualrec.evaluation.statistics import bootstrap_intervals
from dualrec.types import RankedLists


def per_user(ledger: pd.DataFrame, ks: tuple[int, ...] = KS) -> pd.DataFrame:
    """Metrics of every user: HR@k and NDCG@k for every k, MRR and fill; index user_id, in the ledger's order.

    HR@k: 1 where the target is among the first k, else 0
    NDCG@k: 1 / log2(rank + 1) of the target where rank <= k, else 0 (one target, so the ideal gain is 1)
    MRR: 1 / rank of the target, 0 where it is not in the list
    fill: share of the list's places that hold a valid item
    """
    users, targets, items, valid = as_lists(ledger)
    rank = first_hits(valid & (items == targets[:, None]))
    columns = rank_metrics(rank, ks) | {"fill": valid.mean(axis=1)}
    return pd.DataFrame(columns, index=pd.Index(users, name="user_id"))


def genre_jaccard_top1(ledger: pd.DataFrame, ids: np.ndarray, genres: np.ndarray) -> pd.Series:
    """Per user, the overlap of the first item's genres with the target's: shared genres / all genres of the two.

    1 for a hit, 0 where the first place holds nothing valid or neither item has a genre.

    ids: (N + 1,) original item ids, int64 or text, row 0 is padding
    genres: (N + 1, G) multi-hot, row 0 is padding
    """
    users, targets, items, valid = as_lists(ledger)
    first = items[:, 0]
    target = genres[_index(ids, targets)] > 0
    top = genres[_index(ids, np.where(valid[:, 0], first, targets))] > 0
    jaccard = (top & target).sum(axis=1) / np.maximum((top | target).sum(axis=1), 1)
    jaccard = np.where(first == targets, 1, jaccard)
    return pd.Series(np.where(valid[:, 0], jaccard, 0.0), index=pd.Index(users, name="user_id"), name="genre_jaccard@1")


def intra_list_diversity(ledger: pd.DataFrame, ids: np.ndarray, embeddings: np.ndarray, k: int = 10) -> pd.Series:
    """Per user, the mean of 1 - cosine over all pairs of valid items among the first k; NaN for fewer than two.

    Source: Ziegler et al. (2005), Improving Recommendation Lists Through Topic Diversification, WWW.

    ids: (N + 1,) original item ids, int64 or text, row 0 is padding
    embeddings: (N + 1, d) unit rows, row 0 is padding
    """
    users, _, items, valid = as_lists(ledger)
    valid = valid[:, :k]
    rows = np.zeros(valid.shape, np.int64)
    rows[valid] = _index(ids, items[:, :k][valid])
    total = np.zeros((len(users), embeddings.shape[1]))
    for place in range(valid.shape[1]):  # place by place: (n, k, d) would not fit for many users
        total += np.where(valid[:, place, None], embeddings[rows[:, place]], 0)
    count = valid.sum(axis=1)
    # The squared length of a sum of unit vectors is their number plus twice the cosines of all pairs.
    cosines = ((total**2).sum(axis=1) - count) / 2
    pairs = count * (count - 1) / 2
    diversity = np.divide(cosines, -pairs, out=np.full(len(users), np.nan), where=pairs > 0) + 1
    return pd.Series(diversity, index=pd.Index(users, name="user_id"), name=f"diversity@{k}")


def coverage(ledger: pd.DataFrame, n_items: int, k: int = 10) -> float:
    """Share of the catalogue's n_items that is among the first k of at least one user."""
    _, _, items, valid = as_lists(ledger)
    return len(np.unique(items[:, :k][valid[:, :k]])) / n_items


def fates(lists: RankedLists) -> pd.DataFrame:
    """Per case, what became of the titles a language model wrote: shares listed, seen, duplicate and invalid, in sum 1.

    NaN for a case without a written title.

    lists: with counts as `llm.grounding` returns them
    """
    counts = pd.DataFrame({fate: lists.counts[fate] for fate in ("seen", "duplicate", "invalid")})
    written = pd.Series(lists.counts["written"]).replace(0, np.nan)
    shares = counts.div(written, axis=0)
    shares.insert(0, "listed", 1 - shares.sum(axis=1, skipna=False))
    return shares


def summarise(
    ledger: pd.DataFrame,
    ids: np.ndarray | None = None,
    genres: np.ndarray | None = None,
    embeddings: np.ndarray | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> dict:
    """Every metric with its 95 % interval: {"n", "k", "metrics": {metric: {"value", "low", "high", "n"}}}.

    Intervals are those of `statistics.bootstrap_intervals`. Coverage has none (bounds NaN): it belongs to the set of
    users as a whole, and fewer distinct users, as in every resample, always cover less.

    ids: (N + 1,) original item ids; with them coverage@10 is among the metrics
    genres: (N + 1, G) multi-hot; with them and ids genre_jaccard@1 is
    embeddings: (N + 1, d) unit rows; with them and ids diversity@10 is
    resamples: how often users are drawn
    seed: of these draws
    """
    frame = per_user(ledger)
    if ids is not None and genres is not None:
        frame = frame.join(genre_jaccard_top1(ledger, ids, genres))
    if ids is not None and embeddings is not None:
        frame = frame.join(intra_list_diversity(ledger, ids, embeddings))
    metrics = bootstrap_intervals(frame.sort_index(), resamples, seed)
    if ids is not None:
        whole = {"value": coverage(ledger, len(ids) - 1), "low": np.nan, "high": np.nan, "n": len(frame)}
        metrics["coverage@10"] = whole
    return {"n": len(frame), "k": int(ledger["rank"].to_numpy().max()), "metrics": metrics}


def _index(ids: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Item indices of original ids.

    ids: (N + 1,) original id by item index
    original: ids to look up

    Raises StudyError for an id that is not there.
    """
    index = pd.Index(ids[1:]).get_indexer(original) + 1
    if (index == 0).any():
        unknown = original[index == 0][0]
        raise StudyError(f"item {unknown} of the ledger is not in the catalogue; use the catalogue it was made with")
    return index
