"""The reader on the toy study with random weights: what it learns from, and what it may not see."""

import dataclasses

import numpy as np
import pytest

from dualrec.core.errors import StudyError
from dualrec.llm.inference import hidden_states
from dualrec.systems import reader, sequence_models
from dualrec.systems.reader import HINTED, NO_HINT, best_items, choose_weight, learn_head, read_examples, read_histories


class Spy:
    """A sequence model that notes what it is shown and hints at movie 30; of a single user it is asked its width."""

    def __init__(self):
        self.shown = []

    def scores(self, histories):
        if len(histories) > 1:
            self.shown.append(histories)
        scores = np.full((len(histories), 31), -1.0)
        scores[:, 30] = 0
        return scores


def test_examples_are_the_last_training_events_and_hints_know_only_what_came_before(study, tiny, monkeypatch):
    """Toy users watch twelve movies in a row: ten are for training, the last three of which are examples."""
    model, earlier = Spy(), Spy()
    monkeypatch.setattr(reader, "fit_sequence_model", lambda *_, **__: earlier)
    examples = read_examples(study, tiny, model, study.catalogue.titles, study.validation)
    train = study.split.train
    wanted = [train.sequence(user)[7 + step] for step in range(3) for user in range(40)]
    assert examples.targets.tolist() == wanted
    assert [h.lengths.tolist() for h in earlier.shown] == [[7] * 40, [8] * 40, [9] * 40]
    assert all(h.sequence(5).tolist() == train.sequence(5)[: 7 + step].tolist() for step, h in enumerate(earlier.shown))
    assert [h.lengths.tolist() for h in model.shown] == [[10] * 40]
    assert {k: v.shape for k, v in examples.states.items()} == {HINTED: (120, 16), NO_HINT: (120, 16)}
    assert {k: v.shape for k, v in examples.validation_states.items()} == {HINTED: (40, 16), NO_HINT: (40, 16)}
    assert not np.allclose(examples.states[HINTED], examples.states[NO_HINT])


def test_the_lstm_that_hints_at_examples_has_not_seen_them(study, tiny, lstm, monkeypatch):
    fitted = []
    real = sequence_models.fit_sequence_model

    def spied(study, name, split=None):
        fitted.append(split)
        return real(study, name, split=split)

    monkeypatch.setattr(reader, "fit_sequence_model", spied)
    read_examples(study, tiny, lstm, study.catalogue.titles, study.validation)
    (split,) = fitted
    for user in range(40):
        last_three = study.split.train.sequence(user)[7:].tolist()
        assert (
            split.train.sequence(user).tolist() + [split.validation.targets[user]]
            == study.split.train.sequence(user)[:7].tolist()
        )
        assert not set(split.train.sequence(user).tolist()) & set(last_three)


def test_read_once_then_read_back(study, tiny, lstm, monkeypatch):
    hints = {HINTED: best_items(lstm, study.cases.history), NO_HINT: np.zeros(40, np.int64)}
    first, seconds = read_histories(study, tiny, study.cases.history, hints, study.catalogue.titles)
    monkeypatch.setattr(hidden_states, "read_states", lambda *_: pytest.fail("read again"))
    again, kept = read_histories(study, tiny, study.cases.history, hints, study.catalogue.titles)
    assert kept == seconds > 0 and all((again[name] == first[name]).all() for name in hints)


def test_the_weight_is_the_best_on_validation_and_zero_is_the_lstm(study, tiny, lstm):
    examples = read_examples(study, tiny, lstm, study.catalogue.titles, study.validation)
    heads = {kind: learn_head(study, examples, lstm, kind)[0] for kind in (HINTED, NO_HINT)}
    weighing = choose_weight(examples, heads, lstm)
    accuracies = weighing.grid.set_index(["hint", "weight"]).ndcg
    assert accuracies[weighing.hint, weighing.weight] == accuracies.max()
    assert not (weighing.grid.ndcg[weighing.grid.weight < weighing.weight] == accuracies.max()).any()
    assert accuracies[HINTED, 0.0] == accuracies[NO_HINT, 0.0]
    own = lstm.scores(study.validation.history)
    place = 1 + (own > np.take_along_axis(own, study.validation.targets[:, None], axis=1)).sum(axis=1)
    assert accuracies[HINTED, 0.0] == pytest.approx(np.where(place <= 10, 1 / np.log2(place + 1), 0).mean())


def test_fewer_examples_are_a_seeded_subset(study, tiny, lstm):
    examples = read_examples(study, tiny, lstm, study.catalogue.titles, study.validation)
    few, _ = learn_head(study, examples, lstm, positions=7)
    rows = np.sort(np.random.default_rng([study.seed, 4]).permutation(120)[:7])
    np.testing.assert_allclose(few.mean.numpy(), examples.states[HINTED][rows].mean(axis=0), rtol=1e-5)


def test_examples_of_some_users(study, tiny, lstm):
    everybody = read_examples(study, tiny, lstm, study.catalogue.titles, study.validation)
    rows = np.array([3, 8, 21])
    some = everybody.of(rows)
    alone = read_examples(study, tiny, lstm, study.catalogue.titles, study.validation.take(rows))
    assert some.targets.tolist() == alone.targets.tolist() and some.row.tolist() == alone.row.tolist() == [0, 1, 2] * 3
    assert some.validation.targets.tolist() == alone.validation.targets.tolist()
    for name in (HINTED, NO_HINT):
        np.testing.assert_allclose(some.states[name], alone.states[name], atol=1e-4)
        np.testing.assert_allclose(some.validation_states[name], alone.validation_states[name], atol=1e-4)


def test_histories_too_short_for_examples_are_one_clear_sentence(study, tiny):
    config = dataclasses.replace(study.profile.reader, positions=10, window=11)
    study.profile = dataclasses.replace(study.profile, reader=config)
    with pytest.raises(StudyError, match="no user has more than 10 training events"):
        read_examples(study, tiny, Spy(), study.catalogue.titles, study.validation)
