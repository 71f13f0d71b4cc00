"""Sentence-BERT vectors of all titles, computed once and kept by hash."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file
from tqdm import TqdmWarning

from dualrec.core.artifacts import cached
from dualrec.core.assets import ASSETS, verified_asset
from dualrec.core.fingerprint import cache_key
from dualrec.core.timing import spent
from dualrec.data.catalogue import Catalogue

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


DECIMALS = 6  # of a vector: far more than float64 loses on any processor, and as many as float32 keeps


def load_encoder(name: str) -> SentenceTransformer:
    """The embedded sentence encoder by name, or any sentence-transformers folder or hub id, in float64."""
    # the warning asks for a notebook widget, for progress bars that are never shown
    with warnings.catch_warnings(action="ignore", category=TqdmWarning):
        from sentence_transformers import SentenceTransformer  # here, since it takes seconds to import
    return SentenceTransformer(str(verified_asset(name)) if name in ASSETS else name).double()


@spent("reading")
def encode_titles(encoder: str, titles: Sequence[str]) -> np.ndarray:
    """float32 (n, d): unit vectors, the same on every processor.

    Processors differ in the last digits of a sum. In float64 these lie so far behind the ones that are kept that
    rounding takes them away; in float32 they would reach what an LSTM reads, and move it as another seed does.

    encoder: as `load_encoder` takes it
    """
    vectors = load_encoder(encoder).encode(
        list(titles), batch_size=128, normalize_embeddings=True, show_progress_bar=False
    )
    return np.round(vectors, DECIMALS).astype(np.float32)


def title_vectors(catalogue: Catalogue, encoder: str, folder: Path) -> np.ndarray:
    """float32 (N + 1, d): a unit vector for every title, row 0 zero.

    encoder: as `load_encoder` takes it
    folder: where they are kept, so that they are computed once
    """

    def build() -> np.ndarray:
        vectors = encode_titles(encoder, catalogue.titles[1:])
        return np.vstack([np.zeros_like(vectors[:1]), vectors])

    identity = ASSETS[encoder].files if encoder in ASSETS else encoder
    return cached(
        folder,
        cache_key(catalogue.titles, identity, code=sys.modules[__name__], libraries=("sentence-transformers",)),
        build,
        save=lambda value, path: save_file({"vectors": value}, path / "vectors.safetensors"),
        load=lambda path: load_file(path / "vectors.safetensors")["vectors"],
    )
