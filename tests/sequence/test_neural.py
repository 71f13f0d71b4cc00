"""The networks under the sequence models' interface: weights on disk, and targets that cannot be seen."""

import dataclasses

import numpy as np
import pytest

from dualrec.config import LSTMConfig, SASRecConfig
from dualrec.sequence.base import hints_from_scores, top_k
from dualrec.sequence.markov import Markov
from dualrec.sequence.neural import NeuralRecommender
from dualrec.sequence.popularity import Popularity
from dualrec.types import Cases, Sequences

SMALL = LSTMConfig(id_dim=8, title_dim=4, genre_dim=4, hidden=(12, 6), dense=10, batch_size=2, epochs=2)
ATTENTION = SASRecConfig(dim=8, batch_size=2, epochs=2)
TRAIN = Sequences.from_lists(range(4), [[1, 2, 3], [2, 3, 4, 5], [8, 1, 2], [6, 7]])
VALIDATION = Cases(TRAIN, np.array([4, 6, 3, 8]))
VECTORS = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)


def recommender(catalogue, config, seed=0) -> NeuralRecommender:
    return NeuralRecommender(catalogue, VECTORS, config, seed, None)


@pytest.mark.parametrize(
    "config",
    [SMALL, dataclasses.replace(SMALL, title_side="sbert", tied=True), ATTENTION],
    ids=["paper", "improved", "sasrec"],
)
def test_saved_weights_score_alike(tmp_path, toy_catalogue, config):
    model = recommender(toy_catalogue, config).fit(TRAIN, VALIDATION)
    model.save(tmp_path)
    again = recommender(toy_catalogue, config, seed=1)
    assert not np.array_equal(again.scores(TRAIN), model.scores(TRAIN))
    again.load(tmp_path)
    np.testing.assert_array_equal(again.scores(TRAIN), model.scores(TRAIN))
    assert again.history == model.history and len(model.history) == 2 and again.seconds > 0
    assert {p.suffix for p in tmp_path.iterdir()} == {".safetensors", ".json"}


def test_the_seed_decides_the_first_weights(toy_catalogue):
    first, same, other = (recommender(toy_catalogue, SMALL, seed).scores(TRAIN) for seed in (0, 0, 1))
    assert np.array_equal(first, same) and not np.array_equal(first, other)


@pytest.mark.parametrize("name", ["popularity", "markov", "sasrec", "lstm"])
def test_sentinel_targets_change_nothing(toy_catalogue, name):
    """Scores, lists and hints of test cases are the same whatever their targets are."""
    networks = {"sasrec": recommender(toy_catalogue, ATTENTION), "lstm": recommender(toy_catalogue, SMALL)}
    models = {"popularity": Popularity(8), "markov": Markov(8)} | networks
    model = models[name].fit(TRAIN, VALIDATION)
    cases = [Cases(TRAIN, np.full(4, target)) for target in (7, 8)]
    scores = [model.scores(case.history) for case in cases]
    np.testing.assert_array_equal(*scores)
    np.testing.assert_array_equal(*(top_k(s, 3).items for s in scores))
    np.testing.assert_array_equal(*(hints_from_scores(s, 2).probabilities for s in scores))
    with pytest.raises(AttributeError):
        model.scores(cases[0])  # a case is no history: a target cannot even be handed over


@pytest.mark.parametrize("name", ["popularity", "markov"])
def test_counting_models_ignore_validation_targets(name):
    model = {"popularity": Popularity, "markov": Markov}[name]
    first, second = (model(8).fit(TRAIN, Cases(TRAIN, np.full(4, t))).scores(TRAIN) for t in (7, 8))
    np.testing.assert_array_equal(first, second)
