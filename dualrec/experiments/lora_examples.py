"""What more training examples bring to LoRA, for every seed and role of the language model.

It takes hours on a processor, minutes on a GPU.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from dualrec.core.locks import sole_user
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.statistics import holm, paired_difference, seed_intervals
from dualrec.experiments.record import record_measured
from dualrec.experiments.seeds import METRICS, seed_means
from dualrec.llm.finetuning.lora import merged, read_history
from dualrec.llm.local import load_llm
from dualrec.sequence.ranking import best_lists
from dualrec.study import Study, open_study
from dualrec.systems.lazy_parts import lazy_parts
from dualrec.systems.lora import lora_data, train_adapter
from dualrec.systems.names import ADAPTER, names
from dualrec.systems.names import LABELS as SYSTEM_LABELS
from dualrec.systems.rank import rank
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import RankedLists

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


@dataclass(frozen=True)
class SeedRun:
    """What one seed measured on the test cases.

    lstm: METRICS of every user under the LSTM
    roles: the same under every training size and role
    training: one dict per training, see `measure_lora_examples`
    """

    lstm: pd.DataFrame
    roles: dict[tuple[TrainingSize, str], pd.DataFrame]
    training: list[dict]


def measure_lora_examples(profile: str, count: int) -> dict:
    """Train adapters on more and more examples and record how well each serves in every role, on the test cases.

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
    runs = [_one_seed(profile, seed) for seed in range(count)]
    study = open_study(profile)
    resamples = study.profile.evaluation.resamples
    lstm_frames = [run.lstm for run in runs]
    rows = []
    differences = []
    for size in TRAINING_SIZES:
        for role, label in LABELS.items():
            frames = [run.roles[size, role] for run in runs]
            identity = {"examples": size.examples, "role": role, "label": label}
            rows.append(vars(size) | identity | seed_means(frames, resamples, 0))
            differences.append(paired_difference(_mean_ndcg(frames), _mean_ndcg(lstm_frames), resamples, 0))
    values = {
        "n": len(lstm_frames[0]),
        "seeds": list(range(count)),
        "protocol": study.protocol,
        "precision": "float32",
        "lstm": {"metrics": seed_intervals(lstm_frames, resamples, 0)},
        "rows": [row | {"against_lstm": difference} for row, difference in zip(rows, holm(differences), strict=True)],
        "training": [row for run in runs for row in run.training],
    }
    record_measured(study, "lora_examples", f"make lora_examples COUNT={count}", values)
    return values


def _one_seed(profile: str, seed: int) -> SeedRun:
    """Train and evaluate the LSTM and every training size in every role, with one seed."""
    study = open_study(profile, seed)
    k = study.profile.evaluation.k
    histories = study.cases.history
    roles = {}
    training = []
    with sole_user(study.folder):
        lstm = fit_sequence_model(study, "lstm")
        lstm_metrics = _metrics(study, f"lora_examples_lstm_{seed}", best_lists(lstm, histories, k))
        parts = lazy_parts(study)
        for size in TRAINING_SIZES:
            llm = load_llm(study.profile.llm.model, torch.float32)  # in which all are compared
            if size.users:
                folder = _train(study, size)
                llm = merged(llm, folder)
                training.append({"examples": size.examples, "seed": seed} | _losses_and_seconds(folder))
            parts.fine_tuned = llm
            for role in TUNED_ROLES:
                lists = rank(study, role, histories, k, parts)
                metrics = _metrics(study, f"lora_examples_{size.examples}_{role}_{seed}", lists)
                roles[size, role] = metrics
                ndcg = metrics["NDCG@10"].mean()
                print(f"seed {seed}, {size.examples} examples, {role}: {ndcg:.4f}", file=sys.stderr)
    return SeedRun(lstm_metrics, roles, training)


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


def _metrics(study: Study, name: str, lists: RankedLists) -> pd.DataFrame:
    """METRICS of every user under some lists, whose ledger is kept."""
    return per_user(study.save(name, study.cases, lists, 0.0)).loc[:, list(METRICS)]


def _mean_ndcg(frames: list[pd.DataFrame]) -> pd.Series:
    """Each user's NDCG@10, averaged over seeds.

    frames: METRICS of every user, one frame per seed
    """
    total = pd.Series(frames[0]["NDCG@10"])
    for frame in frames[1:]:
        total = total + frame["NDCG@10"]
    return total / len(frames)
