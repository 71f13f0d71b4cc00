"""Whether two runs come to the same conclusions: on another machine the last bits differ, and with them the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_ledger, read_sidecar
from dualrec.evaluation.metrics import summarise
from dualrec.evaluation.pairing import check_facts
from dualrec.evaluation.results import cell, load_results
from dualrec.workflow.verify import results_of

METRICS = ("HR@10", "NDCG@10")
BOUNDS = ("low", "value", "high")


@dataclass(frozen=True)
class Conclusions:
    """What a run came to.

    intervals: system -> metric -> {"value", "low", "high"}, of METRICS
    facts: system -> what is known of its data and protocol
    verdicts: place in the results -> `better`, `worse`, …
    """

    intervals: dict[str, dict[str, dict]]
    facts: dict[str, dict]
    verdicts: dict[str, str]


@dataclass(frozen=True)
class Agreement:
    """What came out of a comparison of conclusions.

    systems: how many both runs have
    verdicts: how many both runs have
    differences: one sentence each
    """

    systems: int
    verdicts: int
    differences: list[str]


def agreement(a: Path, b: Path) -> Agreement:
    """Whether each system's values lie within the other run's 95 % intervals, and recorded verdicts are the same.

    a: the folder of a run, such as `runs/smoke` or what `evaluate --out` made, or a `results.json`
    b: another one; the two need not be of the same kind

    Raises StudyError where one of them is neither or is broken, where they share no system, or where a system that
    both have was evaluated on other data or under another protocol.
    """
    one, other = read_conclusions(a), read_conclusions(b)
    systems = [system for system in one.intervals if system in other.intervals]
    if not systems:
        raise StudyError(
            f"{paths.readable(a)} and {paths.readable(b)} have no system in common; name runs of one study"
        )
    differences = []
    for system in systems:
        names = (f"{system} in {paths.readable(a)}", f"{system} in {paths.readable(b)}")
        check_facts(names, (one.facts[system], other.facts[system]))
        differences += _outside(system, one.intervals[system], other.intervals[system])
    places = [place for place in one.verdicts if place in other.verdicts]
    flipped = [place for place in places if one.verdicts[place] != other.verdicts[place]]
    differences += [f"{place}: {one.verdicts[place]} and {other.verdicts[place]}" for place in flipped]
    return Agreement(len(systems), len(places), differences)


def read_conclusions(run: Path) -> Conclusions:
    """What a run came to: by its `results.json`, and by the ledgers of systems that are not in there.

    Raises StudyError where there is neither, or one is broken.
    """
    run = Path(run)
    file = results_of(run) if run.is_dir() else run
    ledgers = sorted((run / "lists").glob("*.parquet"))
    if not file.is_file() and not ledgers:
        raise StudyError(f"{paths.readable(run)} is no run; name a folder such as runs/smoke, or a results.json")
    intervals: dict[str, dict[str, dict]] = {}
    facts: dict[str, dict] = {}
    verdicts: dict[str, str] = {}
    if file.is_file():
        results = load_results(file)
        verdicts.update(_verdicts(results["notebooks"], ""))
        for name, system in results["systems"].items():
            metrics = system["metrics"]
            intervals[name] = {metric: metrics[metric] for metric in METRICS if metric in metrics}
            facts[name] = {"data": results["data"], "protocol": system["protocol"]}
    for ledger in ledgers:
        if ledger.stem not in intervals:
            metrics = summarise(read_ledger(ledger))["metrics"]
            intervals[ledger.stem] = {metric: metrics[metric] for metric in METRICS}
            facts[ledger.stem] = read_sidecar(ledger)
    return Conclusions(intervals, facts, verdicts)


def _outside(system: str, one: dict[str, dict], other: dict[str, dict]) -> Iterator[str]:
    """The metrics of which a run's value lies outside the other's interval, in words."""
    for metric in (metric for metric in METRICS if metric in one and metric in other):
        if not _holds(one[metric], other[metric]) or not _holds(other[metric], one[metric]):
            yield f"{system}, {metric}: {_shown(one[metric])} and {_shown(other[metric])}"


def _holds(interval: dict, other: dict) -> bool:
    """Whether an interval holds another one's value; one without bounds, as of a single user, holds its own value."""
    low, value, high = (np.nan if interval[bound] is None else interval[bound] for bound in BOUNDS)
    inside = np.nan if other["value"] is None else other["value"]
    if np.isnan(low):
        return bool(np.isnan(value) and np.isnan(inside)) or value == inside
    return bool(low <= inside <= high)


def _shown(interval: dict) -> str:
    return cell({bound: None if number is None or np.isnan(number) else number for bound, number in interval.items()})


def _verdicts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every verdict within recorded values, by its place, with what the row says it is of."""
    if isinstance(value, dict):
        if isinstance(value.get("verdict"), str):
            words = [word for key, word in value.items() if isinstance(word, str) and key != "verdict"]
            yield f"{place} ({', '.join(words)})" if words else place, value["verdict"]
        for key, entry in value.items():
            yield from _verdicts(entry, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _verdicts(entry, f"{place}[{number}]")
