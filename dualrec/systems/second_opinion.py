"""The second opinion: a language model scores the LSTM's best candidates, alone or weighed together with the LSTM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dualrec.core.artifacts import cached_arrays
from dualrec.core.fingerprint import cache_key
from dualrec.llm.inference import likelihood
from dualrec.llm.inference.title_trie import Trie, build_trie
from dualrec.llm.local import LLM
from dualrec.rerank.fusion import Opinions, best_choice, search
from dualrec.sequence.base import SequenceModel
from dualrec.sequence.ranking import best_hints, in_batches
from dualrec.study import Study
from dualrec.systems.names import WEIGHT, System
from dualrec.systems.parts import Parts
from dualrec.systems.summed import log_counts
from dualrec.types import RankedLists, Sequences


@dataclass(frozen=True)
class Fusion:
    """How much a language model's opinion counts.

    grid: validation NDCG@10 of every choice, as `rerank.fusion.search` returns it
    name: of the prior, "none" for none
    prior: float (N + 1,) in nats
    beta: how much of the prior is taken off
    weight: of the language model beside the sequence model
    """

    grid: pd.DataFrame
    name: str
    prior: np.ndarray
    beta: float
    weight: float


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The LSTM's candidates (n, k) in the language model's order, or in the order of both, weighed on validation."""
    study = parts.study
    opinions, seconds = ask_opinions(study, parts.fine_tuned, parts.lstm, histories)
    scores = opinions.language
    if WEIGHT in system.needs:
        fusion = choose_fusion(study, parts.fine_tuned, parts.lstm)
        scores = opinions.fused(fusion.prior, fusion.beta, fusion.weight)
    lists = opinions.ranked(scores, k)
    return RankedLists(lists.items, lists.scores, seconds=seconds)


def fuse_counts(
    study: Study, other: SequenceModel, model: SequenceModel, histories: Sequences
) -> tuple[RankedLists, pd.DataFrame]:
    """A model that counts as the second opinion: the control of what a language model adds in this place.

    The candidates are those that the language model is asked about, and the weight is chosen on the same validation
    users.

    other: fitted, scores by counts
    model: whose candidates are asked about

    Returns lists as long as the profile says, and columns prior, beta, weight, ndcg, see `rerank.fusion.search`.
    """
    validation = study.validation.sample(study.profile.llm.validation_users, study.seed)
    grid = search(count_opinions(study, other, model, validation.history), validation.targets, {})
    weight = float(best_choice(grid).weight)
    both = count_opinions(study, other, model, histories)
    return both.ranked(both.fused(np.zeros(len(study.catalogue) + 1), 0.0, weight), study.profile.evaluation.k), grid


def count_opinions(study: Study, other: SequenceModel, model: SequenceModel, histories: Sequences) -> Opinions:
    """What a model that counts says of another one's best candidates, as `ask_opinions` does with a language model."""
    candidates = best_hints(model, histories, study.profile.llm.candidates)
    there = np.maximum(candidates.items, 0)
    scores = [
        np.take_along_axis(log_counts(found), there[rows], axis=1) for rows, found in in_batches(other, histories)
    ]
    return Opinions.of(candidates, np.concatenate(scores))


def ask_opinions(study: Study, llm: LLM, model: SequenceModel, histories: Sequences) -> tuple[Opinions, float]:
    """What both models say of the sequence model's best candidates, and the seconds it took.

    The first candidate is the hint in the prompt.
    """
    candidates = best_hints(model, histories, study.profile.llm.candidates)
    trie = build_trie(llm.tokenizer, study.catalogue.titles)
    prompts = study.prompts_for(llm, histories, candidates)
    scores, seconds = likelihoods(study, llm, prompts, trie, candidates.items)
    return Opinions.of(candidates, scores), seconds


def likelihoods(study: Study, llm: LLM, prompts: list[str], trie: Trie, items: np.ndarray) -> tuple[np.ndarray, float]:
    """Log-likelihoods of titles after prompts, float32 (n, C) in nats, and the seconds they took; kept.

    prompts: n of them
    trie: of the catalogue's titles
    items: int64 (n, C), see `likelihood.score_titles`
    """
    batch_size = study.profile.llm.score_batch
    key = cache_key(prompts, llm.facts, trie, items, batch_size, code=likelihood)

    def build() -> dict[str, np.ndarray]:
        return {"scores": likelihood.score_titles(llm, prompts, trie, items, batch_size)}

    arrays, seconds = cached_arrays(study.cache(f"likelihoods-{key}"), key, build)
    return arrays["scores"], seconds


def priors(study: Study, llm: LLM, model: SequenceModel) -> dict[str, np.ndarray]:
    """What the language model thinks of a title whoever asks.

    "no history": after a prompt without history and hint
    "other people": the mean over the validation prompts of a few seeded users

    model: gives the hints in these prompts

    Returns float32 (N + 1,) each, in nats; nan where the profile leaves a title out.
    """
    config = study.profile.llm
    others = study.validation.sample(config.others, study.seed).history
    nobody = Sequences.from_lists([0], [[]])
    prompts = {
        "no history": study.prompts_for(llm, nobody, None),
        "other people": study.prompts_for(llm, others, best_hints(model, others, 1)),
    }
    trie = build_trie(llm.tokenizer, study.catalogue.titles)
    by_popularity = 1 + np.argsort(-study.popularity[1:], kind="stable")
    items = np.sort(by_popularity[: config.prior_titles or len(study.catalogue)])
    log_likelihoods = {name: np.full(len(study.catalogue) + 1, np.nan, np.float32) for name in prompts}
    for name, texts in prompts.items():
        log_likelihoods[name][0] = 0
        log_likelihoods[name][items] = likelihoods(study, llm, texts, trie, items[None])[0].mean(axis=0)
    return log_likelihoods


def choose_fusion(study: Study, llm: LLM, model: SequenceModel) -> Fusion:
    """The prior, beta and weight with the best NDCG@10 on the profile's validation users.

    Of equally good choices the smallest weight is taken.
    """
    validation = study.validation.sample(study.profile.llm.validation_users, study.seed)
    prior_values = priors(study, llm, model)
    opinions, _ = ask_opinions(study, llm, model, validation.history)
    grid = search(opinions, validation.targets, prior_values)
    best = best_choice(grid)
    prior = prior_values.get(best.prior, np.zeros(len(study.catalogue) + 1))
    return Fusion(grid, best.prior, prior, float(best.beta), float(best.weight))
