"""Whether the protocol moves the order of the models that train no network, and what can be counted of the data.

Each level changes one rule of the audited protocol: how ties are settled, whether what was met may come again, or
where a user's history is cut. A level that the data cannot tell from the audited one is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from dualrec.core.errors import StudyError
from dualrec.data.counts import data_counts, has_times, last_events_met_before
from dualrec.data.sources import load
from dualrec.data.splits import Split, leave_one_out, time_split
from dualrec.evaluation.shards import Place, Shard
from dualrec.evaluation.statistics import bootstrap_intervals, holm, minimum_detectable, paired_difference
from dualrec.experiments.sequence_arms import measure_model, model_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted
from dualrec.study import Study, open_study
from dualrec.systems.names import COUNTING, LABELS, SOLVED

AUDITED = "leave-one-out"
OTHER_TIES = {"id_down": ("ties by rising item id", "id_up")}  # than the profile's tie rule
FALLING_IDS = ("ties by falling item id", "id_down")
MODELS = (*COUNTING, *SOLVED)
METRICS = ("HR@10", "NDCG@10")


def measure_protocols(profile: str) -> dict[str, Any]:
    """Rank with every model that trains no network under each protocol, and record how they stand under it.

    profile: a profile's name or a `.toml` file

    Returns {"n", "protocol", "counts", "levels", "detectable"}.
    counts: as `data_counts` returns them, with "last_met_before" of "read_cases" users before the reduction to a core
    levels: name -> {"n", "systems", "order", "moved"}: system -> {"label", "metrics"}, the systems from best to worst
        by NDCG@10, and the level's best less the audited protocol's best, paired by user on this level's users and
        corrected for the number of levels (Holm); None where they are the same
    detectable: metric -> the difference between the two best that the audited protocol's users show with 80 % power
    """
    study = open_study(profile)
    splits = protocol_splits(study)
    studies = {level: replace(study, split=split) for level, split in splits.items()}
    arms = {f"{level} + {name}": (level, name) for level in splits for name in MODELS}
    labels = {arm: f"{LABELS[name]}, {level}" for arm, (level, name) in arms.items()}
    run = SideRun(study, "protocols", "make protocols", labels)

    def measure(place: Place) -> Measured:
        level, name = arms[place.arm]
        return measure_model(studies[level], name, place.seed, splits[level].test)

    wanted = [
        Wanted(Place(arm, "test", study.seed), model_settings(studies[level], name, splits[level].test))
        for arm, (level, name) in arms.items()
    ]
    shards = {arms[shard.place.arm]: shard for shard in run.shards(wanted, measure)}
    values = {
        "n": len(study.split.test),
        "protocol": study.protocol,
        "counts": _counts(study),
        "levels": _levels(study, shards),
        "detectable": _detectable(shards),
    }
    run.record(list(shards.values()), values)
    return values


def protocol_splits(study: Study) -> dict[str, Split]:
    """Level -> its split; the audited one first, and of the others those that the data can tell from it."""
    rules = study.profile.split
    splits = {AUDITED: study.split}
    if has_times(study.data):
        level, rule = OTHER_TIES.get(rules.tie_rule, FALLING_IDS)
        splits[level] = leave_one_out(study.data, replace(rules, tie_rule=rule))
        for target in ("first", "last"):
            try:
                splits[f"{target} after a cut in time"] = time_split(study.data, rules, target)
            except StudyError:  # no user has events on both sides
                continue
    if rules.repeats == "first" and study.split.met_before:
        splits["repeats allowed"] = leave_one_out(study.data, replace(rules, repeats="allow"))
    return splits


def _counts(study: Study) -> dict[str, Any]:
    rules = study.profile.split
    met_before, cases = last_events_met_before(load(study.profile.data), rules)
    return data_counts(study.data, study.split, rules) | {"last_met_before": met_before, "read_cases": cases}


def _levels(study: Study, shards: dict[tuple[str, str], Shard]) -> dict[str, dict]:
    """See `measure_protocols`.

    shards: by level and system
    """
    names = list(dict.fromkeys(level for level, _ in shards))
    levels = {level: _standing(study, {name: shards[level, name] for name in MODELS}) for level in names}
    audited = levels[AUDITED]["order"][0]
    best = {level: entry["order"][0] for level, entry in levels.items()}
    moved = [level for level in names if best[level] != audited]
    differences = [_difference(study, shards[level, best[level]], shards[level, audited]) for level in moved]
    corrected = dict(zip(moved, holm(differences) if moved else [], strict=True))
    return {level: entry | {"moved": corrected.get(level)} for level, entry in levels.items()}


def _standing(study: Study, shards: dict[str, Shard]) -> dict[str, Any]:
    """How the systems of one level stand; shards by system."""
    resamples, frames = study.profile.evaluation.resamples, {name: shard.metrics for name, shard in shards.items()}
    intervals = {
        name: bootstrap_intervals(pd.DataFrame(frame[[*METRICS]]), resamples, study.seed)
        for name, frame in frames.items()
    }
    return {
        "n": len(next(iter(frames.values()))),
        "systems": {name: {"label": LABELS[name], "metrics": intervals[name]} for name in frames},
        "order": sorted(frames, key=lambda name: -intervals[name]["NDCG@10"]["value"]),
    }


def _detectable(shards: dict[tuple[str, str], Shard]) -> dict[str, float]:
    """See `measure_protocols`."""
    frames = sorted((shards[AUDITED, name].metrics for name in MODELS), key=lambda frame: -frame["NDCG@10"].mean())
    return {metric: minimum_detectable(frames[0][metric] - frames[1][metric]) for metric in METRICS}


def _difference(study: Study, a: Shard, b: Shard) -> dict:
    resamples = study.profile.evaluation.resamples
    return paired_difference(pd.Series(a.metrics["NDCG@10"]), pd.Series(b.metrics["NDCG@10"]), resamples, study.seed)
