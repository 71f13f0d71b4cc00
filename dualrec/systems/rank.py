"""The ranked lists of any system, by its name: what command line and notebooks call."""

from __future__ import annotations

from importlib import import_module

from dualrec.rerank.similarity import rerank_by_hint
from dualrec.sequence.base import hints_from_scores
from dualrec.study import Study
from dualrec.systems.names import find_system
from dualrec.systems.parts import Parts
from dualrec.types import RankedLists, Sequences


def rank(study: Study, name: str, histories: Sequences, k: int, parts: Parts | None = None) -> RankedLists:
    """The lists (n, k) of a system for n histories; trains what is missing first.

    name: see `names.find_system`
    histories: what each user has seen
    k: length of the lists
    parts: models that several calls share; made anew if left out

    Raises StudyError for an unknown name, and what the system's parts raise.
    """
    system = find_system(name)
    parts = parts or Parts(study)
    if system.reranks:
        lists = rank(study, system.reranks, histories, k, parts)
        return rerank_by_hint(lists, hints_from_scores(parts.lstm.scores(histories), 1), study.title_vectors)
    family = import_module(f"dualrec.systems.{system.family}")
    return family.rank(parts, system, histories, k)
