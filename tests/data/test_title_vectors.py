"""Vectors of titles: unit length, one a title, computed once."""

import numpy as np
import pytest

from dualrec.core.parallel import limit_threads
from dualrec.data import title_vectors as module
from dualrec.data.title_vectors import encode_titles, title_vectors


@pytest.fixture
def encoder(monkeypatch):
    """An encoder that gives every text a unit vector of its own, with a list of the calls."""

    class Encoder:
        calls: list[list[str]] = []

        def encode(self, texts, batch_size, normalize_embeddings, show_progress_bar):
            assert normalize_embeddings
            self.calls.append(list(texts))
            vectors = np.stack([np.random.default_rng(list(text.encode())).normal(size=4) for text in texts])
            return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    made = Encoder()
    monkeypatch.setattr(module, "load_encoder", lambda name: made)
    return made


def test_every_title_has_a_vector_and_padding_has_none(encoder, toy_catalogue, tmp_path, spends):
    with spends("reading"):
        vectors = title_vectors(toy_catalogue, "some", tmp_path)
    assert vectors.dtype == np.float32 and vectors.shape == (len(toy_catalogue) + 1, 4)
    assert not vectors[0].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[1:], axis=1), 1, rtol=1e-6)
    assert encoder.calls == [toy_catalogue.titles[1:]]


def test_they_are_kept_until_titles_or_encoder_change(encoder, toy_catalogue, tmp_path):
    vectors = title_vectors(toy_catalogue, "some", tmp_path)
    np.testing.assert_array_equal(title_vectors(toy_catalogue, "some", tmp_path), vectors)
    assert len(encoder.calls) == 1
    title_vectors(toy_catalogue, "another", tmp_path)
    toy_catalogue.titles[1] = "Another (1995)"
    title_vectors(toy_catalogue, "another", tmp_path)
    assert len(encoder.calls) == 3


@pytest.mark.slow
def test_the_real_encoder_places_related_titles_together(toy_catalogue, tmp_path):
    vectors = title_vectors(toy_catalogue, "all-minilm-l6-v2", tmp_path)
    assert vectors.shape == (9, 384)
    assert vectors[2] @ vectors[7] > 0.999  # the same title twice
    assert vectors[1] @ vectors[4] > vectors[1] @ vectors[3]  # Toy Story is nearer to a fairy tale than to a postman


@pytest.mark.slow
def test_the_order_of_additions_does_not_show():
    """Batches of other shapes add up in another order, as other processors do."""
    titles = ["Heat (1995)", "The Postman (Il Postino) (1994)", "Les Misérables (1995)", "Toy Story (1995)"] * 8
    together = encode_titles("all-minilm-l6-v2", titles)
    alone = [encode_titles("all-minilm-l6-v2", [title])[0] for title in titles[:4]]
    with limit_threads(1):
        shuffled = encode_titles("all-minilm-l6-v2", titles[::-1])[::-1]
    assert together.tobytes() == np.stack(alone * 8).tobytes() == shuffled.tobytes()
