"""The lists of any system for any histories, by its name: what the command line asks for. Notebooks take the same steps one by one."""

from __future__ import annotations

from dualrec.rerank.similarity import rerank_by_hint
from dualrec.sequence.base import top_k
from dualrec.study import Study
from dualrec.systems.sequence_models import TEMPORAL, check_name, fit_sequence_model, lstm_hints
from dualrec.types import RankedLists, Sequences


def rank(study: Study, name: str, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of any system for any histories; trains what is missing first.

    Raises StudyError for an unknown name.
    """
    system = check_name(name).removesuffix("_sbert")
    if system in TEMPORAL:
        lists = top_k(fit_sequence_model(study, system).scores(histories), k)
    else:
        from dualrec.systems.language_models import rank_language  # here, since transformers takes seconds to import

        lists = rank_language(study, system, histories, k)
    return rerank_by_hint(lists, lstm_hints(study, histories), study.title_vectors) if name.endswith("_sbert") else lists
