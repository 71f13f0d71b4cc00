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
from dualrec.systems.language_models import rank_with
from dualrec.systems.lora import lora_data, tune
from dualrec.systems.sequence_models import ROLES, TUNED_ROLES, fit_sequence_model
from dualrec.types import RankedLists

LABELS = {role: ROLES[role] for role in TUNED_ROLES} | {"llm_lora_trie": "LLM, catalogue only"}  # with no examples it is untuned


@dataclass(frozen=True)
class Amount:
    """So many examples: `positions` of each of `users`, a seeded subset; no users: the untuned model."""

    users: int
    positions: int = 1

    @property
    def examples(self) -> int:
        """Training examples."""
        return self.users * self.positions


AMOUNTS = (Amount(0), Amount(250), Amount(500, 2), Amount(800, 5))


def measure(profile: str, count: int = 3) -> dict:
    """Train an adapter with each of AMOUNTS and every seed, and record what each is worth on the test cases in each role.

    Everything is drawn again with every seed: LSTM, subset of users, adapter, dropout. Fusion weights are chosen on validation.
    Returns {"n", "seeds", "lstm": {"metrics"}, "rows": one dict per amount and role: "examples", "users", "positions", "role", "label",
    "metrics" (of each user's mean over seeds, interval over users), "per_seed" (metric -> one mean per seed), "against_lstm" (NDCG@10,
    paired, the LSTM of the same seed, Holm over the rows)}, "training": one dict per amount and seed: "examples", "seed", "untuned"
    and "tuned" validation loss in nats per answer token, "seconds"}.
    """
    measured = [_one_seed(profile, seed) for seed in range(count)]
    study = open_study(profile)
    resamples = study.profile.evaluation.resamples
    backbone = [frames["lstm"] for frames, _ in measured]
    rows, differences = [], []
    for amount in AMOUNTS:
        for role, label in LABELS.items():
            frames = [found[amount, role] for found, _ in measured]
            which = {"examples": amount.examples, "role": role, "label": label}
            rows.append(vars(amount) | which | seed_means(frames, resamples, 0))
            mean, lstm = (sum(some) / count for some in (frames, backbone))
            differences.append(paired_difference(mean["NDCG@10"], lstm["NDCG@10"], resamples, 0))
    found = {
        "n": len(backbone[0]),
        "seeds": list(range(count)),
        "protocol": study.protocol,
        "precision": "float32",
        "lstm": {"metrics": seed_intervals(backbone, resamples, 0)},
        "rows": [row | {"against_lstm": difference} for row, difference in zip(rows, holm(differences), strict=True)],
        "training": [row for _, training in measured for row in training],
    }
    record_measured(study, "amounts", f"make amounts COUNT={count}", found)
    return found


def _one_seed(profile: str, seed: int) -> tuple[dict, list[dict]]:
    """Per-user metrics of the LSTM and of every amount and role, and how each training went."""
    study = open_study(profile, seed)
    with sole_user(study.folder):
        model = fit_sequence_model(study, "lstm")
        k, histories = study.profile.evaluation.k, study.cases.history
        frames: dict = {"lstm": _metrics(study, f"amounts_lstm_{seed}", top_k(model.scores(histories), k))}
        training = []
        for amount in AMOUNTS:
            llm = load_llm(study.profile.llm.model, torch.float32)  # in which all are compared
            if amount.users:
                folder = _train(study, amount)
                llm = merged(llm, folder)
                training.append({"examples": amount.examples, "seed": seed} | _how_it_went(folder))
            for role in TUNED_ROLES:
                lists = rank_with(study, role, llm, model, histories, k)
                frames[amount, role] = _metrics(study, f"amounts_{amount.examples}_{role}_{seed}", lists)
                print(f"seed {seed}, {amount.examples} examples, {role}: {frames[amount, role]['NDCG@10'].mean():.4f}", file=sys.stderr)
    return frames, training


def _train(study: Study, amount: Amount) -> Path:
    """The folder of the adapter that so many examples teach, in the type that is fastest on this device."""
    config = replace(study.profile.lora, users=amount.users, positions=amount.positions)
    chosen = replace(study, profile=replace(study.profile, lora=config))
    llm = load_llm(study.profile.llm.model, quantise=config.quantise)
    return tune(chosen, llm, lora_data(chosen, llm))


def _how_it_went(folder: Path) -> dict:
    """Validation losses before and after a training, and its seconds."""
    untuned, *epochs = read_history(folder)
    best = min(row["validation_loss"] for row in epochs)
    return {"untuned": untuned["validation_loss"], "tuned": best, "seconds": sum(row["seconds"] for row in epochs)}


def _metrics(study: Study, name: str, lists: RankedLists) -> pd.DataFrame:
    """Per-user metrics of lists, whose ledger is kept."""
    return per_user(study.save(name, study.cases, lists, 0.0))[list(METRICS)]
