"""What the seeds of the neural sequence models change; it takes hours."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from dualrec.core.locks import sole_user
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.statistics import seed_intervals
from dualrec.experiments.record import record_measured
from dualrec.sequence.base import top_k
from dualrec.study import Study, open_study
from dualrec.systems.names import LABELS, NETWORKS, SEQUENCE_MODELS
from dualrec.systems.sequence_models import fit_sequence_model

METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@10", "MRR")


def seeds(profile: str, count: int) -> dict:
    """Evaluate every temporal system on the test cases, the neural ones with several seeds, and record what the seeds change.

    Returns system -> {"label", "n", "seeds", "metrics" (of each user's mean over seeds, interval over users), "per_seed" (metric ->
    one mean per seed), "sd" (between seeds; null for one), "seconds_per_epoch" (of the networks)}.
    """
    study = open_study(profile)
    found = {}
    with sole_user(study.folder):
        for name in SEQUENCE_MODELS:
            numbers = list(range(count if name in NETWORKS else 1))
            found[name] = _over_seeds(study, name, numbers)
            print(f"{LABELS[name]}: NDCG@10 {found[name]['metrics']['NDCG@10']['value']:.4f}", file=sys.stderr)
    record_measured(study, "seeds", f"make seeds COUNT={count}", {"n": len(study.cases), "protocol": study.protocol, "systems": found})
    return found


def _over_seeds(study: Study, name: str, numbers: list[int]) -> dict:
    """One system's entry of `seeds`."""
    frames, epochs = [], []
    for seed in numbers:
        model = fit_sequence_model(study, name, seed)
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
