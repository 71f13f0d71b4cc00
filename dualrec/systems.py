"""The systems under study, by name: the same steps for notebooks and for the command line.

Temporal: `popularity`, `recent_popularity`, `item_knn`, `markov`, `windowed_markov`, `sasrec`, `paper_lstm`, `lstm`.
Language: `llm` (zero-shot, no hint), `llm_hint` (zero-shot with hint), `llm_lora` (tuned, with hint).
`<name>_sbert` re-ranks `lstm` or a language system by similarity to the LSTM's hint.
Roles: `llm_hint_trie` and `llm_lora_trie` (titles of the catalogue only, by beam search), `rescored` (the LSTM's candidates in the order
of the tuned model), `fused` (both opinions, weighed on validation), `reader` (a head ranks the catalogue from the untuned model's state)
and `reader_fused` (LSTM and reader, weighed on validation).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dualrec.artifacts import cached, fingerprint
from dualrec.configs import REMOTE
from dualrec.errors import StudyError, did_you_mean
from dualrec.evaluation import metrics
from dualrec.language import answers, lora
from dualrec.language.examples import Example, build_examples, earlier_split, slices, training_cases
from dualrec.language.local import LLM, load_llm
from dualrec.language.lora import fine_tune, merged
from dualrec.reader_role import Lessons, read_lessons
from dualrec.roles import prompts_for, search_catalogue
from dualrec.split import Split
from dualrec.study import Study
from dualrec.temporal import base, fit, lstm, sasrec, words
from dualrec.temporal.base import TemporalModel
from dualrec.temporal.base import hints as hints_from
from dualrec.temporal.item_knn import ItemKNN
from dualrec.temporal.markov import Markov
from dualrec.temporal.popularity import Popularity
from dualrec.temporal.recommender import NeuralRecommender
from dualrec.temporal.windowed_markov import WindowedMarkov
from dualrec.types import Cases, Hints, Sequences

if TYPE_CHECKING:
    from dualrec.language.remote import RemoteLLM

COUNTING = ("popularity", "recent_popularity", "item_knn", "markov", "windowed_markov")
NEURAL = {"sasrec": (sasrec,), "paper_lstm": (lstm, words), "lstm": (lstm, words)}  # each with the sources of its network
TEMPORAL = (*COUNTING, *NEURAL)
LANGUAGE = ("llm", "llm_hint", "llm_lora")
LABELS = {
    "popularity": "Popularity",
    "recent_popularity": "Popularity, recent",
    "item_knn": "Item-kNN",
    "markov": "Markov, first order",
    "windowed_markov": "Markov, windowed",
    "sasrec": "SASRec",
    "paper_lstm": "LSTM, as published",
    "lstm": "LSTM, improved",
    "lstm_sbert": "LSTM, improved → SBERT",
    "llm": "LLM zero-shot",
    "llm_sbert": "LLM zero-shot → SBERT",
    "llm_hint": "LLM zero-shot + hint",
    "llm_hint_sbert": "LLM zero-shot + hint → SBERT",
    "llm_lora": "LLM LoRA + hint",
    "llm_lora_sbert": "LLM LoRA + hint → SBERT",
}
ROLES = {
    "llm_hint_trie": "LLM zero-shot + hint, catalogue only",
    "llm_lora_trie": "LLM LoRA + hint, catalogue only",
    "rescored": "LSTM's candidates, LLM's order",
    "fused": "LSTM and LLM, fused",
    "reader": "LLM as reader",
    "reader_fused": "LSTM and reader, fused",
}
TUNED_ROLES = ("llm_lora_trie", "rescored", "fused")
ALL = LABELS | ROLES


def fit_temporal(study: Study, name: str, seed: int | None = None, split: Split | None = None) -> TemporalModel:
    """Fit a temporal model, or read it back where it was fitted with the same data and settings.

    seed: the study's by default; split: the study's by default (the LoRA stage passes an earlier one)
    """
    split = split or study.split
    seed = study.seed if seed is None else seed
    if name in COUNTING:
        return _counting(study, name).fit(split.train, split.validation)
    config, sources = getattr(study.profile, name), (base, fit, *NEURAL[name])
    key = fingerprint(study.data.digest, split.train, split.validation, config, seed, study.catalogue.titles, *sources)
    folder = study.cache(f"{name}-{key}")
    return cached(
        folder / "model",
        key,
        build=lambda: NeuralRecommender(study.catalogue, study.title_vectors, config, seed, folder / "checkpoint").fit(
            split.train, split.validation
        ),
        save=lambda model, path: model.save(path),
        load=lambda path: NeuralRecommender(study.catalogue, study.title_vectors, config, seed, None).load(path),
    )


def _counting(study: Study, name: str) -> TemporalModel:
    """A model that only counts, not fitted yet: fast enough to be fitted anew every time."""
    n_items, profile = len(study.catalogue), study.profile
    if name == "windowed_markov":
        return WindowedMarkov(n_items, profile.windowed_markov)
    if name == "item_knn":
        return ItemKNN(n_items, profile.item_knn)
    if name == "markov":
        return Markov(n_items)
    return Popularity(n_items, profile.recent_events if name == "recent_popularity" else None)


def hint(study: Study, histories: Sequences, model: TemporalModel | None = None) -> Hints:
    """The improved LSTM's best unseen movie for each history."""
    return hints_from((model or fit_temporal(study, "lstm")).scores(histories), 1)


@dataclass(frozen=True)
class LoRAData:
    """What LoRA learns from: examples of disjoint users, and the cases whose hints they carry, those of `validation` first."""

    train: list[Example]
    validation: list[Example]
    cases: Cases
    hints: Hints


def lora_cases(study: Study) -> tuple[Cases, int]:
    """The cases that LoRA's examples are made of, those of the validation users first, and the number of these.

    Training users give the profile's number of positions each, validation users one.
    """
    config, train = study.profile.lora, study.split.train
    first = _before_slices(study).test
    shuffled = np.random.default_rng([study.seed, 1]).permutation(len(first))
    held_out, n = config.validation_users, config.validation_users + config.users if config.users else len(shuffled)
    grown = training_cases(train, first.take(shuffled[:n]), config.positions)
    position = np.arange(len(grown)) % config.positions
    cases = grown.take((position == 0) | (np.arange(len(grown)) >= held_out * config.positions))
    return cases, min(held_out, len(cases))


def _before_slices(study: Study) -> Split:
    """The split whose targets are the first events of LoRA's slices."""
    profile = study.profile
    return earlier_split(study.split.train, profile.llm.titles, profile.split.min_events, profile.lora.positions)


def lora_data(study: Study, llm: LLM) -> LoRAData:
    """Examples of `lora_cases`, cut before the validation and test events, with hints from an LSTM that has not seen them."""
    cases, held_out = lora_cases(study)
    hints = hint(study, cases.history, fit_temporal(study, "lstm", split=_before_slices(study)))
    answers_of = slices(study.split.train, cases, study.profile.llm.titles)
    pairs = build_examples(prompts_for(study, llm, cases.history, hints), answers_of, study.catalogue)
    return LoRAData(pairs[held_out:], pairs[:held_out], cases, hints)


def tune(study: Study, llm: LLM, data: LoRAData) -> Path:
    """Fine-tune an adapter on `data`; returns its folder, which also holds `history.json`.

    Each epoch's row has `ndcg` too, see `validation_ndcg`.
    Raises StudyError where the profile wants a quantised model and `llm` is not, unless the adapter is there already.
    """
    config, pairs = study.profile.lora, [vars(e) for e in data.train + data.validation]
    key = fingerprint(pairs, llm.identity, str(llm.model.dtype), config, study.seed, answers, lora)
    folder = study.cache(f"lora-{key}")
    if config.quantise and not getattr(llm.model, "is_quantized", False) and not (folder / "history.json").is_file():
        raise StudyError(
            f'the profile has quantise = "{config.quantise}" in [lora], but this model is not quantised; train the adapter first with '
            f"`python -m dualrec.language.lora --profile {study.profile.name}`"
        )
    fine_tune(llm, data.train, data.validation, config, study.seed, folder, lambda: {"ndcg": validation_ndcg(study, llm, data)})
    return folder


def validation_ndcg(study: Study, llm: LLM, data: LoRAData) -> float:
    """Mean NDCG@k of the validation cases where the model, as it is now, may write titles of the catalogue only."""
    cases, k = data.cases.take(range(len(data.validation))), study.profile.evaluation.k
    lists = search_catalogue(study, llm, [example.prompt for example in data.validation], cases.history, k)
    return float(metrics.ndcg(metrics.list_ranks(lists.items, cases.targets), k).mean())


def tuned_llm(study: Study) -> LLM:
    """The language model with its LoRA adapter merged, tuned first where that has not been done."""
    spec, quantise = study.profile.llm.model, study.profile.lora.quantise
    llm = load_llm(spec, quantise=quantise)
    folder = tune(study, llm, lora_data(study, llm))
    return merged(load_llm(spec) if quantise else llm, folder)  # into whole weights: 4-bit ones would be rounded once more


def writer(study: Study) -> LLM | RemoteLLM:
    """The untuned model that writes lists freely: a local one, or a server's where the profile says REMOTE."""
    config = study.profile.llm
    if config.model != REMOTE:
        return load_llm(config.model)
    from dualrec.language.remote import connect  # here, since openai takes seconds to import

    return connect(config)


def lessons(study: Study, llm: LLM, model: TemporalModel, titles: list[str], cases: Cases) -> Lessons:
    """What a reader's head learns from, hinted at by an LSTM that has not seen the positions; see `reader_role.read_lessons`."""
    earlier = earlier_split(study.split.train, study.profile.reader.positions, study.profile.split.min_events)
    return read_lessons(study, llm, model, fit_temporal(study, "lstm", split=earlier), titles, cases)


def cases_for(study: Study, name: str) -> Cases:
    """The test cases a system is evaluated on: language systems take the profile's seeded subset."""
    return study.llm_cases if name.removesuffix("_sbert") in LANGUAGE else study.cases


def check_name(name: str) -> str:
    """The name, if there is such a system.

    Raises StudyError naming the nearest one where there is a near one.
    """
    if name not in ALL:
        raise StudyError(f"unknown system '{name}'{did_you_mean(name, ALL)}; the systems are {', '.join(ALL)}")
    return name
