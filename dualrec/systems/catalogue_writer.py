"""The catalogue writer: a language model that may write titles of the catalogue alone, by constrained beam search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualrec.core.artifacts import cached_arrays
from dualrec.core.fingerprint import cache_key
from dualrec.llm.inference import beam_search
from dualrec.llm.inference.title_trie import build_trie
from dualrec.llm.local import LLM
from dualrec.study import Study
from dualrec.systems.names import ADAPTER, System
from dualrec.systems.sequence_models import lstm_hints
from dualrec.types import Hints, RankedLists, Sequences

if TYPE_CHECKING:
    from dualrec.systems.parts import Parts


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) that the model writes after the LSTM's hint, with or without adapter."""
    llm = parts.fine_tuned if ADAPTER in system.needs else parts.language_model
    return write_from_catalogue(parts.study, llm, histories, lstm_hints(parts.study, histories, parts.lstm), k)


def write_from_catalogue(study: Study, llm: LLM, histories: Sequences, hints: Hints | None, k: int) -> RankedLists:
    """The k most likely unseen titles after the prompts for these histories; kept under all that the lists depend on.

    hints: their first items are named in the prompts; None for prompts without hint
    k: length of the lists
    """
    prompts = study.prompts_for(llm, histories, hints)
    config = study.profile.llm
    settings = (k, config.beam, config.batch_size)
    items = (study.catalogue.titles, histories, study.popularity)
    key = cache_key(prompts, llm.facts, settings, *items, code=beam_search)

    def build() -> dict[str, np.ndarray]:
        lists = search_catalogue(study, llm, prompts, histories, k)
        assert lists.scores is not None  # beams have scores
        return {"items": lists.items, "scores": lists.scores}

    arrays, seconds = cached_arrays(study.cache(f"beams-{key}"), key, build)
    return RankedLists(arrays["items"], arrays["scores"], seconds=seconds)


def search_catalogue(study: Study, llm: LLM, prompts: list[str], histories: Sequences, k: int) -> RankedLists:
    """The k unseen titles (n, k) that the model, as it is now, finds most likely after each prompt.

    prompts: one per history
    histories: what each of the n users has seen
    k: length of the lists
    """
    config = study.profile.llm
    trie = build_trie(llm.tokenizer, study.catalogue.titles)
    width = max(config.beam, k)  # a narrower beam may end with fewer than k titles
    beams = beam_search.beam_search(llm, prompts, trie, histories, k, width, config.batch_size)
    return RankedLists(trie.unseen_items(beams.leaves, histories, study.popularity), beams.scores)
