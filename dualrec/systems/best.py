"""The best system on validation: which one `recommend` and the demo use where nobody names another."""

from __future__ import annotations

from typing import NamedTuple

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.results import load_results
from dualrec.sequence.ranking import Scorer
from dualrec.study import Study
from dualrec.systems.names import SYSTEMS, System
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.systems.summed import fit_sum

COMPARED_IN = "02_lstm"  # the notebook that compares sequence models on validation targets
UNCOMPARED = "lstm"


class Best(NamedTuple):
    """The system of choice.

    name: of the system
    why: it is the one, for a reader
    """

    name: str
    why: str


def best_on_validation(study: Study) -> Best:
    """The sequence model or sum with the best validation NDCG@10 on the study's data, as its profile's run recorded it.

    The improved LSTM where no run has compared any on these data.
    """
    try:
        recorded = load_results(paths.results(study.profile.name))["notebooks"][COMPARED_IN]["validation"]
        ndcg = {name: value for name, value in recorded["ndcg@10"].items() if name in SYSTEMS}
        known = recorded["data_digest"] == study.data.digest and ndcg
    except (StudyError, KeyError, TypeError):
        known = {}
    if not known:
        return Best(UNCOMPARED, "no run has compared systems on these data yet")
    best = max(ndcg, key=lambda name: ndcg[name])
    return Best(best, f"the best of {len(ndcg)} on validation, NDCG@10 {ndcg[best]:.3f}")


def fit_whole(study: Study, system: System) -> Scorer:
    """Fit a sequence model, or a sum of two.

    system: of the family `sequence_models` or `summed`
    """
    if system.sums:
        return fit_sum(study, system.sums, fit_sequence_model(study, "lstm"))[0]
    return fit_sequence_model(study, system.name)
