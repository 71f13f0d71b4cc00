"""The sum of two sequence models: what it scores, and that its weight is chosen on validation."""

import numpy as np
import pytest

from dualrec.sequence.ranking import ndcg_at_10
from dualrec.systems.summed import FLOOR, Sum, fit_sum
from dualrec.types import Sequences

HISTORY = Sequences.from_lists([0], [[1]])


class Fixed:
    """A model that always scores the same."""

    def __init__(self, *scores: float):
        self.row = np.array([scores], np.float32)

    def scores(self, histories: Sequences) -> np.ndarray:
        return np.repeat(self.row, len(histories), axis=0)


def test_log_probabilities_are_added():
    first, second = Fixed(-np.inf, -np.inf, 2.0, 1.0), Fixed(-np.inf, -np.inf, 0.0, 4.0)
    np.testing.assert_allclose(Sum(first, second, False, 0.5).scores(HISTORY)[0, 2:], [2.0, 3.0])


def test_of_counts_the_logarithm_is_taken_and_nothing_is_lost_that_was_never_met():
    first, second = Fixed(-np.inf, -np.inf, 2.0, 1.0), Fixed(-np.inf, -np.inf, 0.0, np.e)
    scores = Sum(first, second, True, 1.0).scores(HISTORY)[0]
    np.testing.assert_allclose(scores[2:], [2.0 + np.log(FLOOR), 2.0], rtol=1e-6)
    assert np.isneginf(scores[:2]).all()


@pytest.mark.parametrize("name", ["windowed_markov", "markov"])
def test_the_weight_is_the_best_of_the_grid_on_validation(study, name):
    from dualrec.systems.sequence_models import fit_sequence_model

    lstm = fit_sequence_model(study, "popularity")  # in the LSTM's place: the sum takes any model
    found, grid = fit_sum(study, name, lstm)
    assert (
        grid.weight.tolist()[0] == 0
        and found.weight == grid.sort_values(["ndcg", "weight"], ascending=[False, True]).weight.iloc[0]
    )
    assert ndcg_at_10(found, study.validation) == pytest.approx(grid.ndcg.max())
    assert grid.ndcg.max() >= ndcg_at_10(lstm, study.validation)
