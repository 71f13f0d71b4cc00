"""What bfloat16 costs the networks: each is trained in both precisions with several seeds; it takes hours."""

from __future__ import annotations

from dualrec.core.machine import device_and_threads
from dualrec.evaluation.shards import Place, Shard
from dualrec.evaluation.statistics import holm, paired_difference
from dualrec.experiments.seeds import seconds_per_epoch
from dualrec.experiments.sequence_arms import measure_model, model_settings, with_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted, seed_mean, seed_means
from dualrec.study import Study, open_study
from dualrec.systems.names import LABELS, NETWORKS

PRECISIONS = ("float32", "bfloat16")
COMPARED = ("NDCG@10", "HR@10")


def measure_precision(profile: str, count: int) -> dict[str, dict]:
    """Train every network in float32 and in bfloat16 and record what the second costs on all test cases.

    In bfloat16 the products of training are rounded; weights, their updates and ranking are float32 in both.

    profile: a profile's name or a `.toml` file
    count: seeds of each network in each precision

    Returns system -> {"label", "float32", "bfloat16", "difference"}.
    float32, bfloat16: {"metrics", "per_seed"}, see `side_runs.seed_means`, and "seconds_per_epoch", a median
    difference: metric of COMPARED -> bfloat16 less float32, paired by user, each user's mean over seeds; corrected for
        the number of networks (Holm)
    """
    study = open_study(profile)
    arms = {f"{name}-{precision}": (name, precision) for name in NETWORKS for precision in PRECISIONS}
    labels = {arm: f"{LABELS[name]}, {precision}" for arm, (name, precision) in arms.items()}
    run = SideRun(study, "precision", f"make precision COUNT={count}", labels, device_and_threads())
    studies = {arm: with_settings(study, name, precision=precision) for arm, (name, precision) in arms.items()}

    def measure(place: Place) -> Measured:
        return measure_model(studies[place.arm], arms[place.arm][0], place.seed, study.split.test)

    wanted = [
        Wanted(Place(arm, "test", seed), model_settings(studies[arm], name, study.split.test))
        for seed in range(count)
        for arm, (name, _) in arms.items()
    ]
    shards = run.shards(wanted, measure)
    by_arm = {arm: [shard for shard in shards if shard.place.arm == arm] for arm in arms}
    systems = {
        name: {"label": LABELS[name]} | {p: _over_seeds(study, by_arm[f"{name}-{p}"]) for p in PRECISIONS}
        for name in NETWORKS
    }
    for name, difference in _differences(study, by_arm).items():
        systems[name]["difference"] = difference
    facts = {"n": len(study.split.test), "seeds": list(range(count)), "protocol": study.protocol}
    run.record(shards, facts | {"systems": systems})
    return systems


def _over_seeds(study: Study, shards: list[Shard]) -> dict:
    means = seed_means([shard.metrics for shard in shards], study.profile.evaluation.resamples, study.seed)
    return means | {"seconds_per_epoch": seconds_per_epoch(shards)}


def _differences(study: Study, by_arm: dict[str, list[Shard]]) -> dict[str, dict[str, dict]]:
    """System -> metric -> bfloat16 less float32, see `measure_precision`."""
    frames = {arm: [shard.metrics for shard in shards] for arm, shards in by_arm.items()}
    found: dict[str, dict[str, dict]] = {name: {} for name in NETWORKS}
    for metric in COMPARED:
        pairs = [[seed_mean(frames[f"{name}-{p}"], metric) for p in PRECISIONS] for name in NETWORKS]
        resamples = study.profile.evaluation.resamples
        differences = [paired_difference(low, full, resamples, study.seed) for full, low in pairs]
        for name, difference in zip(NETWORKS, holm(differences), strict=True):
            found[name][metric] = difference
    return found
