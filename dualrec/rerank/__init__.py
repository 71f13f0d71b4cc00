"""Re-ranking: Sentence-BERT similarity and diversity."""

from __future__ import annotations

from typing import Protocol

from dualrec.types import Hints, RankedLists


class Reranker(Protocol):
    """Anything that puts lists in another order; write a function with these two arguments to add one of your own.

    `functools.partial(sbert.rerank_by_hint, vectors=study.title_vectors)` is the study's. No target is handed over.
    """

    def __call__(self, lists: RankedLists, hints: Hints) -> RankedLists:
        """The same items of every list in another order, -1 (nothing valid) last; hints: the sequence model's best, per list."""
        ...
