"""What more examples bring to LoRA, measured beside the notebooks: hours on a processor, minutes on a GPU.

The numbers go to the default profile's `results.json`, under the profile they were measured with, as those of `side_runs`.
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
from dualrec.sequence.base import top_k
from dualrec.study import Study, open_study
from dualrec.systems.lora import lora_data, train_adapter
from dualrec.systems.names import ADAPTER, names
from dualrec.systems.names import LABELS as SYSTEM_LABELS
from dualrec.systems.parts import Parts
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


def measure_lora_examples(profile: str, count: int) -> dict:
    """Train an adapter with each of TRAINING_SIZES and every seed, and record what each is worth on the test cases in each role.

    Everything is drawn again with every seed: LSTM, subset of users, adapter, dropout. Fusion weights are chosen on validation.

    profile: a profile's name or a `.toml` file
    count: how many seeds

    Returns {"n", "seeds", "protocol", "precision", "lstm": {"metrics"}, "rows", "training"}.
    rows: one dict per training size and role: "examples", "users", "positions", "role", "label", "metrics" (of each user's mean
        over seeds, interval over users), "per_seed" (metric -> one mean per seed), "against_lstm" (NDCG@10, paired, the LSTM of
        the same seed, Holm over the rows)
    training: one dict per training size and seed: "examples", "seed", "untuned" and "tuned" validation loss in nats per answer
        token, "seconds"
    """
    measured = [_one_seed(profile, seed) for seed in range(count)]
    study = open_study(profile)
    resamples = study.profile.evaluation.resamples
    backbone = [frames["lstm"] for frames, _ in measured]
    rows, differences = [], []
    for size in TRAINING_SIZES:
        for role, label in LABELS.items():
            frames = [per_size[size, role] for per_size, _ in measured]
            identity = {"examples": size.examples, "role": role, "label": label}
            rows.append(vars(size) | identity | seed_means(frames, resamples, 0))
            mean, lstm = (sum(some) / count for some in (frames, backbone))
            differences.append(paired_difference(mean["NDCG@10"], lstm["NDCG@10"], resamples, 0))
    values = {
        "n": len(backbone[0]),
        "seeds": list(range(count)),
        "protocol": study.protocol,
        "precision": "float32",
        "lstm": {"metrics": seed_intervals(backbone, resamples, 0)},
        "rows": [row | {"against_lstm": difference} for row, difference in zip(rows, holm(differences), strict=True)],
        "training": [row for _, training in measured for row in training],
    }
    record_measured(study, "lora_examples", f"make lora_examples COUNT={count}", values)
    return values


def _one_seed(profile: str, seed: int) -> tuple[dict, list[dict]]:
    """Per-user metrics of the LSTM and of every training size and role, and how each training went."""
    study = open_study(profile, seed)
    with sole_user(study.folder):
        model = fit_sequence_model(study, "lstm")
        k, histories = study.profile.evaluation.k, study.cases.history
        frames: dict = {"lstm": _metrics(study, f"lora_examples_lstm_{seed}", top_k(model.scores(histories), k))}
        training = []
        parts = Parts(study)
        for size in TRAINING_SIZES:
            llm = load_llm(study.profile.llm.model, torch.float32)  # in which all are compared
            if size.users:
                folder = _train(study, size)
                llm = merged(llm, folder)
                training.append({"examples": size.examples, "seed": seed} | _losses_and_seconds(folder))
            parts.fine_tuned = llm
            for role in TUNED_ROLES:
                lists = rank(study, role, histories, k, parts)
                frames[size, role] = _metrics(study, f"lora_examples_{size.examples}_{role}_{seed}", lists)
                print(f"seed {seed}, {size.examples} examples, {role}: {frames[size, role]['NDCG@10'].mean():.4f}", file=sys.stderr)
    return frames, training


def _train(study: Study, size: TrainingSize) -> Path:
    """The folder of the adapter that so many examples teach, in the type that is fastest on this device."""
    config = replace(study.profile.lora, users=size.users, positions=size.positions)
    chosen = replace(study, profile=replace(study.profile, lora=config))
    llm = load_llm(study.profile.llm.model, quantise=config.quantise)
    return train_adapter(chosen, llm, lora_data(chosen, llm))


def _losses_and_seconds(folder: Path) -> dict:
    """Validation losses before and after a training, and its seconds."""
    untuned, *epochs = read_history(folder)
    best = min(row["validation_loss"] for row in epochs)
    return {"untuned": untuned["validation_loss"], "tuned": best, "seconds": sum(row["seconds"] for row in epochs)}


def _metrics(study: Study, name: str, lists: RankedLists) -> pd.DataFrame:
    """Per-user metrics of lists, whose ledger is kept."""
    return per_user(study.save(name, study.cases, lists, 0.0))[list(METRICS)]
