"""What the shards of `representation` say: primary comparisons with verdicts, the hybrid, groups of users, the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dualrec.evaluation.families import with_margin
from dualrec.evaluation.shards import Shard
from dualrec.evaluation.statistics import holm
from dualrec.evaluation.two_way import two_way_difference
from dualrec.experiments.primary import Primary
from dualrec.experiments.representation_arms import (
    DESCRIBED,
    IDS_ALONE,
    NETWORKS,
    PERMUTED,
    WITH_TEXT,
    WITHOUT_TITLES,
)
from dualrec.experiments.seeds import seconds_per_epoch
from dualrec.experiments.side_runs import seed_means
from dualrec.study import Study
from dualrec.types import Cases

JUDGED = ("p", "verdict")  # what intervals alone have not
Scores = Mapping[str, Mapping[int, pd.DataFrame]]  # arm -> seed -> metrics of every user
Pairs = Sequence[tuple[str, str]]  # of arms: the first less the second


def analysed(
    study: Study, primary: Primary, shards: list[Shard], choices: dict[str, dict], labels: dict[str, str]
) -> dict:
    """What is recorded of one profile.

    shards: of the test, one per arm and seed
    choices: arm -> what was chosen on validation, and the NDCG@10 there as "validation"
    labels: arm -> how it is called

    Returns {"n", "protocol", "resamples", "margin", "declared", "systems", "primary", "described", "groups", "hybrid"}.
    declared: the primary pairs of arms, the first less the second
    systems: arm -> {"label", "seeds", "chosen", "metrics", "per_seed", "seconds_per_epoch"}, see `side_runs.seed_means`
    primary: one dict per declared pair, see `two_way_difference`, with "arm", "against", "margin" and, corrected
        for all pairs, "p_holm" and "verdict"; empty where a pair is not measured; without both where the file says so
    described: differences from what is read without text, and of other pairs, intervals alone
    groups: "target_events" and "history_events" -> one dict per group of users: "group", "n" and the primary pairs
        and what the titles of other items bring over none, within it, intervals alone
    hybrid: see `_hybrid`
    """
    by_arm: dict[str, list[Shard]] = {}
    for shard in shards:
        by_arm.setdefault(shard.place.arm, []).append(shard)
    scores = {arm: {shard.place.seed: shard.metrics for shard in of_arm} for arm, of_arm in by_arm.items()}
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
    described = [(f"{n}-{a}", f"{n}-{b}") for n in NETWORKS for a, b in _described(primary)]
    return {
        "n": len(study.split.test),
        "protocol": study.protocol,
        "resamples": primary.resamples,
        "margin": primary.margin,
        "declared": [list(pair) for pair in _pairs(primary)],
        "systems": systems,
        "primary": _primary(study, primary, scores),
        "described": _intervals(differences(scores, described, primary, study.seed)),
        "groups": groups(study, scores, [*_pairs(primary), _capacity(primary)], primary, study.split.test),
        "hybrid": _hybrid(study, primary, scores, choices),
    }


def differences(
    scores: Scores, pairs: Pairs, primary: Primary, seed: int, rows: slice | np.ndarray = slice(None)
) -> list[dict]:
    """Those of the pairs that share a seed, a dict each as of `two_way_difference`, with "arm" and "against".

    primary: the metric, and how often users and seeds are drawn
    seed: of these draws
    rows: of the users, all if left out
    """
    found = []
    for pair in pairs:
        seeds = sorted(set.intersection(*(set(scores.get(arm, {})) for arm in pair)))
        if seeds:
            first, second = (
                np.column_stack([scores[arm][s][primary.metric].to_numpy(float)[rows] for s in seeds]) for arm in pair
            )
            names = {"arm": pair[0], "against": pair[1]}
            found.append(names | two_way_difference(first, second, primary.resamples, seed))
    return found


def groups(study: Study, scores: Scores, pairs: Pairs, primary: Primary, cases: Cases) -> dict[str, list[dict]]:
    """The pairs among users whose target, or whose history, has so many events: see "groups" in `analysed`.

    primary: the edges of the groups
    cases: whose scores these are
    """
    edges = primary.group_edges
    names = [f"up to {edges[0]}"]
    names += [f"{below + 1} to {edge}" for below, edge in zip(edges, edges[1:], strict=False)]
    names.append(f"more than {edges[-1]}")
    events = {"target_events": study.popularity[cases.targets], "history_events": cases.history.lengths}
    found: dict[str, list[dict]] = {}
    for kind, counts in events.items():
        group_of = np.searchsorted(edges, counts)
        members = [np.flatnonzero(group_of == number) for number in range(len(names))]
        found[kind] = [
            {"group": name, "n": len(rows), "pairs": _intervals(differences(scores, pairs, primary, study.seed, rows))}
            for name, rows in zip(names, members, strict=True)
            if len(rows) > 1
        ]
    return found


def _described(primary: Primary) -> list[tuple[str, str]]:
    """Pairs of arms without the name of a network: each once."""
    return list(dict.fromkeys((*primary.pairs, *DESCRIBED)))


def _pairs(primary: Primary) -> list[tuple[str, str]]:
    """The primary pairs as shards name them."""
    return [(f"{primary.network}-{a}", f"{primary.network}-{b}") for a, b in primary.pairs]


def _capacity(primary: Primary) -> tuple[str, str]:
    """What the titles of other items bring over none, as shards name the pair."""
    return f"{primary.network}-{PERMUTED}", f"{primary.network}-{WITHOUT_TITLES}"


def _intervals(rows: list[dict]) -> list[dict]:
    """Differences with their intervals and nothing that judges them."""
    return [{key: value for key, value in row.items() if key not in JUDGED} for row in rows]


def _primary(study: Study, primary: Primary, scores: Scores) -> list[dict]:
    """See `analysed`."""
    found = differences(scores, _pairs(primary), primary, study.seed)
    if not primary.on(study.profile.name).verdicts:
        return _intervals(found)
    if len(found) < len(primary.pairs):
        return []  # a correction for fewer pairs would be another one
    return [with_margin(row, primary.margin) for row in holm(found)]


def _hybrid(study: Study, primary: Primary, scores: Scores, choices: dict[str, dict]) -> dict | None:
    """The best network of ids and text, over the best of ids alone and over itself with the text of other items.

    All three by validation. None where it is not declared for this profile, or not measured.

    Returns {"hybrid", "over_ids", "over_permuted", "met"}; the two in the middle as `two_way_difference`, with
    "wanted", the share that was declared. Met: both gain that share at least, with p below the declared limit.
    """
    declared = primary.hybrid
    text, ids = (
        {name: n for n in NETWORKS for arm in arms if (name := f"{n}-{arm}") in scores.keys() & choices.keys()}
        for arms in (WITH_TEXT, [IDS_ALONE])
    )
    if study.profile.name != declared.profile or not text or not ids:
        return None
    hybrid, alone = (max(names, key=lambda arm: choices[arm]["validation"]) for names in (text, ids))
    pairs = [(hybrid, alone), (hybrid, f"{text[hybrid]}-{PERMUTED}")]
    found = differences(scores, pairs, primary, study.seed)
    if len(found) < len(pairs):
        return None
    over_ids, over_permuted = found
    over_ids["wanted"], over_permuted["wanted"] = declared.over_ids, declared.over_permuted
    met = all(row["gain"] >= row["wanted"] and row["p"] < declared.p for row in (over_ids, over_permuted))
    return {"hybrid": hybrid, "over_ids": over_ids, "over_permuted": over_permuted, "met": met}
