import dataclasses

import numpy as np
import pytest
import torch

from dualrec.config import LSTMConfig, SplitConfig
from dualrec.core.errors import StudyError
from dualrec.evaluation.metrics import per_user
from dualrec.llm.finetuning.examples import earlier_split
from dualrec.llm.local import LLM
from dualrec.profiles.load import load_profile
from dualrec.sequence.base import hints_from_scores, top_k
from dualrec.sequence.neural import NeuralRecommender
from dualrec.study import open_study
from dualrec.systems import rank as ranking
from dualrec.systems import roles
from dualrec.systems import sequence_models as systems
from dualrec.types import Cases


@pytest.fixture
def study(toy_profile, toy_folder, tmp_path):
    return open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")


def test_every_temporal_system_ranks_unseen_items(study):
    histories = study.cases.history
    for name in (*systems.TEMPORAL, "lstm_sbert"):
        items = ranking.rank(study, name, histories, 5).items
        assert items.shape == (40, 5) and (items > 0).all()
        assert not any(set(items[row]) & set(histories.sequence(row)) for row in range(40)), name


def test_markov_finds_the_rule_of_the_toy(study):
    ledger = study.save("markov", study.cases, ranking.rank(study, "markov", study.cases.history, 5), seconds=0)
    assert per_user(ledger)["HR@1"].mean() == 1


def test_a_fitted_model_is_read_back_and_scores_the_same(study, monkeypatch):
    first = systems.fit_sequence_model(study, "lstm").scores(study.cases.history)
    monkeypatch.setattr(NeuralRecommender, "fit", lambda *_: pytest.fail("trained again"))
    np.testing.assert_array_equal(systems.fit_sequence_model(study, "lstm").scores(study.cases.history), first)


def test_other_settings_or_seeds_train_anew(study, monkeypatch):
    systems.fit_sequence_model(study, "lstm")
    trained = []
    monkeypatch.setattr(NeuralRecommender, "fit", lambda self, *_: trained.append(self.seed) or self)
    systems.fit_sequence_model(study, "lstm", seed=1)
    study.profile = dataclasses.replace(study.profile, lstm=dataclasses.replace(study.profile.lstm, learning_rate=0.5))
    systems.fit_sequence_model(study, "lstm")
    assert trained == [1, 0]


def test_no_target_reaches_a_hint_a_prompt_or_a_list(study, tokenizer):
    """Sentinel targets: every list, hint and prompt stays as it was when all test targets are replaced."""
    names = (*systems.TEMPORAL, "lstm_sbert")
    before = [ranking.rank(study, name, systems.cases_for(study, name).history, 5).items for name in names]
    hints_before = systems.lstm_hints(study, study.cases.history)
    prompts = roles.prompts_for(study, LLM("none", None, tokenizer), study.cases.history, hints_before)
    test = study.split.test
    study.split = dataclasses.replace(study.split, test=Cases(test.history, np.full_like(test.targets, 30)))
    del study.cases
    for name, items in zip(names, before, strict=True):
        cases = systems.cases_for(study, name)
        assert (cases.targets == 30).all()
        np.testing.assert_array_equal(ranking.rank(study, name, cases.history, 5).items, items)
    hints_after = systems.lstm_hints(study, study.cases.history)
    np.testing.assert_array_equal(hints_after.items, hints_before.items)
    assert roles.prompts_for(study, LLM("none", None, tokenizer), study.cases.history, hints_after) == prompts


def test_unknown_system_names_the_nearest(study):
    with pytest.raises(StudyError, match="did you mean 'markov'"):
        ranking.rank(study, "markow", study.cases.history, 5)


def test_training_hints_are_as_good_as_test_hints_and_worse_than_hints_at_trained_positions():
    """Held-out slice against test target, both unseen by their LSTM, on all of ML-100K; and what leaking would look like."""
    study = open_study("laptop")
    config = LSTMConfig(hidden=(64,), id_dim=32, title_dim=16, genre_dim=16, dense=64, batch_size=16, learning_rate=5e-3, epochs=4)
    earlier = earlier_split(study.split.train, load_profile("laptop").llm.titles, SplitConfig().min_events)

    def recall(split, cases) -> np.ndarray:
        model = NeuralRecommender(study.catalogue, study.title_vectors, config, 0, None).fit(split.train, split.validation)
        return (top_k(model.scores(cases.history), 10).items == cases.targets[:, None]).any(axis=1)

    in_training, in_test = recall(earlier, earlier.test), recall(study.split, study.split.test)
    spread = np.sqrt(in_training.var() / len(in_training) + in_test.var() / len(in_test))
    assert abs(in_training.mean() - in_test.mean()) < 3 * spread
    assert in_test.mean() > 0.1  # the comparison is not one of two models that know nothing


def test_hints_of_a_case_are_its_best_unseen_items(study):
    scores = systems.fit_sequence_model(study, "markov").scores(study.cases.history)
    found = hints_from_scores(scores, 2)
    assert (found.items[:, 0] == study.cases.targets).all()
    assert (found.probabilities[:, 0] >= found.probabilities[:, 1]).all() and (found.probabilities <= 1).all()


@pytest.mark.parametrize("name", systems.NEURAL)
def test_two_threads_train_the_same_network_again_bit_for_bit(name):
    """Gradients of an item that occurs often in a batch must not be added up in the order in which threads come by."""
    study = open_study("smoke")
    config = dataclasses.replace(getattr(study.profile, name), epochs=1)
    train, validation = study.split.train.take(range(80)), study.split.validation.take(range(20))
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        networks = [
            NeuralRecommender(study.catalogue, study.title_vectors, config, 0, None).fit(train, validation).network for _ in range(3)
        ]
    finally:
        torch.set_num_threads(threads)
    first, *others = [network.state_dict() for network in networks]
    assert all(torch.equal(first[key], other[key]) for other in others for key in first)


def test_networks_side_by_side_are_those_fitted_alone(study, toy_profile, toy_folder, tmp_path, monkeypatch):
    networks = [("lstm", 0, study.split), ("lstm", 1, study.split), ("sasrec", 0, study.split)]
    systems.fit_side_by_side(study, [*networks, ("paper_lstm", 0, study.split)])
    assert study.profile.paper_lstm.epochs == 1 and not list(study.cache("lstm").parent.glob("paper_lstm*")), "not worth a process"
    monkeypatch.setattr(systems, "side_by_side", lambda *_: pytest.fail("fitted again"))
    systems.fit_side_by_side(study, networks)
    other = open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "alone")
    for name, seed, split in networks:
        together, alone = (systems.fit_sequence_model(s, name, seed, split).scores(s.cases.history) for s in (study, other))
        np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("name", systems.NEURAL)
def test_a_network_is_the_same_with_any_number_of_threads(tmp_path, name):
    vectors, fitted, before = open_study("smoke").title_vectors, [], torch.get_num_threads()
    try:
        for threads in (1, 2):
            study = open_study("smoke", folder=tmp_path / str(threads))
            study.title_vectors = vectors
            some = dataclasses.replace(
                study.split, train=study.split.train.take(range(80)), validation=study.split.validation.take(range(20))
            )
            torch.set_num_threads(threads)
            fitted.append(systems.fit_sequence_model(study, name, split=some).network.state_dict())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    one, two = fitted
    assert all(torch.equal(one[key], two[key]) for key in one)
