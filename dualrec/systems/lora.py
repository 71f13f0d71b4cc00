"""The language model's LoRA adapter: its training examples, cut from training events alone, and its training.

Hints in the examples come from an LSTM that has not seen the events that the examples predict.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dualrec.core.errors import StudyError
from dualrec.core.fingerprint import cache_key
from dualrec.data.splits import Split
from dualrec.evaluation.ranks import list_ranks, ndcg
from dualrec.llm.finetuning import lora
from dualrec.llm.finetuning.examples import Example, build_examples, earlier_split, slices, training_cases
from dualrec.llm.finetuning.lora import fine_tune, merged
from dualrec.llm.local import LLM, load_llm
from dualrec.study import Study
from dualrec.systems.catalogue_writer import search_catalogue
from dualrec.systems.sequence_models import fit_sequence_model, lstm_hints
from dualrec.types import Cases, Hints


@dataclass(frozen=True)
class LoRAData:
    """What LoRA learns from; users of training and validation are disjoint.

    train: training examples
    validation: examples of held-out users
    cases: whose hints the examples carry, those of `validation` first
    hints: of these cases
    """

    train: list[Example]
    validation: list[Example]
    cases: Cases
    hints: Hints


def fine_tuned_llm(study: Study) -> LLM:
    """The language model with its LoRA adapter merged, trained first where that has not been done."""
    model = study.profile.llm.model
    quantise = study.profile.lora.quantise
    llm = load_llm(model, quantise=quantise)
    folder = train_adapter(study, llm, lora_data(study, llm))
    return merged(load_llm(model) if quantise else llm, folder)  # into whole weights: 4-bit ones would be rounded again


def lora_data(study: Study, llm: LLM) -> LoRAData:
    """LoRA's examples, cut before the validation and test events, with hints from an LSTM that has not seen them.

    llm: whose tokenizer measures the prompts
    """
    cases, n_validation = lora_cases(study)
    hints = lstm_hints(study, cases.history, fit_sequence_model(study, "lstm", split=_before_slices(study)))
    answers = slices(study.split.train, cases, study.profile.llm.titles)
    examples = build_examples(study.prompts_for(llm, cases.history, hints), answers, study.catalogue)
    return LoRAData(examples[n_validation:], examples[:n_validation], cases, hints)


def lora_cases(study: Study) -> tuple[Cases, int]:
    """The cases that LoRA's examples are made of, those of the validation users first, and the number of these.

    Training users give the profile's number of positions each, validation users one.
    """
    config = study.profile.lora
    one_per_user = _before_slices(study).test
    shuffled = np.random.default_rng([study.seed, 1]).permutation(len(one_per_user))
    n_validation = config.validation_users
    n_users = n_validation + config.users if config.users else len(shuffled)
    all_positions = training_cases(study.split.train, one_per_user.take(shuffled[:n_users]), config.positions)
    rows = np.arange(len(all_positions))
    is_first = rows % config.positions == 0
    is_training = rows >= n_validation * config.positions
    cases = all_positions.take(is_first | is_training)
    return cases, min(n_validation, len(cases))


def train_adapter(study: Study, llm: LLM, data: LoRAData) -> Path:
    """Fine-tune an adapter, unless it is there already, and return its folder, which also holds `history.json`.

    Each epoch's row has `ndcg` too, see `validation_ndcg`.

    llm: the model that gets the adapter
    data: the examples

    Raises StudyError where the profile wants a quantised model and `llm` is not, unless the adapter is there already.
    """
    config = study.profile.lora
    examples = [vars(example) for example in data.train + data.validation]
    key = cache_key(examples, llm.facts, config, study.seed, code=lora, libraries=("peft",))
    folder = study.cache(f"lora-{key}")
    quantised = getattr(llm.model, "is_quantized", False)
    if config.quantise and not quantised and not (folder / "history.json").is_file():
        raise StudyError(
            f'the profile has quantise = "{config.quantise}" in [lora], but this model is not quantised; train the '
            f"adapter first with `python -m dualrec.experiments.train_lora --profile {study.profile.name}`"
        )

    def validate() -> dict[str, float]:
        return {"ndcg": validation_ndcg(study, llm, data)}

    fine_tune(llm, data.train, data.validation, config, study.seed, folder, validate)
    return folder


def validation_ndcg(study: Study, llm: LLM, data: LoRAData) -> float:
    """Mean NDCG@k of the validation cases where the model, as it is now, may write titles of the catalogue only."""
    cases = data.cases.take(range(len(data.validation)))
    k = study.profile.evaluation.k
    prompts = [example.prompt for example in data.validation]
    lists = search_catalogue(study, llm, prompts, cases.history, k)
    return float(ndcg(list_ranks(lists.items, cases.targets), k).mean())


def _before_slices(study: Study) -> Split:
    """The split whose test targets are the first events of LoRA's slices."""
    profile = study.profile
    return earlier_split(study.split.train, profile.llm.titles, profile.split.min_events, profile.lora.positions)
