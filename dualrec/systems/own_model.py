"""A sequence model of the reader's own, named on the command line as `package.module:Class`."""

from __future__ import annotations

from dualrec.sequence.ranking import best_lists
from dualrec.systems.names import System, own_class
from dualrec.systems.parts import Parts
from dualrec.types import RankedLists, Sequences


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of a model that is made from the catalogue and fitted to the study's training sequences.

    It never meets a test target: it is handed the catalogue, the training and validation cases, and histories.
    """
    study = parts.study
    model = own_class(system.reference)(study.catalogue).fit(study.split.train, study.split.validation)
    return best_lists(model, histories, k)
