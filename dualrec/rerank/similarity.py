"""Sentence-BERT: title embeddings, computed once and kept by hash, and re-ranking by similarity to the hint.

Paper, validator stage. The released code also compares with the true titles; here the hint is the only reference.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file
from tqdm import TqdmWarning

from dualrec.core.artifacts import cached, fingerprint
from dualrec.core.assets import ASSETS, verified_asset
from dualrec.data.catalogue import Catalogue
from dualrec.types import Hints, RankedLists

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_encoder(name: str) -> SentenceTransformer:
    """The embedded sentence encoder by name, or any sentence-transformers folder or hub id."""
    with warnings.catch_warnings(action="ignore", category=TqdmWarning):  # wants a notebook widget for bars that are not shown
        from sentence_transformers import SentenceTransformer  # here, since it takes seconds to import
    return SentenceTransformer(str(verified_asset(name)) if name in ASSETS else name)


def title_vectors(catalogue: Catalogue, encoder: str, folder: Path) -> np.ndarray:
    """float32 (N + 1, d): unit vectors of all titles, row 0 zero; kept under `folder`."""

    def build() -> np.ndarray:
        vectors = load_encoder(encoder).encode(catalogue.titles[1:], batch_size=128, normalize_embeddings=True, show_progress_bar=False)
        return np.vstack([np.zeros((1, vectors.shape[1])), vectors]).astype(np.float32)

    identity = ASSETS[encoder].files if encoder in ASSETS else encoder
    return cached(
        folder,
        fingerprint(catalogue.titles, identity),
        build,
        save=lambda value, path: save_file({"vectors": value}, path / "vectors.safetensors"),
        load=lambda path: load_file(path / "vectors.safetensors")["vectors"],
    )


def rerank_by_hint(lists: RankedLists, hints: Hints, vectors: np.ndarray) -> RankedLists:
    """Order every list by cosine similarity to the title of the first hint; ties keep their order, gaps stay last.

    lists: (n, K) items; hints: (n, h) items; vectors: (N + 1, d) unit rows
    """
    similarity = np.einsum("nkd,nd->nk", vectors[np.maximum(lists.items, 0)], vectors[hints.items[:, 0]])  # (n, K)
    similarity = np.where(lists.items < 0, -np.inf, similarity).astype(np.float32)
    order = np.argsort(-similarity, axis=1, kind="stable")
    items = np.take_along_axis(lists.items, order, axis=1)
    scores = np.take_along_axis(similarity, order, axis=1)
    return RankedLists(items, np.where(items < 0, np.nan, scores), lists.raw, lists.counts)
