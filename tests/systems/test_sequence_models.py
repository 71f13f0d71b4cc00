"""Sequence models fitted to the study: read back, trained anew after a change, the same on any number of threads."""

import dataclasses

import numpy as np
import pytest
import torch

from dualrec.config import LSTMConfig, SplitConfig
from dualrec.data.splits import Split
from dualrec.llm.finetuning.examples import earlier_split
from dualrec.profiles.load import load_profile
from dualrec.sequence.base import hints_from_scores, target_ranks
from dualrec.sequence.neural import NeuralRecommender
from dualrec.study import open_study
from dualrec.systems import sequence_models
from dualrec.systems.names import NETWORKS
from dualrec.systems.sequence_models import fit_network, fit_sequence_model, fit_side_by_side
from dualrec.types import Cases


def test_a_fitted_model_is_read_back_and_scores_the_same(study, monkeypatch):
    first = fit_sequence_model(study, "lstm").scores(study.cases.history)
    monkeypatch.setattr(NeuralRecommender, "fit", lambda *_: pytest.fail("trained again"))
    np.testing.assert_array_equal(fit_sequence_model(study, "lstm").scores(study.cases.history), first)


def test_other_settings_or_seeds_train_anew(study, monkeypatch):
    fit_sequence_model(study, "lstm")
    trained = []
    monkeypatch.setattr(NeuralRecommender, "fit", lambda self, *_: trained.append(self.seed) or self)
    fit_sequence_model(study, "lstm", seed=1)
    study.profile = dataclasses.replace(study.profile, lstm=dataclasses.replace(study.profile.lstm, learning_rate=0.5))
    fit_sequence_model(study, "lstm")
    assert trained == [1, 0]


def test_hints_of_a_case_are_its_best_unseen_items(study):
    scores = fit_sequence_model(study, "markov").scores(study.cases.history)
    hints = hints_from_scores(scores, 2)
    assert (hints.items[:, 0] == study.cases.targets).all()
    assert (hints.probabilities[:, 0] >= hints.probabilities[:, 1]).all() and (hints.probabilities <= 1).all()


@pytest.mark.slow
def test_training_hints_are_as_good_as_test_hints_and_worse_than_hints_at_trained_positions():
    """Held-out slice against test target, both unseen by their LSTM, on all of ML-100K; and what a leak looks like."""
    study = open_study("laptop")
    config = LSTMConfig(
        hidden=(64,), id_dim=32, title_dim=16, genre_dim=16, dense=64, batch_size=16, learning_rate=5e-3, epochs=4
    )
    before = earlier_split(study.split.train, load_profile("laptop").llm.titles, SplitConfig().min_events)

    def fitted(split: Split) -> NeuralRecommender:
        model = NeuralRecommender(study.catalogue, study.title_vectors, config, 0, None)
        return model.fit(split.train, split.validation)

    def ranks(model: NeuralRecommender, cases: Cases) -> np.ndarray:
        return target_ranks(model.scores(cases.history), cases.targets)

    earlier = fitted(before)
    final = fitted(study.split)
    in_training = ranks(earlier, before.test) <= 10
    in_test = ranks(final, study.split.test) <= 10
    standard_error = np.sqrt(in_training.var() / len(in_training) + in_test.var() / len(in_test))
    assert abs(in_training.mean() - in_test.mean()) < 3 * standard_error
    assert in_test.mean() > 0.1  # the comparison is not one of two models that know nothing
    # The final LSTM was trained on the targets of the slice: it ranks the same targets higher, user by user.
    leak = np.log(ranks(earlier, before.test)) - np.log(ranks(final, before.test))
    assert leak.mean() > 3 * leak.std() / np.sqrt(len(leak))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_two_threads_train_the_same_network_again_bit_for_bit(name):
    """Gradients of an item that occurs often in a batch must not be added up in the order in which threads come by."""
    study = open_study("smoke")
    config = dataclasses.replace(getattr(study.profile, name), epochs=1)
    train, validation = study.split.train.take(range(80)), study.split.validation.take(range(20))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        networks = [
            NeuralRecommender(study.catalogue, study.title_vectors, config, 0, None).fit(train, validation).network
            for _ in range(3)
        ]
    finally:
        torch.set_num_threads(threads)
    first, *others = [network.state_dict() for network in networks]
    assert all(torch.equal(first[key], other[key]) for other in others for key in first)


@pytest.mark.slow
def test_networks_side_by_side_are_those_fitted_alone(study, toy_profile, toy_folder, tmp_path, monkeypatch, spends):
    networks = [("lstm", 0, study.split), ("lstm", 1, study.split), ("sasrec", 0, study.split)]
    wider = dataclasses.replace(study.profile, lstm=dataclasses.replace(study.profile.lstm, id_dim=24))
    another = (dataclasses.replace(study, profile=wider), "lstm", 0, study.split)
    wanted = [*((study, *network) for network in networks), another]
    with spends("reading", "training"):  # the titles are read first
        fit_side_by_side([*wanted, (study, "paper_lstm", 0, study.split)])
    assert study.profile.paper_lstm.epochs == 1
    assert not list(study.cache("lstm").parent.glob("paper_lstm*")), "not worth a process"
    monkeypatch.setattr(sequence_models, "side_by_side", lambda *_: pytest.fail("fitted again"))
    fit_side_by_side(wanted)
    assert sequence_models.fit_network(*another).config.id_dim == 24
    other = open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "alone")
    for name, seed, split in networks:
        together, alone = (fit_sequence_model(s, name, seed, split).scores(s.cases.history) for s in (study, other))
        np.testing.assert_array_equal(together, alone)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_the_same_with_any_number_of_threads(tmp_path, name):
    vectors = open_study("smoke").title_vectors
    before = torch.get_num_threads()
    fitted = []
    try:
        for threads in (1, 2):
            study = open_study("smoke", folder=tmp_path / str(threads))
            study.title_vectors = vectors
            small = dataclasses.replace(
                study.split,
                train=study.split.train.take(range(80)),
                validation=study.split.validation.take(range(20)),
            )
            torch.set_num_threads(threads)
            fitted.append(fit_network(study, name, split=small).network.state_dict())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    one, two = fitted
    assert all(torch.equal(one[key], two[key]) for key in one)
