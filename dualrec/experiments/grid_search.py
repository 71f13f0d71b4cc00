"""Grid search: settings of the neural sequence models, compared by validation NDCG@10; it takes about an hour."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from typing import cast

import numpy as np

from dualrec.core.locks import sole_user
from dualrec.experiments.record import record_measured
from dualrec.sequence.neural import NeuralRecommender
from dualrec.study import Study, open_study
from dualrec.systems.names import LABELS
from dualrec.systems.sequence_models import fit_sequence_model

TUNED = ("sasrec", "lstm")  # the third neural model has the settings that were published
GRID = {"learning_rate": (1e-3, 3e-3), "dropout": (0.2, 0.4), "weight_decay": (0.01, 0.3)}
FINALISTS = 3  # points that are trained with every seed of the profile; the others with the first


def search_grid(profile: str) -> dict[str, dict]:
    """Train every model of TUNED on the same grid and record the validation NDCG@10 of each point.

    Every point is trained with one seed, the best FINALISTS with the rest of the profile's seeds, too; of these the
    best mean is chosen. A seed counts with its best epoch. What the grid does not name is as in the profile. Test
    targets are not read.

    profile: a profile's name or a `.toml` file

    Returns system -> {"grid", "chosen"}.
    grid: one dict per point: its settings, "per_seed" (NDCG@10 of each seed) and "ndcg" (their mean)
    chosen: the settings of the best finalist
    """
    study = open_study(profile)
    with sole_user(study.folder):
        systems = {name: _search(study, name) for name in TUNED}
    facts = {"seeds": study.profile.seeds, "n": len(study.split.validation)}
    record_measured(study, "grid_search", "make grid_search", facts | {"systems": systems})
    return systems


def _search(study: Study, name: str) -> dict:
    """One system's entry of `search_grid`."""
    points: list[dict] = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    for point in points:
        point["per_seed"] = [_validation_ndcg(study, name, point, seed=0)]
    finalists = sorted(points, key=lambda point: -point["per_seed"][0])[:FINALISTS]
    for point in finalists:
        point["per_seed"] += [_validation_ndcg(study, name, point, seed) for seed in range(1, study.profile.seeds)]
    for point in points:
        point["ndcg"] = float(np.mean(point["per_seed"]))
    best = max(finalists, key=lambda point: point["ndcg"])
    return {"grid": points, "chosen": {key: best[key] for key in GRID}}


def _validation_ndcg(study: Study, name: str, point: dict, seed: int) -> float:
    """NDCG@10 on the validation targets after the best epoch of one training at a point of the grid."""
    settings = {key: point[key] for key in GRID}
    config = replace(getattr(study.profile, name), **settings)
    study_at_point = replace(study, profile=replace(study.profile, **{name: config}))
    model = cast(NeuralRecommender, fit_sequence_model(study_at_point, name, seed))  # as all in TUNED are
    ndcg = max(epoch["ndcg"] for epoch in model.history)
    print(f"{LABELS[name]}, seed {seed}: {settings} → validation NDCG@10 {ndcg:.4f}", file=sys.stderr)
    return ndcg
