"""Re-ranking: another order for the same candidates, by similarity to the hint, diversity or a second model."""

from __future__ import annotations

from typing import Protocol

from dualrec.types import Hints, RankedLists


class Reranker(Protocol):
    """Anything that puts lists in another order; write a function with these two arguments to add one of your own.

    The study's is `functools.partial(similarity.rerank_by_hint, vectors=study.title_vectors)`. No target reaches it.
    """

    def __call__(self, lists: RankedLists, hints: Hints) -> RankedLists:
        """The same items of every list in another order, -1 (nothing valid) last.

        lists: one per case
        hints: the sequence model's best items per case
        """
        ...
