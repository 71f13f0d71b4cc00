"""The free writer: a language model writes a list of titles as text, which is matched with the catalogue."""

from __future__ import annotations

import numpy as np

from dualrec.core.fingerprint import cache_key
from dualrec.llm import prompts
from dualrec.llm.grounding import ground
from dualrec.llm.inference import generate
from dualrec.llm.local import LLM
from dualrec.llm.writer import Writer
from dualrec.study import Study
from dualrec.systems.names import ADAPTER, HINT, System
from dualrec.systems.parts import Parts
from dualrec.systems.sequence_models import lstm_hints
from dualrec.types import Hints, RankedLists, Sequences


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of a model that writes freely, with or without hint, with or without adapter."""
    llm = parts.fine_tuned if ADAPTER in system.needs else parts.writer
    hints = lstm_hints(parts.study, histories, parts.lstm) if HINT in system.needs else None
    return write_lists(parts.study, llm, histories, hints, k)


def write_lists(
    study: Study, llm: LLM | Writer, histories: Sequences, hints: Hints | None, k: int, titles: int | None = None
) -> RankedLists:
    """Let the model write a list for each history and match it with the catalogue; the texts are kept.

    hints: their first items are named in the prompts; None for prompts without hint
    k: length of the lists (n, k)
    titles: how many to write, the profile's number if left out
    """
    config = study.profile.llm
    titles = titles or config.titles
    if isinstance(llm, LLM):
        questions = study.prompts_for(llm, histories, hints, titles)
        key = cache_key(questions, llm.facts, titles, config.batch_size, code=generate)
        by_popularity = 1 + np.argsort(-study.popularity[1:], kind="stable")
        likely = [prompts.answer([study.catalogue.titles[item]]) for item in by_popularity]
        journal = study.cache(f"texts/{key}.jsonl")
        written = generate.generate(llm, questions, titles, config.batch_size, journal, likely)
    else:
        lines = prompts.titles_and_hints(study.catalogue, histories, hints, config.history)
        questions = [study.prompts.question(recent, hint, titles) for recent, hint in lines]
        written = llm.write(questions, titles, study.seed, study.cache("remote"))
    lists = ground(written.texts, histories, study.grounder, titles, k)
    return RankedLists(lists.items, lists.scores, lists.raw, lists.counts, written.seconds)
