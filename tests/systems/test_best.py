"""Which system recommends where nobody names one: the best on validation of the profile's run, on the same data."""

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.evaluation.results import record
from dualrec.systems.best import Best, best_on_validation, fit_whole
from dualrec.systems.names import SYSTEMS
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.systems.summed import fit_sum

NOBODY = Best("lstm", "no run has compared systems on these data yet")


@pytest.fixture
def compared(study, tmp_path, monkeypatch):
    """Put into the record what systems have on the validation targets of some data."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))

    def compare(digest: str | None = None, **ndcg: float) -> None:
        facts = dict.fromkeys(("profile", "data", "protocol", "commit", "hardware"), "as said")
        results = paths.results(study.profile.name)
        record(results, "study", facts)
        values = {"ndcg@10": ndcg, "data_digest": digest or study.data.digest}
        record(results, "notebooks", {"02_lstm": {"validation": values}})

    return compare


def test_the_best_of_the_record_is_named_with_its_reason(study, compared):
    assert best_on_validation(study) == NOBODY
    compared(markov=0.1, lstm_chain=0.1234, a_model_of_yesterday=0.9)
    assert best_on_validation(study) == Best("lstm_chain", "the best of 2 on validation, NDCG@10 0.123")


def test_a_record_of_other_data_decides_nothing(study, compared):
    compared("another", markov=0.1)
    assert best_on_validation(study) == NOBODY
    compared()
    assert best_on_validation(study) == NOBODY


@pytest.mark.slow
def test_a_sum_is_fitted_whole_as_well_as_a_model(study):
    lstm = fit_sequence_model(study, "lstm")
    history = study.cases.history
    expected = {"lstm": lstm, "lstm_chain": fit_sum(study, "windowed_markov", lstm)[0]}
    for name, model in expected.items():
        np.testing.assert_array_equal(fit_whole(study, SYSTEMS[name]).scores(history), model.scores(history))
