"""What bfloat16 costs the networks: each is trained in both precisions with several seeds; it takes hours."""

from __future__ import annotations

from dualrec.core.machine import device_and_threads
from dualrec.evaluation.shards import Place, Shard
from dualrec.evaluation.statistics import holm, paired_difference
from dualrec.experiments.seeds import seconds_per_epoch
from dualrec.experiments.sequence_arms import measure_model, model_settings, with_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted, seed_mean, seed_means, seeds_there
from dualrec.study import Study, open_study
from dualrec.systems.names import LABELS, NETWORKS

PRECISIONS = ("float32", "bfloat16")
COMPARED = ("NDCG@10", "HR@10")


def measure_precision(profile: str, count: int) -> dict[str, dict]:
    """Train every network in float32 and in bfloat16 and record what the second costs on all test cases.

    In bfloat16 the products of training are rounded; weights, their updates and ranking are float32 in both.

    profile: a profile's name or a `.toml` file
    count: seeds of each network in each precision. 0: nothing is measured, and the record is of the seeds that a
        network has been trained with in both; a network without any is left out

    Returns system -> {"label", "seeds", "float32", "bfloat16", "difference"}.
    float32, bfloat16: {"metrics", "per_seed"}, see `side_runs.seed_means`, and "seconds_per_epoch", a median
    difference: metric of COMPARED -> bfloat16 less float32, paired by user, each user's mean over seeds; corrected for
        the number of networks (Holm)
    """
    study = open_study(profile)
    arms = {f"{name}-{precision}": (name, precision) for name in NETWORKS for precision in PRECISIONS}
    labels = {arm: f"{LABELS[name]}, {precision}" for arm, (name, precision) in arms.items()}
    seeds = count or seeds_there(study.profile.name, "precision")
    run = SideRun(study, "precision", f"make precision COUNT={seeds}", labels, device_and_threads())
    studies = {arm: with_settings(study, name, precision=precision) for arm, (name, precision) in arms.items()}

    def measure(place: Place) -> Measured:
        return measure_model(studies[place.arm], arms[place.arm][0], place.seed, study.split.test)

    wanted = [
        Wanted(Place(arm, "test", seed), model_settings(studies[arm], name, study.split.test))
        for seed in range(seeds)
        for arm, (name, _) in arms.items()
    ]
    shards = run.shards(wanted, measure) if count else run.present(wanted)
    systems: dict[str, dict] = {}
    pairs = {name: pair for name in NETWORKS if all((pair := _in_both(shards, name)).values())}
    for name, pair in pairs.items():
        drawn = [shard.place.seed for shard in pair["float32"]]
        systems[name] = {"label": LABELS[name], "seeds": drawn} | {p: _over_seeds(study, pair[p]) for p in PRECISIONS}
    for name, difference in _differences(study, pairs).items():
        systems[name]["difference"] = difference
    compared = [shard for pair in pairs.values() for half in pair.values() for shard in half]
    run.record(compared, {"n": len(study.split.test), "protocol": study.protocol, "systems": systems})
    return systems


def _in_both(shards: list[Shard], name: str) -> dict[str, list[Shard]]:
    """Precision -> a network's shards, of the seeds that it has in both, in their order."""
    halves = {p: {s.place.seed: s for s in shards if s.place.arm == f"{name}-{p}"} for p in PRECISIONS}
    both = sorted(set.intersection(*map(set, halves.values())))
    return {p: [half[seed] for seed in both] for p, half in halves.items()}


def _over_seeds(study: Study, shards: list[Shard]) -> dict:
    means = seed_means([shard.metrics for shard in shards], study.profile.evaluation.resamples, study.seed)
    return means | {"seconds_per_epoch": seconds_per_epoch(shards)}


def _differences(study: Study, pairs: dict[str, dict[str, list[Shard]]]) -> dict[str, dict[str, dict]]:
    """System -> metric -> bfloat16 less float32, see `measure_precision`.

    pairs: system -> precision -> shards, of the same seeds
    """
    changes: dict[str, dict[str, dict]] = {name: {} for name in pairs}
    for metric in COMPARED:
        differences = []
        for pair in pairs.values():
            full, low = (seed_mean([shard.metrics for shard in pair[p]], metric) for p in PRECISIONS)
            differences.append(paired_difference(low, full, study.profile.evaluation.resamples, study.seed))
        for name, difference in zip(pairs, holm(differences), strict=True):
            changes[name][metric] = difference
    return changes
