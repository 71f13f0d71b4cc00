"""What is measured beside the notebooks, because it takes hours: the grid of the neural models, and their seeds.

Both leave their numbers in the default profile's `results.json`, under the profile they were run with.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from dualrec.core import paths
from dualrec.core.locks import sole_user
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.results import git_commit, record_side_run
from dualrec.evaluation.statistics import seed_intervals
from dualrec.notebook import hardware
from dualrec.sequence.base import top_k
from dualrec.study import Study, open_study
from dualrec.systems.sequence_models import LABELS, NEURAL, TEMPORAL, fit_temporal

TUNED = ("sasrec", "lstm")  # the third neural model has the settings that were published
GRID = {"learning_rate": (1e-3, 3e-3), "dropout": (0.2, 0.4), "weight_decay": (0.01, 0.3)}
FINALISTS = 3  # points that are trained with every seed of the profile; the others with the first
METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@10", "MRR")


def tune(profile: str) -> dict:
    """Train every tuned model on the same grid and record the validation NDCG@10 of each point; test targets are not read.

    One seed for every point, then the rest of the profile's seeds for the best FINALISTS, of which the best mean is chosen. A seed
    counts with its best epoch. Everything the grid does not name is as in the profile.
    Returns system -> {"grid": one dict per point with its "per_seed" and their mean, "ndcg"; "chosen": the best finalist's settings}.
    """
    study = open_study(profile)
    with sole_user(study.folder):
        found = {name: _search(study, name) for name in TUNED}
    record_measured(study, "tuning", "make tune", {"seeds": study.profile.seeds, "n": len(study.split.validation), "systems": found})
    return found


def _search(study: Study, name: str) -> dict:
    """One system's entry of `tune`."""
    rows = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    for row in rows:
        row["per_seed"] = [_validation_ndcg(study, name, row, seed=0)]
    finalists = sorted(rows, key=lambda row: -row["per_seed"][0])[:FINALISTS]
    for row in finalists:
        row["per_seed"] += [_validation_ndcg(study, name, row, seed) for seed in range(1, study.profile.seeds)]
    for row in rows:
        row["ndcg"] = float(np.mean(row["per_seed"]))
    best = max(finalists, key=lambda row: row["ndcg"])
    return {"grid": rows, "chosen": {key: best[key] for key in GRID}}


def _validation_ndcg(study: Study, name: str, row: dict, seed: int) -> float:
    """The best epoch's NDCG@10 on the validation targets of one point of the grid."""
    point = {key: row[key] for key in GRID}
    config = replace(getattr(study.profile, name), **point)
    model = fit_temporal(replace(study, profile=replace(study.profile, **{name: config})), name, seed)
    ndcg = max(epoch["ndcg"] for epoch in model.history)
    print(f"{LABELS[name]}, seed {seed}: {point} → validation NDCG@10 {ndcg:.4f}", file=sys.stderr)
    return ndcg


def seeds(profile: str, count: int = 5) -> dict:
    """Evaluate every temporal system on the test cases, the neural ones with several seeds, and record what the seeds change.

    Returns system -> {"label", "n", "seeds", "metrics" (of each user's mean over seeds, interval over users), "per_seed" (metric ->
    one mean per seed), "sd" (between seeds; null for one), "seconds_per_epoch" (of the networks)}.
    """
    study = open_study(profile)
    found = {}
    with sole_user(study.folder):
        for name in TEMPORAL:
            numbers = list(range(count if name in NEURAL else 1))
            found[name] = _over_seeds(study, name, numbers)
            print(f"{LABELS[name]}: NDCG@10 {found[name]['metrics']['NDCG@10']['value']:.4f}", file=sys.stderr)
    record_measured(study, "seeds", f"make seeds COUNT={count}", {"n": len(study.cases), "protocol": study.protocol, "systems": found})
    return found


def _over_seeds(study: Study, name: str, numbers: list[int]) -> dict:
    """One system's entry of `seeds`."""
    frames, epochs = [], []
    for seed in numbers:
        model = fit_temporal(study, name, seed)
        epochs += [row["seconds"] for row in getattr(model, "history", [])]
        lists = top_k(model.scores(study.cases.history), study.profile.evaluation.k)
        seconds = getattr(model, "seconds", 0.0)
        frames.append(per_user(study.save(f"seeds_{name}_{seed}", study.cases, lists, seconds))[list(METRICS)])
    means = seed_means(frames, study.profile.evaluation.resamples, study.seed)
    return {
        "label": LABELS[name],
        "n": len(frames[0]),
        "seeds": numbers,
        **means,
        "sd": {metric: float(np.std(values, ddof=1)) if len(values) > 1 else None for metric, values in means["per_seed"].items()},
        "seconds_per_epoch": float(np.median(epochs)) if epochs else None,
    }


def seed_means(frames: list[pd.DataFrame], resamples: int, seed: int) -> dict[str, dict]:
    """ "metrics" (of each user's mean over seeds, interval over users) and "per_seed" (metric -> one mean per seed).

    frames: per-user METRICS, one frame per seed
    """
    per_seed = {metric: [float(frame[metric].mean()) for frame in frames] for metric in METRICS}
    return {"metrics": seed_intervals(frames, resamples, seed), "per_seed": per_seed}


def record_measured(study: Study, kind: str, command: str, values: dict) -> None:
    """Put a side run into the default profile's results, with what it takes to repeat it."""
    chosen = "" if study.profile.name == paths.DEFAULT_PROFILE else f" PROFILE={study.profile.name}"
    facts = {"command": command + chosen, "data": study.data.name, "commit": git_commit(paths.home()), "hardware": hardware()}
    record_side_run(paths.results(paths.DEFAULT_PROFILE), study.profile.name, kind, facts | values)
