"""The kinds of vectors by which a study's items may be read: their sizes, what they depend on, what is kept."""

from dataclasses import replace
from typing import get_args, get_type_hints

import numpy as np
import pytest

from dualrec.config import ItemConfig, LSTMConfig, SASRecConfig
from dualrec.systems.item_features import BY_LANGUAGE_MODEL, KINDS, network_vectors
from dualrec.systems.sequence_models import network_key


@pytest.fixture
def read_study(study, tiny_folder):
    """The toy study with made-up sentence vectors and a small language model."""
    study.title_vectors = np.random.default_rng(0).normal(size=(31, 6)).astype(np.float32)
    study.title_vectors[0] = 0
    llm = replace(study.profile.llm, model=str(tiny_folder))
    return replace_with(study, replace(study.profile, llm=llm))


def replace_with(study, profile):
    changed = replace(study, profile=profile)
    changed.title_vectors = study.title_vectors
    return changed


def test_every_kind_that_settings_may_name_is_there():
    named = set(get_args(get_type_hints(ItemConfig)["title_side"]))
    assert named == KINDS.keys() | {"words"} and KINDS.keys() >= set(BY_LANGUAGE_MODEL)


@pytest.mark.parametrize("config", [LSTMConfig(), LSTMConfig(title_dim=0, title_side="sbert"), SASRecConfig()])
def test_who_reads_no_vectors_gets_none(study, config):
    assert network_vectors(study, config, 0) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_each_item_a_vector_and_padding_none(read_study, kind):
    config = LSTMConfig(title_side=kind, title_layers=1)
    vectors = network_vectors(read_study, config, 0)
    assert vectors.dtype == np.float32 and vectors.shape[0] == 31 and not vectors[0].any()
    assert np.isfinite(vectors).all() and len(np.unique(vectors[1:], axis=0)) == 30
    if kind in BY_LANGUAGE_MODEL:
        np.testing.assert_allclose(np.linalg.norm(vectors[1:], axis=1), 1, rtol=1e-3)
        np.testing.assert_array_equal(np.round(vectors, 4), vectors)
    np.testing.assert_array_equal(network_vectors(read_study, config, 0), vectors)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_drawn_is_drawn_anew_with_each_seed(read_study, kind):
    config = LSTMConfig(title_side=kind)
    first, second = (network_vectors(read_study, config, seed) for seed in (0, 1))
    assert np.array_equal(first, second) == (kind not in {"permuted", "gaussian", "random_weights"})


def test_layers_are_chosen_of_what_has_any(read_study):
    for kind in KINDS:
        one, two = (network_vectors(read_study, LSTMConfig(title_side=kind, title_layers=n), 0) for n in (1, 2))
        assert np.array_equal(one, two) == (kind not in {"language_model", "random_weights"}), kind


def test_the_language_model_reads_the_titles_once(read_study, monkeypatch):
    from dualrec.llm import local

    config = LSTMConfig(title_side="language_model", title_layers=1)
    first = network_vectors(read_study, config, 0)
    monkeypatch.setattr(local, "load_llm", lambda *_: pytest.fail("it has read them"))
    np.testing.assert_array_equal(network_vectors(read_study, config, 1), first)


def test_other_vectors_are_another_network(read_study):
    keys = set()
    for kind in KINDS:
        lstm = replace(read_study.profile.lstm, title_side=kind)
        keys.add(
            network_key(replace_with(read_study, replace(read_study.profile, lstm=lstm)), "lstm", 0, read_study.split)
        )
    assert len(keys) == len(KINDS)
