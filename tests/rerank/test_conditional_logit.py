"""Conditional logit: weights that were planted are found, what tells nothing gets none, and probabilities add up."""

import numpy as np
import pytest

from dualrec.core.errors import StudyError
from dualrec.rerank.conditional_logit import features, fit_weights, log_probabilities
from dualrec.rerank.fusion import Opinions

USERS, CANDIDATES = 400, 8


@pytest.fixture(scope="module")
def planted():
    """Choices by 1.0 of what the first model says and 0.5 of what the second one says, less its prior."""
    rng = np.random.default_rng(0)
    items = np.array([rng.choice(np.arange(1, 41), CANDIDATES, replace=False) for _ in range(USERS)])
    prior = np.concatenate([[0.0], rng.normal(size=40)])
    sequence, news = rng.normal(size=(2, USERS, CANDIDATES))
    opinions = Opinions(items, sequence.astype(np.float32), (news + prior[items]).astype(np.float32))
    utility = sequence + 0.5 * news + rng.gumbel(size=sequence.shape)
    return opinions, prior, items[np.arange(USERS), utility.argmax(axis=1)]


def test_what_was_planted_is_found(planted):
    opinions, prior, targets = planted
    weights = fit_weights(features(opinions, prior), opinions.items, targets)
    assert list(weights.index) == ["sequence", "language", "prior"]
    for name, value in {"sequence": 1.0, "language": 0.5, "prior": -0.5}.items():
        assert weights.low[name] < value < weights.high[name]
        assert not weights.low[name] < 0 < weights.high[name]


def test_what_tells_nothing_gets_no_weight(planted):
    opinions, _, targets = planted
    noise = np.random.default_rng(1).normal(size=opinions.items.shape).astype(np.float32)
    weights = fit_weights(features(Opinions(opinions.items, opinions.sequence, noise), None), opinions.items, targets)
    assert abs(weights.value["language"]) < 0.15, "three standard errors"


def test_probabilities_by_hand():
    items = np.array([[4, 5, -1], [6, 7, 8]])
    told = {"language": np.array([[0.0, np.log(3), 0.0], [0.0, 0.0, 0.0]])}
    found = log_probabilities(told, {"language": 1.0}, items, np.array([5, 9]))
    assert found[0] == pytest.approx(np.log(0.75)) and np.isnan(found[1]), "the second user's target is no candidate"
    assert log_probabilities(told, {"language": 0.0}, items, np.array([4, 8])).tolist() == pytest.approx(
        [np.log(1 / 2), np.log(1 / 3)]
    )


def test_features_leave_out_what_is_no_candidate_and_take_the_mean_of_what_is_not_known():
    opinions = Opinions(np.array([[1, 2, -1]]), np.array([[-1.0, -3.0, -np.inf]]), np.array([[-4.0, -2.0, -np.inf]]))
    told = features(opinions, np.array([0.0, -6.0, np.nan]))
    assert told["sequence"].tolist() == [[1, -1, 0]] and told["language"].tolist() == [[-1, 1, 0]]
    assert told["prior"].tolist() == [[0, 0, 0]], "the one that is not known counts as the mean of the others"


def test_too_few_choices_are_refused(planted):
    opinions, prior, targets = planted
    with pytest.raises(StudyError, match="0 targets are among the candidates"):
        fit_weights(features(opinions, prior), opinions.items, np.full_like(targets, 99))
