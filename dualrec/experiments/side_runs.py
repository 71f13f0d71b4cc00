"""The one way in which side runs are measured: a shard per arm, fold and seed, and what all of them say in results.

A run may be stopped at any moment: what has a shard is not measured again, and the next call adds what is missing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dualrec.core import paths
from dualrec.core.artifacts import json_text
from dualrec.core.errors import StudyError
from dualrec.core.fingerprint import fingerprint
from dualrec.core.git import git_commit
from dualrec.core.machine import hardware
from dualrec.evaluation.results import record_side_run, side_runs
from dualrec.evaluation.shards import METRICS, Place, Shard, kept_ranks, missing, read_family, shard_path, write_shard
from dualrec.evaluation.statistics import seed_intervals
from dualrec.study import Study
from dualrec.types import Cases


class Wanted(NamedTuple):
    """A shard that a side run asks for.

    place: its arm, fold and seed
    settings: all that its ranks depend on; a shard with others is measured anew
    """

    place: Place
    settings: dict[str, Any]


class Measured(NamedTuple):
    """What was measured for a shard.

    ranks: (n,) places of the targets, from 1; inf where a list lacks its target
    facts: what else was measured, as `Shard.measured`
    k: places of the lists; None where all items were ranked
    """

    ranks: np.ndarray
    facts: dict[str, Any]
    k: int | None = None


@dataclass(frozen=True)
class SideRun:
    """One family of shards, measured with one profile.

    study: on whose data and profile
    family: its name, under which a notebook reads the results back
    target: repeats it in the default profile, such as `make seeds COUNT=5`
    labels: arm -> how it is called, where that is not its name
    hardware: it is measured on
    """

    study: Study
    family: str
    target: str
    labels: Mapping[str, str] = field(default_factory=dict)
    hardware: str = field(default_factory=hardware)

    @property
    def command(self) -> str:
        """The target, with the profile where it is not the default."""
        name = self.study.profile.name
        return self.target if name == paths.DEFAULT_PROFILE else f"{self.target} PROFILE={name}"

    def shards(self, wanted: list[Wanted], measure: Callable[[Place], Measured]) -> list[Shard]:
        """All the wanted shards, in their order; those that are missing or have other settings are measured first.

        measure: what one of them is to hold

        Raises StudyError where a name cannot be that of a file, or a file among the family's shards is not one.
        """
        commit = git_commit(paths.home())  # of the code that runs, whatever happens to the files meanwhile
        profile = self.study.profile.name
        for place, _ in wanted:
            shard_path(profile, self.family, place)  # refused before hours are spent
        there = read_family(profile, self.family)
        due = [row for row in wanted if not _is_measured(row, there)]
        self._announce([place for place, _ in due], there)
        for position, (place, settings) in enumerate(due, start=1):
            found = measure(place)
            facts = (_as_kept(settings), found.facts, self.command, commit, self.hardware, self.study.protocol)
            there[place] = Shard(profile, self.family, place, kept_ranks(found.ranks), found.k, *facts)
            write_shard(there[place])
            ndcg = there[place].metrics["NDCG@10"].mean()
            name = self.labels.get(place.arm, place.arm)
            self._say(f"{name}, seed {place.seed}: {place.fold} NDCG@10 {ndcg:.4f}; {len(due) - position} left")
        return [there[place] for place, _ in wanted]

    def present(self, wanted: list[Wanted]) -> list[Shard]:
        """Those of the wanted shards that have been measured, in their order; what is missing is said, not measured.

        Raises StudyError where there is none, or a file among the family's shards is not one.
        """
        measured = self.measured(wanted)
        if not measured:
            raise StudyError(
                f"no shard of {self.family} has been measured with the settings of profile "
                f"'{self.study.profile.name}'; run `{self.command}`, which measures them"
            )
        if text := missing([row.place for row in wanted], [shard.place for shard in measured], self.labels):
            self._say(text)
        return measured

    def measured(self, wanted: list[Wanted]) -> list[Shard]:
        """Those of the wanted shards that have been measured, in their order.

        Raises StudyError where a file among the family's shards is not one.
        """
        there = read_family(self.study.profile.name, self.family)
        return [there[row.place] for row in wanted if _is_measured(row, there)]

    def record(self, shards: list[Shard], values: dict) -> None:
        """Put what shards say together into the default profile's results, with all it takes to repeat it.

        A record over more seeds is kept: fewer are asked for to see something soon, not to forget what is known.

        shards: that were read for it
        values: the numbers, with "seeds" for all of them or in each entry of "systems"
        """
        path, profile = paths.results(paths.DEFAULT_PROFILE), self.study.profile.name
        recorded = _seeds(side_runs(path).get(profile, {}).get(self.family, {}))
        if recorded > _seeds(values):
            self._say(f"{paths.readable(path)} keeps its record over more seeds ({recorded})")
            return
        facts = {
            "command": self.command,
            "data": self.study.data.name,
            "commit": ", ".join(dict.fromkeys(shard.commit for shard in shards)),
            "hardware": "; ".join(dict.fromkeys(shard.hardware for shard in shards)),
        }
        record_side_run(path, profile, self.family, facts | values)

    def _announce(self, due: list[Place], there: dict[Place, Shard]) -> None:
        if changed := sum(place in there for place in due):
            self._say(f"{changed} shard{'s have' if changed > 1 else ' has'} other settings than now: measured anew")
        if text := missing(due, there, self.labels):
            self._say(text)

    def _say(self, text: str) -> None:
        print(f"{self.family}: {text}", file=sys.stderr)


def seeds_there(profile: str, family: str) -> int:
    """How many seeds, counted from 0, the shards of a family go up to, at least 1."""
    return max((place.seed for place in read_family(profile, family)), default=0) + 1


def _is_measured(row: Wanted, there: Mapping[Place, Shard]) -> bool:
    """Whether a shard is among those that are there, with the settings that are wanted.

    A setting that is younger than the shard had its default when that was measured: a new setting's default must
    change no number.
    """
    if row.place not in there:
        return False
    kept, wanted = there[row.place].settings, _as_kept(row.settings)
    for name, table in row.settings.items():
        if is_dataclass(table) and isinstance(kept.get(name), dict):
            young = [f.name for f in fields(table) if f.name not in kept[name] and getattr(table, f.name) == f.default]
            wanted[name] = {key: value for key, value in wanted[name].items() if key not in young}
    return kept == wanted


def _as_kept(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as a shard keeps them."""
    return json.loads(json_text(settings))


def settings_of(study: Study, cases: Cases) -> dict[str, Any]:
    """What every shard depends on: data, split and cases.

    cases: whose targets are ranked; those of the study's users may be a subset
    """
    return {"data": study.data.digest, "split": study.profile.split, "cases": fingerprint(cases)}


def seed_means(frames: list[pd.DataFrame], resamples: int, seed: int) -> dict[str, dict]:
    """What several seeds score together and each: {"metrics", "per_seed"}.

    metrics: of each user's mean over seeds, with its interval over users
    per_seed: metric -> one mean per seed

    frames: METRICS of every user, one frame per seed
    resamples: how often users are drawn for the intervals
    seed: of these draws
    """
    per_seed = {metric: [float(pd.Series(frame[metric]).mean()) for frame in frames] for metric in METRICS}
    return {"metrics": seed_intervals(frames, resamples, seed), "per_seed": per_seed}


def arms_together(study: Study, labels: Mapping[str, str], by_arm: Mapping[str, list[Shard]]) -> dict[str, Any]:
    """What is recorded of arms that have the same seeds: {"n", "seeds", "protocol", "systems"}.

    systems: arm -> {"label", "metrics", "per_seed"}, see `seed_means`

    labels: arm -> how it is called
    by_arm: arm -> one shard per seed
    """
    shards = next(iter(by_arm.values()))
    resamples = study.profile.evaluation.resamples
    systems = {
        arm: {"label": labels[arm]} | seed_means([shard.metrics for shard in of_arm], resamples, study.seed)
        for arm, of_arm in by_arm.items()
    }
    seeds = [shard.place.seed for shard in shards]
    return {"n": len(shards[0].ranks), "seeds": seeds, "protocol": study.protocol, "systems": systems}


def seed_mean(frames: list[pd.DataFrame], metric: str) -> pd.Series:
    """One metric of every user, averaged over seeds.

    frames: METRICS of every user, one frame per seed
    """
    return pd.concat([frame[metric] for frame in frames], axis=1).mean(axis=1)


def _seeds(values: dict) -> int:
    """Over how many seeds a record is; 0 for none."""
    if "systems" in values and "seeds" not in values:
        return max(len(entry["seeds"]) for entry in values["systems"].values())
    seeds = values.get("seeds", 0)
    return seeds if isinstance(seeds, int) else len(seeds)
