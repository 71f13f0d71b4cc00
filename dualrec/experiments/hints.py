"""DUALRec's central claim: does the language model tell the LSTM's right hints from its wrong ones?

The catalogue writer, untuned and tuned, is given the LSTM's hint, that of somebody else, the most popular item, the
true next item, or none. Beside it stand lists that no language model writes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dualrec.core.locks import sole_user
from dualrec.evaluation.families import compared
from dualrec.evaluation.ranks import list_ranks, rank_metrics
from dualrec.evaluation.shards import Place, Shard
from dualrec.evaluation.statistics import auc_interval, exact_rate
from dualrec.experiments.sequence_arms import model_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted, arms_together, seed_mean
from dualrec.llm.inference.title_trie import build_trie
from dualrec.llm.local import LLM
from dualrec.sequence.ranking import best_hints, best_lists, ranks_of_targets
from dualrec.study import Study, open_study
from dualrec.systems.catalogue_writer import write_from_catalogue
from dualrec.systems.lazy_parts import lazy_parts
from dualrec.systems.parts import Parts
from dualrec.systems.second_opinion import likelihoods
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Hints, RankedLists

WRITERS = {"untuned": "catalogue writer", "tuned": "tuned catalogue writer"}
KINDS = {
    "own": "the LSTM's hint",
    "none": "no hint",
    "shuffled": "somebody else's hint",
    "popular": "the most popular as hint",
    "true": "the true next item as hint",
}
LSTM, FILLED = "lstm", "hint-popular"
LABELS = {f"{writer}-{kind}": f"{WRITERS[writer]}, {KINDS[kind]}" for writer in WRITERS for kind in KINDS}
LABELS |= {LSTM: "the LSTM's own list", FILLED: "the LSTM's hint, then the most popular"}
METRICS = ("HR@1", "NDCG@10")


class Comparison(NamedTuple):
    """Two arms, the first less the second."""

    arm: str
    against: str


COMPARISONS = (
    *(Comparison(f"{w}-own", f"{w}-{kind}") for w in WRITERS for kind in ("none", "shuffled", "popular")),
    *(Comparison(f"{w}-own", other) for w in WRITERS for other in (FILLED, LSTM)),
    Comparison("tuned-own", "untuned-own"),
)


def measure_hints(profile: str, count: int) -> dict[str, Any]:
    """Write lists after every kind of hint and record what each is worth, and what becomes of right and wrong ones.

    Everything is drawn again with every seed: the LSTM, LoRA's examples, the adapter, who gets whose hint.

    profile: a profile's name or a `.toml` file
    count: how many seeds

    Returns {"n", "seeds", "protocol", "systems", "comparisons", "trust"}.
    systems: arm -> {"label", "metrics", "per_seed"}, see `side_runs.seed_means`
    comparisons: one dict per pair of COMPARISONS and metric, see `families.compared`, with "arm", "against", "metric"
    trust: one dict per writer and seed: "writer", "seed" and what `_trust` returns
    """
    study = open_study(profile)
    run = SideRun(study, "hints", f"make hints COUNT={count}", LABELS)
    settings = model_settings(study, LSTM, study.cases)
    settings |= {"llm": study.profile.llm, "lora": study.profile.lora, "domain": study.profile.domain}
    settings |= {"k": study.profile.evaluation.k}
    wanted = [Wanted(Place(arm, "test", seed), settings) for seed in range(count) for arm in LABELS]
    shards = run.shards(wanted, _measurer(profile))
    by_arm = {arm: [shard for shard in shards if shard.place.arm == arm] for arm in LABELS}
    values = arms_together(study, LABELS, by_arm) | {
        "comparisons": _comparisons(study, by_arm),
        "trust": [
            {"writer": writer, "seed": shard.place.seed} | shard.measured
            for writer in WRITERS
            for shard in by_arm[f"{writer}-own"]
        ],
    }
    run.record(shards, values)
    return values


def _comparisons(study: Study, by_arm: dict[str, list[Shard]]) -> list[dict]:
    """See "comparisons" in `measure_hints`; a gain below the study's share of the LSTM's validation is none."""
    margins = {
        metric: study.profile.evaluation.margin
        * float(np.mean([s.measured["validation"][metric] for s in by_arm[LSTM]]))
        for metric in METRICS
    }
    means = {(arm, m): seed_mean([s.metrics for s in of_arm], m) for arm, of_arm in by_arm.items() for m in METRICS}
    family = [(pair, metric) for pair in COMPARISONS for metric in METRICS]
    pairs = [(means[pair.arm, metric], means[pair.against, metric]) for pair, metric in family]
    rows = compared(pairs, study.profile.evaluation.resamples, study.seed, [margins[metric] for _, metric in family])
    return [pair._asdict() | {"metric": metric} | row for (pair, metric), row in zip(family, rows, strict=True)]


def _measurer(profile: str) -> Callable[[Place], Measured]:
    """Measures one arm with one seed; the models of a seed are loaded or trained once."""

    @lru_cache(maxsize=1)
    def parts_of(seed: int) -> Parts:
        return lazy_parts(open_study(profile, seed))

    def measure(place: Place) -> Measured:
        parts = parts_of(place.seed)
        study, facts = parts.study, {}
        with sole_user(study.folder):
            hints = best_hints(parts.lstm, study.cases.history, 1)
            if place.arm == LSTM:
                lists = best_lists(parts.lstm, study.cases.history, study.profile.evaluation.k)
                found = rank_metrics(ranks_of_targets(parts.lstm, study.validation))
                facts = {"validation": {metric: float(found[metric].mean()) for metric in METRICS}}
            elif place.arm == FILLED:
                lists = then_popular(study, hints)
            else:
                writer, kind = place.arm.split("-")
                llm = parts.fine_tuned if writer == "tuned" else parts.language_model
                given = hints_of_kind(study, kind, hints)
                lists = write_from_catalogue(study, llm, study.cases.history, given, study.profile.evaluation.k)
                if kind == "own":
                    facts = _trust(study, llm, hints, lists)
        return Measured(list_ranks(lists.items, study.cases.targets), facts, lists.items.shape[1])

    return measure


def hints_of_kind(study: Study, kind: str, hints: Hints) -> Hints | None:
    """One hint of a kind for every case; None for none.

    kind: one of KINDS
    hints: of the LSTM; nobody keeps the own one where they are shuffled, unless others have the same
    """
    if kind == "none":
        return None
    items = hints.items[:, :1]
    if kind == "popular":
        items = best_hints(fit_sequence_model(study, "popularity"), study.cases.history, 1).items
    elif kind == "true":
        items = study.cases.targets[:, None]
    elif kind == "shuffled":
        order = np.random.default_rng([study.seed, 7]).permutation(len(items))
        items = items[np.roll(order, 1)[np.argsort(order)]]  # a circle: everybody has that of the one before
    return Hints(items, np.ones(items.shape))


def then_popular(study: Study, hints: Hints) -> RankedLists:
    """Lists (n, k) that begin with the hint and go on with the most popular items that are unseen and not the hint."""
    k = study.profile.evaluation.k
    popular = best_lists(fit_sequence_model(study, "popularity"), study.cases.history, k).items
    first = hints.items[:, :1]
    behind = np.argsort(popular == first, axis=1, kind="stable")  # the hint itself last
    return RankedLists(np.hstack([first, np.take_along_axis(popular, behind, axis=1)])[:, :k])


def _trust(study: Study, llm: LLM, hints: Hints, lists: RankedLists) -> dict[str, Any]:
    """Whether a writer keeps right hints rather than wrong ones, and finds them more likely.

    lists: that it wrote after these hints

    Returns {"right", "kept_right", "kept_wrong", "auc", "auc_lstm"}.
    right: how many of the hints are the target
    kept_right, kept_wrong: share of these hints, and of the others, that stand first in the list: {"value", "low",
        "high", "n"}, the exact interval of Clopper and Pearson (1934); NaN where there are none
    auc: that a right hint is found more likely after the prompt than a wrong one, see `auc_interval`
    auc_lstm: the same by the probability that the LSTM itself gives its hint
    """
    items = hints.items[:, :1]
    right = items[:, 0] == study.cases.targets
    kept = lists.items[:, 0] == items[:, 0]
    prompts = study.prompts_for(llm, study.cases.history, hints)
    scores, _ = likelihoods(study, llm, prompts, build_trie(llm.tokenizer, study.catalogue.titles), items)
    resamples, seed = study.profile.evaluation.resamples, study.seed
    return {
        "right": int(right.sum()),
        "kept_right": exact_rate(kept[right]),
        "kept_wrong": exact_rate(kept[~right]),
        "auc": auc_interval(scores[:, 0], right, resamples, seed),
        "auc_lstm": auc_interval(hints.probabilities[:, 0], right, resamples, seed),
    }
