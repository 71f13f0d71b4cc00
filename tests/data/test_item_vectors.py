"""Fixed vectors of items by hand: words, years, permutations, random directions, principal components."""

import numpy as np
import pytest

from dualrec.data.item_vectors import (
    centred,
    gaussian,
    permuted,
    principal_components,
    tfidf_vectors,
    year_columns,
)

VECTORS = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


def test_a_year_is_a_number_and_a_column_of_its_own():
    columns = year_columns(np.array([0, 1990, 1994, 0, 1990, 1998]))  # mean 1993, deviation 3.3166
    expected = [[0] * 4, [-0.9045, 1, 0, 0], [0.3015, 0, 1, 0], [0] * 4, [-0.9045, 1, 0, 0], [1.5076, 0, 0, 1]]
    np.testing.assert_allclose(columns, expected, atol=1e-4)
    assert year_columns(np.zeros(3, np.int64)).tolist() == [[0.0]] * 3
    assert year_columns(np.array([0, 1990])).tolist() == [[0, 0], [0, 1]], "a single year is no deviation"


def test_words_are_weighed_by_how_few_titles_have_them():
    """With all directions kept, products of vectors are those of the weighed words."""
    titles = ["", "Heat Wave", "heat", "Cold Wave", "Night Train Home"]
    both, own = np.log(5 / 3) + 1, np.log(5 / 2) + 1  # a word of two titles, of one
    length = np.hypot(both, both), np.hypot(own, both)
    vectors = tfidf_vectors(titles, width=4)
    assert vectors.shape == (5, 4) and vectors.dtype == np.float32 and not vectors[0].any()
    products = vectors @ vectors.T
    assert products[1, 2] == pytest.approx(both / length[0], abs=1e-6)  # heat wave, heat
    assert products[1, 3] == pytest.approx(both * both / (length[0] * length[1]), abs=1e-6)  # heat wave, cold wave
    assert products[2, 3] == pytest.approx(0, abs=1e-6) and products[4, 4] == pytest.approx(1)
    assert tfidf_vectors(titles, width=2).shape == (5, 2)


def test_centred_vectors_have_no_direction_in_common():
    raw = np.array([[9, 9], [3, 1], [3, -1], [5, 0]], float)  # mean (11/3, 0)
    found = centred(raw)
    assert not found[0].any()
    np.testing.assert_allclose(found[1], np.array([-2 / 3, 1]) / np.hypot(2 / 3, 1), rtol=1e-6)
    np.testing.assert_allclose(found[3], [1, 0], atol=1e-6)


def test_a_permutation_moves_whole_vectors_and_never_the_padding():
    found = permuted(VECTORS, seed=1)
    assert np.array_equal(found[0], VECTORS[0]) and not np.array_equal(found, VECTORS)
    assert sorted(map(tuple, found[1:])) == sorted(map(tuple, VECTORS[1:]))
    assert np.array_equal(found, permuted(VECTORS, seed=1)) and not np.array_equal(found, permuted(VECTORS, seed=2))


def test_random_directions_have_unit_length():
    found = gaussian((400, 8), seed=1)
    assert not found[0].any() and found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found[1:], axis=1), 1, rtol=1e-6)
    assert np.abs(found[1:].mean(axis=0)).max() < 0.08, "no direction is favoured"
    assert np.array_equal(found, gaussian((400, 8), seed=1)) and not np.array_equal(found, gaussian((400, 8), seed=2))


def test_components_of_points_on_a_line_are_their_places():
    along = np.array([0.6, 0.8])
    places = np.array([0, -1, 0, 1, 4.0])  # mean 1, less which they are -2, -1, 0, 3
    vectors = (places[:, None] * along).astype(np.float32)
    components = principal_components(vectors, 2)
    np.testing.assert_allclose(components, [[0], [-2], [-1], [0], [3]], atol=1e-6)
    standardised = principal_components(vectors, 2, standardised=True)
    np.testing.assert_allclose(standardised[1:, 0], np.array([-2, -1, 0, 3]) / np.sqrt(14 / 4), atol=1e-6)


def test_components_are_uncorrelated_the_widest_first():
    components = principal_components(VECTORS, 3)[1:]
    covariance = np.cov(components.T, bias=True)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-6)
    assert (np.diff(np.diag(covariance)) < 0).all()
    whole = principal_components(VECTORS, 99)
    assert whole.shape == (12, 5), "as many as there are dimensions"
    apart = VECTORS[1:] - VECTORS[1:].mean(axis=0)
    np.testing.assert_allclose(whole[1:] @ whole[1:].T, apart @ apart.T, atol=1e-5)
