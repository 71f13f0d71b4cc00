"""A sequence model of the reader's own, named on the command line as `package.module:Class`."""

from __future__ import annotations

from dualrec.sequence.base import SequenceModel
from dualrec.sequence.ranking import best_lists
from dualrec.study import Study
from dualrec.systems.names import System, own_class
from dualrec.systems.parts import Parts
from dualrec.types import RankedLists, Sequences


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of a reader's model, which is fitted first."""
    return best_lists(fit_own_model(parts.study, system), histories, k)


def fit_own_model(study: Study, system: System) -> SequenceModel:
    """Make a model from the catalogue and fit it to the study's training sequences.

    It never meets a test target: it is handed the catalogue, the training and validation cases, and later histories.

    system: whose `reference` names its class
    """
    return own_class(system.reference)(study.catalogue).fit(study.split.train, study.split.validation)
