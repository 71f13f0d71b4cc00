"""Sequence models as arms of a side run: what their ranks depend on, and how they are measured.

The arm IDS_ALONE is the LSTM with the profile's table of that name in the place of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dualrec.core.locks import sole_user
from dualrec.experiments.side_runs import Measured, settings_of
from dualrec.sequence.ranking import ranks_of_targets
from dualrec.study import Study
from dualrec.systems import names
from dualrec.systems.names import IDS_ALONE, SYSTEMS
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Cases

NETWORKS = (*names.NETWORKS, IDS_ALONE)
SEQUENCE_MODELS = (*names.SEQUENCE_MODELS, IDS_ALONE)


def with_settings(study: Study, name: str, **settings: Any) -> Study:
    """The study with other settings of a network.

    name: of the network, and of its table in the profile
    settings: of that table
    """
    config = replace(getattr(study.profile, name), **settings)
    return replace(study, profile=replace(study.profile, **{name: config}))


def model_settings(study: Study, name: str, cases: Cases) -> dict[str, Any]:
    """All that a sequence model's ranks depend on.

    name: of the model
    cases: whose targets are ranked
    """
    table = name if name == IDS_ALONE else SYSTEMS[name].settings
    own = {"model": getattr(study.profile, table) if table else None, "encoder": study.profile.rerank.encoder}
    return settings_of(study, cases) | own


def measure_model(study: Study, name: str, seed: int, cases: Cases) -> Measured:
    """The targets' ranks among all unseen items under a sequence model, trained first where that has not been done.

    The epochs of a network are told, too.

    name: of the model
    seed: of a network
    cases: whose targets are ranked
    """
    if name == IDS_ALONE:
        study, name = replace(study, profile=replace(study.profile, lstm=study.profile.lstm_ids)), "lstm"
    with sole_user(study.folder):
        model = fit_sequence_model(study, name, seed)
        ranks = ranks_of_targets(model, cases)
    history = getattr(model, "history", None)
    return Measured(ranks, {"epochs": history} if history else {})
