"""What more training examples bring to LoRA, for every seed and role of the language model.

It takes hours on a processor, minutes on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from dualrec.core.locks import sole_user
from dualrec.evaluation.ranks import list_ranks
from dualrec.evaluation.shards import Place, Shard
from dualrec.evaluation.statistics import holm, paired_difference, seed_intervals
from dualrec.experiments.sequence_arms import measure_model, model_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted, seed_mean, seed_means
from dualrec.llm.finetuning.lora import merged, read_history
from dualrec.llm.local import LLM, load_llm
from dualrec.study import Study, open_study
from dualrec.systems.lazy_parts import lazy_parts
from dualrec.systems.lora import lora_data, train_adapter
from dualrec.systems.names import ADAPTER, names
from dualrec.systems.names import LABELS as SYSTEM_LABELS
from dualrec.systems.parts import Parts
from dualrec.systems.rank import rank
from dualrec.types import Cases

TUNED_ROLES = names("catalogue_writer", "second_opinion", needing=ADAPTER)
# with no examples the catalogue writer is untuned, so its label says nothing of LoRA
LABELS = {role: SYSTEM_LABELS[role] for role in TUNED_ROLES} | {"llm_lora_trie": "LLM, catalogue only"}


@dataclass(frozen=True)
class TrainingSize:
    """How many examples LoRA learns from; no users: the untuned model.

    users: a seeded subset of the users
    positions: examples of each of them
    """

    users: int
    positions: int = 1

    @property
    def examples(self) -> int:
        """Training examples."""
        return self.users * self.positions


TRAINING_SIZES = (TrainingSize(0), TrainingSize(250), TrainingSize(500, 2), TrainingSize(800, 5))
LSTM = "lstm"  # the arm that all others are compared with


def measure_lora_examples(profile: str, count: int) -> dict:
    """Train adapters on more and more examples and record how well each serves in every role, on all test cases.

    Every seed trains an adapter with each of TRAINING_SIZES. Everything is drawn again with every seed: LSTM, subset of
    users, adapter, dropout. Fusion weights are chosen on validation.

    profile: a profile's name or a `.toml` file
    count: how many seeds

    Returns {"n", "seeds", "protocol", "precision", "lstm": {"metrics"}, "rows", "training"}.
    rows: one dict per training size and role: "examples", "users", "positions", "role", "label", "metrics" (of each
        user's mean over seeds, interval over users), "per_seed" (metric -> one mean per seed), "against_lstm" (NDCG@10,
        paired, the LSTM of the same seed, Holm over the rows)
    training: one dict per training size and seed: "examples", "seed", "untuned" and "tuned" validation loss in nats per
        answer token, "seconds"
    """
    study = open_study(profile)
    arms = {f"{size.examples}-{role}": (size, role) for size in TRAINING_SIZES for role in LABELS}
    labels = {arm: f"{size.examples:,} examples, {LABELS[role]}" for arm, (size, role) in arms.items()}
    run = SideRun(study, "lora_examples", f"make lora_examples COUNT={count}", labels | {LSTM: SYSTEM_LABELS[LSTM]})
    settings = {LSTM: model_settings(study, LSTM, study.split.test)}
    settings |= {arm: _settings(study, size) for arm, (size, _) in arms.items()}
    wanted = [Wanted(Place(arm, "test", seed), settings[arm]) for seed in range(count) for arm in settings]
    shards = run.shards(wanted, _measurer(profile, study.split.test, arms))
    values = _together(study, arms, {arm: [shard for shard in shards if shard.place.arm == arm] for arm in settings})
    run.record(shards, values)
    return values


def _together(study: Study, arms: dict[str, tuple[TrainingSize, str]], by_arm: dict[str, list[Shard]]) -> dict:
    """What `measure_lora_examples` returns.

    arms: arm -> training size and role
    by_arm: arm -> one shard per seed
    """
    resamples = study.profile.evaluation.resamples
    frames = {arm: [shard.metrics for shard in shards] for arm, shards in by_arm.items()}
    lstm = seed_mean(frames[LSTM], "NDCG@10")
    rows = []
    differences = []
    for arm, (size, role) in arms.items():
        identity = {"examples": size.examples, "role": role, "label": LABELS[role]}
        rows.append(vars(size) | identity | seed_means(frames[arm], resamples, 0))
        differences.append(paired_difference(seed_mean(frames[arm], "NDCG@10"), lstm, resamples, 0))
    training = [
        {"examples": arms[arm][0].examples, "seed": shard.place.seed} | shard.measured["training"]
        for arm, shards in by_arm.items()
        if arm != LSTM and arms[arm][1] == TUNED_ROLES[0]  # the roles of a size share their trainings
        for shard in shards
        if shard.measured
    ]
    return {
        "n": len(study.split.test),
        "seeds": [shard.place.seed for shard in by_arm[LSTM]],
        "protocol": study.protocol,
        "precision": "float32",
        "lstm": {"metrics": seed_intervals(frames[LSTM], resamples, 0)},
        "rows": [row | {"against_lstm": difference} for row, difference in zip(rows, holm(differences), strict=True)],
        "training": sorted(training, key=lambda row: row["seed"]),
    }


def _settings(study: Study, size: TrainingSize) -> dict[str, Any]:
    """All that the lists of a role depend on beside the LSTM's settings."""
    profile = study.profile
    lora = replace(profile.lora, users=size.users, positions=size.positions) if size.users else None
    own = {"llm": profile.llm, "lora": lora, "domain": profile.domain, "validation": profile.users}
    return model_settings(study, LSTM, study.split.test) | own | {"k": profile.evaluation.k, "precision": "float32"}


def _measurer(profile: str, cases: Cases, arms: dict[str, tuple[TrainingSize, str]]) -> Callable[[Place], Measured]:
    """Measures one arm with one seed; what neighbouring arms share is loaded or trained for the first of them.

    cases: those of every seed
    arms: arm -> training size and role; the LSTM is none of them
    """

    @lru_cache(maxsize=1)
    def parts_of(seed: int) -> Parts:
        return lazy_parts(open_study(profile, seed))

    @lru_cache(maxsize=1)
    def taught(seed: int, size: TrainingSize) -> tuple[LLM, dict[str, Any]]:
        study = parts_of(seed).study
        llm = load_llm(study.profile.llm.model, torch.float32)  # in which all are compared
        if not size.users:
            return llm, {}
        folder = _train(study, size)
        return merged(llm, folder), {"training": _losses_and_seconds(folder)}

    def measure(place: Place) -> Measured:
        parts = parts_of(place.seed)
        study = parts.study
        if place.arm == LSTM:
            return measure_model(study, LSTM, place.seed, cases)
        size, role = arms[place.arm]
        with sole_user(study.folder):
            parts.fine_tuned, facts = taught(place.seed, size)
            lists = rank(study, role, cases.history, study.profile.evaluation.k, parts)
        return Measured(list_ranks(lists.items, cases.targets), facts, lists.items.shape[1])

    return measure


def _train(study: Study, size: TrainingSize) -> Path:
    """The folder of the adapter that so many examples teach, in the type that is fastest on this device."""
    config = replace(study.profile.lora, users=size.users, positions=size.positions)
    study_of_size = replace(study, profile=replace(study.profile, lora=config))
    llm = load_llm(study.profile.llm.model, quantise=config.quantise)
    return train_adapter(study_of_size, llm, lora_data(study_of_size, llm))


def _losses_and_seconds(folder: Path) -> dict:
    """Validation losses before and after a training, and its seconds."""
    untuned, *epochs = read_history(folder)
    best = min(epoch["validation_loss"] for epoch in epochs)
    return {"untuned": untuned["validation_loss"], "tuned": best, "seconds": sum(epoch["seconds"] for epoch in epochs)}
