"""(e) Sentence-BERT re-ranking with vectors computed once, against encoding titles and hint anew for every user."""

from __future__ import annotations

import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.material import Material
from benchmarks.measure import in_turns, letter
from dualrec.data.title_vectors import load_encoder
from dualrec.rerank.similarity import rerank_by_hint
from dualrec.types import RankedLists


def reranking(
    material: Material,
    encoder: SentenceTransformer | None = None,
    k: int = 10,
    users: int = 300,
    encoded: int = 8,
    repetitions: int = 3,
) -> dict:
    """Users per second. The vectors of the catalogue's titles are there, as they are for every user after the first.

    encoder: the profile's, loaded where it is not given
    k: length of a list
    users: whose lists are re-ranked with the vectors that are there
    encoded: users for whom titles and hint are encoded anew
    """
    study = material.study
    histories = material.histories(users)
    encoder = encoder or load_encoder(study.profile.rerank.encoder)
    vectors = study.title_vectors
    hints = material.hints(histories, k)
    lists = RankedLists(hints.items)

    def anew() -> None:
        for row in range(encoded):
            encode_and_order(encoder, study.catalogue.titles, lists.items[row], int(hints.items[row, 0]))

    ours, baseline = in_turns(lambda: rerank_by_hint(lists, hints, vectors), anew, repetitions)
    facts = {"k": k, "users": [users, encoded]}
    return letter("e", "SBERT re-ranking", users / ours, encoded / baseline, "users/s", 50, **facts)


def encode_and_order(encoder: SentenceTransformer, titles: list[str], items: np.ndarray, hint: int) -> np.ndarray:
    """The items of one list in the order of `rerank_by_hint`, from titles alone."""
    texts = [titles[item] for item in [hint, *items]]
    vectors = encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return items[np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")]
