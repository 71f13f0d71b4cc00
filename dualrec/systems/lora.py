"""What a language model is taught: LoRA's examples and the adapter, and the lessons of a reader's head.

All of it comes from training events alone, with hints from LSTMs that have not seen what is to be predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dualrec.core.artifacts import fingerprint
from dualrec.core.errors import StudyError
from dualrec.data.splits import Split
from dualrec.evaluation.ranks import list_ranks, ndcg
from dualrec.llm.finetuning import lora
from dualrec.llm.finetuning import loss as answers
from dualrec.llm.finetuning.examples import Example, build_examples, earlier_split, slices, training_cases
from dualrec.llm.finetuning.lora import fine_tune, merged
from dualrec.llm.inference import layer_slice as depth
from dualrec.llm.local import LLM, load_llm
from dualrec.llm.speed import attention, dropout
from dualrec.sequence.base import SequenceModel
from dualrec.study import Study
from dualrec.systems.reader import Lessons, read_lessons
from dualrec.systems.roles import prompts_for, search_catalogue
from dualrec.systems.sequence_models import fit_sequence_model, lstm_hints
from dualrec.types import Cases, Hints


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
    hints = lstm_hints(study, cases.history, fit_sequence_model(study, "lstm", split=_before_slices(study)))
    answers_of = slices(study.split.train, cases, study.profile.llm.titles)
    pairs = build_examples(prompts_for(study, llm, cases.history, hints), answers_of, study.catalogue)
    return LoRAData(pairs[held_out:], pairs[:held_out], cases, hints)


def tune(study: Study, llm: LLM, data: LoRAData) -> Path:
    """Fine-tune an adapter on `data`; returns its folder, which also holds `history.json`.

    Each epoch's row has `ndcg` too, see `validation_ndcg`.
    Raises StudyError where the profile wants a quantised model and `llm` is not, unless the adapter is there already.
    """
    config, pairs = study.profile.lora, [vars(e) for e in data.train + data.validation]
    key = fingerprint(pairs, llm.identity, str(llm.model.dtype), config, study.seed, answers, attention, depth, dropout, lora)
    folder = study.cache(f"lora-{key}")
    if config.quantise and not getattr(llm.model, "is_quantized", False) and not (folder / "history.json").is_file():
        raise StudyError(
            f'the profile has quantise = "{config.quantise}" in [lora], but this model is not quantised; train the adapter first with '
            f"`python -m dualrec.experiments.train_lora --profile {study.profile.name}`"
        )
    fine_tune(llm, data.train, data.validation, config, study.seed, folder, lambda: {"ndcg": validation_ndcg(study, llm, data)})
    return folder


def validation_ndcg(study: Study, llm: LLM, data: LoRAData) -> float:
    """Mean NDCG@k of the validation cases where the model, as it is now, may write titles of the catalogue only."""
    cases, k = data.cases.take(range(len(data.validation))), study.profile.evaluation.k
    lists = search_catalogue(study, llm, [example.prompt for example in data.validation], cases.history, k)
    return float(ndcg(list_ranks(lists.items, cases.targets), k).mean())


def fine_tuned_llm(study: Study) -> LLM:
    """The language model with its LoRA adapter merged, tuned first where that has not been done."""
    spec, quantise = study.profile.llm.model, study.profile.lora.quantise
    llm = load_llm(spec, quantise=quantise)
    folder = tune(study, llm, lora_data(study, llm))
    return merged(load_llm(spec) if quantise else llm, folder)  # into whole weights: 4-bit ones would be rounded once more


def lessons(study: Study, llm: LLM, model: SequenceModel, titles: list[str], cases: Cases) -> Lessons:
    """What a reader's head learns from, hinted at by an LSTM that has not seen the positions; see `reader_role.read_lessons`."""
    earlier = earlier_split(study.split.train, study.profile.reader.positions, study.profile.split.min_events)
    return read_lessons(study, llm, model, fit_sequence_model(study, "lstm", split=earlier), titles, cases)
