"""The grid search of the neural sequence models, by validation; it takes hours."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace

import numpy as np

from dualrec.core.locks import sole_user
from dualrec.experiments.record import record_measured
from dualrec.study import Study, open_study
from dualrec.systems.names import LABELS
from dualrec.systems.sequence_models import fit_sequence_model

TUNED = ("sasrec", "lstm")  # the third neural model has the settings that were published
GRID = {"learning_rate": (1e-3, 3e-3), "dropout": (0.2, 0.4), "weight_decay": (0.01, 0.3)}
FINALISTS = 3  # points that are trained with every seed of the profile; the others with the first


def search_grid(profile: str) -> dict:
    """Train every tuned model on the same grid and record the validation NDCG@10 of each point; test targets are not read.

    One seed for every point, then the rest of the profile's seeds for the best FINALISTS, of which the best mean is chosen. A seed
    counts with its best epoch. Everything the grid does not name is as in the profile.
    Returns system -> {"grid": one dict per point with its "per_seed" and their mean, "ndcg"; "chosen": the best finalist's settings}.
    """
    study = open_study(profile)
    with sole_user(study.folder):
        searched = {name: _search(study, name) for name in TUNED}
    facts = {"seeds": study.profile.seeds, "n": len(study.split.validation)}
    record_measured(study, "grid_search", "make grid_search", facts | {"systems": searched})
    return searched


def _search(study: Study, name: str) -> dict:
    """One system's entry of `search_grid`."""
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
    model = fit_sequence_model(replace(study, profile=replace(study.profile, **{name: config})), name, seed)
    ndcg = max(epoch["ndcg"] for epoch in model.history)
    print(f"{LABELS[name]}, seed {seed}: {point} → validation NDCG@10 {ndcg:.4f}", file=sys.stderr)
    return ndcg
