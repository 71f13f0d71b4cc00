"""How much the accuracy of the sequence models depends on the seed of their training; it takes hours."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from dualrec.core.locks import sole_user
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.statistics import seed_intervals
from dualrec.experiments.record import record_measured
from dualrec.sequence.ranking import best_lists
from dualrec.study import Study, open_study
from dualrec.systems.names import LABELS, NETWORKS, SEQUENCE_MODELS
from dualrec.systems.sequence_models import fit_sequence_model

METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@10", "MRR")


def measure_seeds(profile: str, count: int) -> dict[str, dict]:
    """Evaluate every sequence model on the test cases, the neural ones with several seeds, and record the differences.

    profile: a profile's name or a `.toml` file
    count: seeds of every neural model; the others have one, since none of them draws at random

    Returns system -> {"label", "n", "seeds", "metrics", "per_seed", "sd", "seconds_per_epoch"}.
    metrics: of each user's mean over seeds, with its interval over users
    per_seed: metric -> one mean per seed
    sd: metric -> standard deviation between seeds; None for a single one
    seconds_per_epoch: median over all epochs of a network; None for the others
    """
    study = open_study(profile)
    systems = {}
    with sole_user(study.folder):
        for name in SEQUENCE_MODELS:
            numbers = list(range(count if name in NETWORKS else 1))
            systems[name] = _over_seeds(study, name, numbers)
            ndcg = systems[name]["metrics"]["NDCG@10"]["value"]
            print(f"{LABELS[name]}: NDCG@10 {ndcg:.4f}", file=sys.stderr)
    values = {"n": len(study.cases), "protocol": study.protocol, "systems": systems}
    record_measured(study, "seeds", f"make seeds COUNT={count}", values)
    return systems


def _over_seeds(study: Study, name: str, numbers: list[int]) -> dict:
    """One system's entry of `measure_seeds`.

    numbers: the seeds
    """
    frames = []
    epoch_seconds = []
    for seed in numbers:
        model = fit_sequence_model(study, name, seed)
        epoch_seconds += [epoch["seconds"] for epoch in getattr(model, "history", [])]
        lists = best_lists(model, study.cases.history, study.profile.evaluation.k)
        seconds = getattr(model, "seconds", 0.0)
        ledger = study.save(f"seeds_{name}_{seed}", study.cases, lists, seconds)
        frames.append(per_user(ledger).loc[:, list(METRICS)])
    means = seed_means(frames, study.profile.evaluation.resamples, study.seed)
    deviations = {
        metric: float(np.std(values, ddof=1)) if len(values) > 1 else None
        for metric, values in means["per_seed"].items()
    }
    return {
        "label": LABELS[name],
        "n": len(frames[0]),
        "seeds": numbers,
        **means,
        "sd": deviations,
        "seconds_per_epoch": float(np.median(epoch_seconds)) if epoch_seconds else None,
    }


def seed_means(frames: list[pd.DataFrame], resamples: int, seed: int) -> dict[str, dict]:
    """What several seeds score together and each: {"metrics", "per_seed"}, as in an entry of `measure_seeds`.

    frames: METRICS of every user, one frame per seed
    resamples: how often users are drawn for the intervals
    seed: of these draws
    """
    per_seed = {metric: [float(pd.Series(frame[metric]).mean()) for frame in frames] for metric in METRICS}
    return {"metrics": seed_intervals(frames, resamples, seed), "per_seed": per_seed}
