"""The lists of every system with a language model in it, by its name; see `ranking`."""

from __future__ import annotations

import numpy as np

from dualrec.llm.local import LLM, load_llm
from dualrec.rerank.fusion import weighed
from dualrec.sequence.base import SequenceModel, top_k
from dualrec.sequence.neural import NeuralRecommender
from dualrec.study import Study
from dualrec.systems.lora import fine_tuned_llm, lessons
from dualrec.systems.reader import NO_HINT, best_items, choose_weight, learn, read_histories
from dualrec.systems.roles import choose_fusion, opinions, write_from_catalogue, write_lists, writer
from dualrec.systems.sequence_models import LANGUAGE, TUNED_ROLES, fit_sequence_model, lstm_hints
from dualrec.types import RankedLists, Sequences


def rank_language(study: Study, system: str, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of one of LANGUAGE or ROLES; trains what is missing first."""
    if system in LANGUAGE:
        llm = fine_tuned_llm(study) if system == "llm_lora" else writer(study)
        return write_lists(study, llm, histories, None if system == "llm" else lstm_hints(study, histories), k)[0]
    llm = fine_tuned_llm(study) if system in TUNED_ROLES else load_llm(study.profile.llm.model)
    model = fit_sequence_model(study, "lstm")
    if system.startswith("reader"):
        return _rank_by_reading(study, system, llm, model, histories, k)
    return rank_with(study, system, llm, model, histories, k)


def rank_with(study: Study, system: str, llm: LLM, model: SequenceModel, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of a catalogue writer or a second opinion, by any language model beside any sequence model."""
    if system.endswith("_trie"):
        return write_from_catalogue(study, llm, histories, lstm_hints(study, histories, model), k)[0]
    both, _ = opinions(study, llm, model, histories)
    if system == "rescored":
        return both.ranked(both.language, k)
    way = choose_fusion(study, llm, model)
    return both.ranked(both.fused(way.prior, way.beta, way.weight), k)


def _rank_by_reading(study: Study, system: str, llm: LLM, model: NeuralRecommender, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of `reader` or `reader_fused`."""
    titles = study.catalogue.titles
    taught = lessons(study, llm, model, titles, study.validation)
    heads = {kind: learn(study, taught, model, kind)[0] for kind in ("true", NO_HINT)}
    hints = {"true": best_items(model, histories), NO_HINT: np.zeros(len(histories), np.int64)}
    states, _ = read_histories(study, llm, histories, hints, titles)
    if system == "reader":
        return top_k(heads["true"].scores(states["true"], histories), k)
    way = choose_weight(taught, heads, model)
    scores = weighed(model.scores(histories), heads[way.hint].scores(states[way.hint], histories), way.weight)
    return top_k(scores, k)
