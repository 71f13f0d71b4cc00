"""Fixed vectors of items that take no language model: words and years, drawn at random, and what is made of others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

SPARE = 32  # directions that are followed beside those that are wanted
ITERATIONS = 8


def year_columns(years: np.ndarray) -> np.ndarray:
    """float32 (N + 1, 1 + Y): the year in standard deviations from the mean, then a column per year that occurs.

    The first lets neighbouring years share what is learned, the others set one year apart from the next. An item
    without a year has zeros.

    years: int64 (N + 1,), 0 = missing
    """
    known = years > 0
    distinct, column = np.unique(years[known], return_inverse=True)
    columns = np.zeros((len(years), 1 + len(distinct)), np.float32)
    if known.any():
        columns[known, 0] = (years[known] - years[known].mean()) / max(years[known].std(), 1e-9)
        columns[np.flatnonzero(known), 1 + column] = 1
    return columns


def tfidf_vectors(titles: Sequence[str], width: int) -> np.ndarray:
    """float32 (N + 1, d): the titles' words weighed by TF-IDF, in their `width` main directions.

    Latent semantic analysis (Deerwester et al. 1990, Journal of the American Society for Information Science 41(6));
    the inverse frequency is log((1 + N) / (1 + n)) + 1 for a word of n titles. A year in a title is a word. A title has
    length 1 before, and less after: what is lost are words that hardly any other has.

    titles: of items 0..N; those without a word have zeros
    width: d, or fewer where the titles have fewer directions
    """
    counts = [Counter(re.findall(r"\w+", title.casefold())) for title in titles]
    names = sorted(set().union(*counts))
    column = {name: i for i, name in enumerate(names)}
    rows = np.repeat(np.arange(len(titles)), list(map(len, counts)))
    columns = np.array([column[name] for count in counts for name in count], np.int64)
    values = np.array([times for count in counts for times in count.values()], float)
    in_titles = np.bincount(columns, minlength=len(names))
    weights = values * (np.log(len(titles) / (1 + in_titles)) + 1)[columns]  # N = len(titles) - 1
    lengths = np.sqrt(np.bincount(rows, weights**2, minlength=len(titles)))
    size = len(titles), len(names)
    matrix = csr_matrix((weights / lengths[rows], (rows, columns)), size)
    vectors = _main_coordinates(matrix, size, min(width, *size))
    return np.where(lengths[:, None] > 0, vectors, 0).astype(np.float32)


def centred(vectors: np.ndarray) -> np.ndarray:
    """float32 (N + 1, d): vectors less their mean over all items, of unit length; row 0 zero.

    The states of a language model share most of their length with each other (Ethayarajh 2019, EMNLP): what tells two
    titles apart is what remains without it.

    vectors: (N + 1, d)
    """
    apart = np.zeros(vectors.shape)
    apart[1:] = vectors[1:] - vectors[1:].mean(axis=0, dtype=float)
    return _of_unit_length(apart).astype(np.float32)


def permuted(vectors: np.ndarray, seed: int) -> np.ndarray:
    """(N + 1, d): the same vectors, each at an item drawn at random; row 0 stays.

    vectors: (N + 1, d)
    seed: of the draw
    """
    order = 1 + np.random.default_rng(seed).permutation(len(vectors) - 1)
    return vectors[np.concatenate([[0], order])]


def gaussian(shape: tuple[int, int], seed: int) -> np.ndarray:
    """float32 (N + 1, d): directions drawn at random, of unit length; row 0 zero.

    shape: (N + 1, d)
    seed: of the draw
    """
    drawn = np.random.default_rng(seed).normal(size=shape)
    drawn[0] = 0
    return _of_unit_length(drawn).astype(np.float32)


def principal_components(vectors: np.ndarray, width: int, standardised: bool = False) -> np.ndarray:
    """float32 (N + 1, width): coordinates on the axes of most variance, the largest first; row 0 zero.

    Where the vectors have fewer dimensions, or fewer axes along which they differ, there are as many columns as that.
    An axis points to where its largest weight is positive.

    vectors: (N + 1, d)
    width: number of axes
    standardised: every column has variance 1 over the items, as AlphaFuse has it (Hu et al. 2025, arXiv 2504.19218)
    """
    apart = vectors[1:].astype(float) - vectors[1:].mean(axis=0, dtype=float)
    variances, axes = np.linalg.eigh(apart.T @ apart / len(apart))
    best = np.argsort(-variances)[:width]
    best = best[variances[best] > 1e-9 * variances.max()]
    coordinates = np.zeros((len(vectors), len(best)))
    coordinates[1:] = apart @ _with_fixed_signs(axes[:, best])
    if standardised:
        coordinates /= np.sqrt(variances[best])
    return coordinates.astype(np.float32)


def _main_coordinates(matrix: csr_matrix, size: tuple[int, int], width: int) -> np.ndarray:
    """float64 (n, width): rows of a sparse matrix along its right singular vectors, those of the largest values first.

    By subspace iteration from a fixed start (Halko et al. 2011, SIAM Review 53(2), algorithm 4.4): scipy's solver
    begins anew at random within a call, and where singular values are equal each call gives other vectors.

    matrix: (n, m), as `size` says
    width: at most n and m
    """
    basis = np.random.default_rng(0).normal(size=(size[1], min(width + SPARE, *size)))
    for _ in range(ITERATIONS):
        basis = np.linalg.qr(matrix.T @ np.linalg.qr(matrix @ basis)[0])[0]
    left, sizes, _ = np.linalg.svd(matrix @ basis, full_matrices=False)
    return _with_fixed_signs(left[:, :width]) * sizes[:width]


def _with_fixed_signs(columns: np.ndarray) -> np.ndarray:
    """Columns, each turned so that its largest entry is positive: which way an axis points is a library's choice."""
    largest = np.abs(columns).argmax(axis=0)
    return columns * np.where(columns[largest, np.arange(columns.shape[1])] < 0, -1, 1)


def _of_unit_length(vectors: np.ndarray) -> np.ndarray:
    """Rows divided by their lengths; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
