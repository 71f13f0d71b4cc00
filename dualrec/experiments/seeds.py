"""How much the accuracy of the sequence models depends on the seed of their training; it takes hours."""

from __future__ import annotations

import numpy as np

from dualrec.evaluation.shards import Place, Shard
from dualrec.evaluation.statistics import paired_difference
from dualrec.experiments.sequence_arms import NETWORKS, SEQUENCE_MODELS, measure_model, model_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted, seed_mean, seed_means, seeds_there
from dualrec.study import Study, open_study
from dualrec.systems.names import LOOKS


def measure_seeds(profile: str, count: int) -> dict[str, dict]:
    """Evaluate every sequence model on all test cases, the neural ones with several seeds, and record the differences.

    A profile may test fewer people for the language model's sake; to rank for all of them takes a network seconds.
    Recorded beside the systems, as "ahead": the best by NDCG@10 less the second best, see `_ahead`.

    profile: a profile's name or a `.toml` file
    count: seeds of every neural model; the others have one, since none of them draws at random. 0: nothing is measured,
        and the record is of all that has been; a system without a shard is left out

    Returns system -> {"label", "n", "seeds", "metrics", "per_seed", "sd", "seconds_per_epoch"}.
    metrics: of each user's mean over seeds, with its interval over users
    per_seed: metric -> one mean per seed
    sd: metric -> standard deviation between seeds; None for a single one
    seconds_per_epoch: median over all epochs of a network; None for the others
    """
    study = open_study(profile)
    seeds = count or seeds_there(study.profile.name, "seeds")
    run = SideRun(study, "seeds", f"make seeds COUNT={seeds}", {name: look.label for name, look in LOOKS.items()})
    wanted = [
        Wanted(Place(name, "test", seed), model_settings(study, name, study.split.test))
        for name in SEQUENCE_MODELS
        for seed in range(seeds if name in NETWORKS else 1)
    ]

    def measure(place: Place) -> Measured:
        return measure_model(study, place.arm, place.seed, study.split.test)

    shards = run.shards(wanted, measure) if count else run.present(wanted)
    by_system = {name: [shard for shard in shards if shard.place.arm == name] for name in SEQUENCE_MODELS}
    by_system = {name: of_system for name, of_system in by_system.items() if of_system}
    systems = {name: _over_seeds(study, name, of_system) for name, of_system in by_system.items()}
    facts = {"n": len(study.split.test), "protocol": study.protocol, "ahead": _ahead(study, by_system)}
    run.record(shards, facts | {"systems": systems})
    return systems


def seconds_per_epoch(shards: list[Shard]) -> float | None:
    """The median over all epochs of some networks; None where there are none."""
    seconds = [epoch["seconds"] for shard in shards for epoch in shard.measured.get("epochs", [])]
    return float(np.median(seconds)) if seconds else None


def _ahead(study: Study, by_system: dict[str, list[Shard]]) -> dict:
    """How far the best by NDCG@10 is ahead of the second best: {"best", "second", "delta", "low", "high", "p", ...}.

    Paired by user, each user's mean over seeds, as `paired_difference` returns it. The two are chosen by the same
    numbers, which flatters the best.

    by_system: shards, one per seed
    """
    users = {name: seed_mean([shard.metrics for shard in shards], "NDCG@10") for name, shards in by_system.items()}
    best, second, *_ = sorted(users, key=lambda name: -users[name].mean())
    difference = paired_difference(users[best], users[second], study.profile.evaluation.resamples, study.seed)
    return {"best": best, "second": second} | difference


def _over_seeds(study: Study, name: str, shards: list[Shard]) -> dict:
    """One system's entry of `measure_seeds`.

    shards: one per seed
    """
    means = seed_means([shard.metrics for shard in shards], study.profile.evaluation.resamples, study.seed)
    deviations = {
        metric: float(np.std(values, ddof=1)) if len(values) > 1 else None
        for metric, values in means["per_seed"].items()
    }
    return {
        "label": LOOKS[name].label,
        "n": len(study.split.test),
        "seeds": [shard.place.seed for shard in shards],
        **means,
        "sd": deviations,
        "seconds_per_epoch": seconds_per_epoch(shards),
    }
