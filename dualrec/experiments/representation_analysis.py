"""What the shards of `representation` say: primary comparisons with verdicts, the hybrid, groups of users, the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrec.evaluation.shards import Shard
from dualrec.evaluation.statistics import holm
from dualrec.evaluation.two_way import two_way_difference
from dualrec.experiments.primary import Primary
from dualrec.experiments.representation_arms import DESCRIBED, IDS_ALONE, NETWORKS, PERMUTED, WITH_TEXT
from dualrec.experiments.seeds import seconds_per_epoch
from dualrec.experiments.side_runs import seed_means
from dualrec.study import Study

JUDGED = ("p", "verdict")  # what intervals alone have not
ByArm = dict[str, list[Shard]]


def analysed(
    study: Study, primary: Primary, shards: list[Shard], choices: dict[str, dict], labels: dict[str, str]
) -> dict:
    """What is recorded of one profile.

    shards: of the test, one per arm and seed
    choices: arm -> what was chosen on validation, and the NDCG@10 there as "validation"
    labels: arm -> how it is called

    Returns {"n", "protocol", "resamples", "margin", "systems", "primary", "described", "groups", "hybrid"}.
    systems: arm -> {"label", "seeds", "chosen", "metrics", "per_seed", "seconds_per_epoch"}, see `side_runs.seed_means`
    primary: one dict per declared pair, see `two_way_difference`, with "arm", "against", "no_gain_above_margin" and,
        corrected for all pairs, "p_holm"; empty where a pair is not measured; without p-values where the file says so
    described: differences from what is read without text, and of other pairs, intervals alone
    groups: "target_events" and "history_events" -> one dict per group of users: "group", "n" and the primary pairs
        within it, intervals alone
    hybrid: see `_hybrid`
    """
    by_arm: ByArm = {}
    for shard in shards:
        by_arm.setdefault(shard.place.arm, []).append(shard)
    resamples = study.profile.evaluation.resamples
    systems = {
        arm: {
            "label": labels[arm],
            "seeds": [shard.place.seed for shard in of_arm],
            "chosen": choices.get(arm),
            **seed_means([shard.metrics for shard in of_arm], resamples, study.seed),
            "seconds_per_epoch": seconds_per_epoch(of_arm),
        }
        for arm, of_arm in by_arm.items()
    }
    network_pairs = [(f"{n}-{a}", f"{n}-{b}") for n in NETWORKS for a, b in _described(primary)]
    return {
        "n": len(study.split.test),
        "protocol": study.protocol,
        "resamples": primary.resamples,
        "margin": primary.margin,
        "systems": systems,
        "primary": _primary(study, primary, by_arm),
        "described": _intervals(study, primary, by_arm, network_pairs),
        "groups": _groups(study, primary, by_arm),
        "hybrid": _hybrid(study, primary, by_arm, choices),
    }


def _described(primary: Primary) -> list[tuple[str, str]]:
    """Pairs of arms without the name of a network: each once."""
    return list(dict.fromkeys((*primary.pairs, *DESCRIBED)))


def _pairs(primary: Primary) -> list[tuple[str, str]]:
    """The primary pairs as shards name them."""
    return [(f"{primary.network}-{a}", f"{primary.network}-{b}") for a, b in primary.pairs]


def _difference(
    study: Study, primary: Primary, by_arm: ByArm, pair: tuple[str, str], rows: Any = slice(None)
) -> dict | None:
    """The first arm less the second over the seeds of both; None where they share none.

    rows: of the users
    """
    both = [{shard.place.seed: shard for shard in by_arm.get(arm, [])} for arm in pair]
    seeds = sorted(set.intersection(*map(set, both)))
    if not seeds:
        return None
    first, second = (
        np.column_stack([of_arm[seed].metrics[primary.metric].to_numpy(float)[rows] for seed in seeds])
        for of_arm in both
    )
    names = {"arm": pair[0], "against": pair[1]}
    return names | two_way_difference(first, second, primary.resamples, study.seed)


def _intervals(
    study: Study, primary: Primary, by_arm: ByArm, pairs: list[tuple[str, str]], rows: Any = slice(None)
) -> list[dict]:
    """The differences of those pairs that are measured, with intervals and nothing else."""
    found = (_difference(study, primary, by_arm, pair, rows) for pair in pairs)
    return [{key: value for key, value in row.items() if key not in JUDGED} for row in found if row]


def _primary(study: Study, primary: Primary, by_arm: ByArm) -> list[dict]:
    """See `analysed`."""
    if not primary.on(study.profile.name).verdicts:
        return _intervals(study, primary, by_arm, _pairs(primary))
    found = [_difference(study, primary, by_arm, pair) for pair in _pairs(primary)]
    rows = [row | {"no_gain_above_margin": row["high"] < primary.margin} for row in found if row]
    return holm(rows) if len(rows) == len(found) else []  # a correction for fewer pairs would be another one


def _groups(study: Study, primary: Primary, by_arm: ByArm) -> dict[str, list[dict]]:
    """See `analysed`."""
    test, edges = study.split.test, primary.group_edges
    names = [f"up to {edges[0]}"]
    names += [f"{below + 1} to {edge}" for below, edge in zip(edges, edges[1:], strict=False)]
    names.append(f"more than {edges[-1]}")
    events = {"target_events": study.popularity[test.targets], "history_events": test.history.lengths}
    groups: dict[str, list[dict]] = {}
    for kind, counts in events.items():
        group_of = np.searchsorted(edges, counts)
        members = [np.flatnonzero(group_of == number) for number in range(len(names))]
        groups[kind] = [
            {"group": name, "n": len(rows), "pairs": _intervals(study, primary, by_arm, _pairs(primary), rows)}
            for name, rows in zip(names, members, strict=True)
            if len(rows) > 1
        ]
    return groups


def _hybrid(study: Study, primary: Primary, by_arm: ByArm, choices: dict[str, dict]) -> dict | None:
    """The best network of ids and text, over the best of ids alone and over itself with the text of other items.

    All three by validation. None where it is not declared for this profile, or not measured.

    Returns {"hybrid", "over_ids", "over_permuted", "met"}; the two in the middle as `two_way_difference`, with
    "wanted", the share that was declared. Met: both gain that share at least, with p below the declared limit.
    """
    declared = primary.hybrid
    text, ids = (
        {name: n for n in NETWORKS for arm in arms if (name := f"{n}-{arm}") in by_arm.keys() & choices.keys()}
        for arms in (WITH_TEXT, [IDS_ALONE])
    )
    if study.profile.name != declared.profile or not text or not ids:
        return None
    hybrid, alone = (max(names, key=lambda arm: choices[arm]["validation"]) for names in (text, ids))
    over_ids = _difference(study, primary, by_arm, (hybrid, alone))
    over_permuted = _difference(study, primary, by_arm, (hybrid, f"{text[hybrid]}-{PERMUTED}"))
    if over_ids is None or over_permuted is None:
        return None
    over_ids["wanted"], over_permuted["wanted"] = declared.over_ids, declared.over_permuted
    met = all(row["gain"] >= row["wanted"] and row["p"] < declared.p for row in (over_ids, over_permuted))
    return {"hybrid": hybrid, "over_ids": over_ids, "over_permuted": over_permuted, "met": met}
