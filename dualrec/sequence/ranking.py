"""What is read off a model's scores: lists, hints and ranks, batch by batch, so that nobody holds all users' scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from dualrec.evaluation.ranks import ndcg
from dualrec.sequence.base import hints_from_scores, target_ranks, top_k
from dualrec.types import Cases, Hints, RankedLists, Sequences

BATCH_BYTES = 64 * 2**20  # float32 scores of one batch of users, at most


class Scorer(Protocol):
    """What can be ranked with: every fitted `SequenceModel` is one."""

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1), as `SequenceModel.scores`."""
        ...


def best_lists(model: Scorer, histories: Sequences, k: int) -> RankedLists:
    """The k best items of each of the n users, see `base.top_k`.

    k: length of the lists
    """
    return joined([top_k(scores, k) for _, scores in in_batches(model, histories)])


def best_hints(model: Scorer, histories: Sequences, n: int) -> Hints:
    """The n best items of each user with their probabilities, see `base.hints_from_scores`.

    n: hints per user
    """
    hints = [hints_from_scores(scores, n) for _, scores in in_batches(model, histories)]
    return Hints(np.concatenate([h.items for h in hints]), np.concatenate([h.probabilities for h in hints]))


def ranks_of_targets(model: Scorer, cases: Cases) -> np.ndarray:
    """int64 (n,): the 1-based rank of each target among all items, see `base.target_ranks`."""
    return np.concatenate(
        [target_ranks(scores, cases.targets[rows]) for rows, scores in in_batches(model, cases.history)]
    )


def ndcg_at_10(model: Scorer, cases: Cases) -> float:
    """Mean NDCG@10 of the targets among all items."""
    return float(ndcg(ranks_of_targets(model, cases), 10).mean())


def in_batches(model: Scorer, histories: Sequences) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of users, in order, and the model's scores for them, float32 (rows, N + 1): BATCH_BYTES of them at a time.

    How many items the model scores is asked of the first user alone.
    """
    if len(histories) < 2:
        yield slice(0, len(histories)), model.scores(histories)
        return
    width = model.scores(histories.take([0])).shape[1]
    for rows in row_batches(len(histories), width):
        yield rows, model.scores(histories.take(rows))


def row_batches(n: int, width: int) -> Iterator[slice]:
    """The rows 0 to n - 1, in order, in batches whose float32 scores take BATCH_BYTES at most, or of a single row.

    width: scores of a row, N + 1
    """
    size = max(1, BATCH_BYTES // (4 * width))
    for start in range(0, max(n, 1), size):
        yield slice(start, min(start + size, n))


def joined(batches: list[RankedLists]) -> RankedLists:
    """The lists of batches of users, at least one, as those of all of them.

    batches: lists with scores, all of the same length
    """
    scores = [lists.scores for lists in batches if lists.scores is not None]
    return RankedLists(np.concatenate([lists.items for lists in batches]), np.concatenate(scores))
