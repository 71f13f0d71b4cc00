"""Grid search: settings of the sequence models, compared by validation NDCG@10; it takes about an hour.

Every family gets equally many points, so that none is ahead for having been searched longer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from dualrec.config import Profile
from dualrec.core.errors import StudyError
from dualrec.evaluation.shards import Place, Shard
from dualrec.experiments.sequence_arms import NETWORKS, measure_model, model_settings, with_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted
from dualrec.study import Study, open_study
from dualrec.systems.names import IDS_ALONE, LOOKS

COUNTED = {  # system -> setting -> its values, for every profile
    "item_knn": {"neighbours": (50, 200), "shrinkage": (0.0, 10.0), "history": (5, 20)},
    "windowed_markov": {"window": (5, 12), "decay": (0.6, 0.75, 0.85, 0.95)},
    "ease": {"l2": (30.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0)},
    "ials": {"factors": (32, 128), "alpha": (4.0, 16.0), "regularisation": (0.1, 3.0)},
}
SEARCHED = ("sasrec", "lstm", IDS_ALONE)  # by the profile's grid; the published LSTM has the published settings
FINALISTS = 3  # points of a network that are trained with every seed of the profile; the others with the first


def grids(profile: Profile) -> dict[str, dict[str, tuple]]:
    """System -> setting -> its values: all that is searched with a profile.

    profile: whose `grid` every network has
    """
    return COUNTED | dict.fromkeys(SEARCHED, vars(profile.grid))


def search_grid(profile: str, systems: Iterable[str] | None = None) -> dict[str, dict]:
    """Fit searched models at each point of their grid and record the validation NDCG@10.

    Every point is fitted with one seed, the best FINALISTS of a network with the rest of the profile's seeds, too; of
    these the best mean is chosen. A seed counts with its best epoch. What the grid does not name is as in the profile.
    Test targets are not read. The record is of every system whose points have all been fitted, now or before.

    profile: a profile's name or a `.toml` file
    systems: to be searched, all if left out

    Returns system -> {"grid", "chosen"}.
    grid: one dict per point: its settings, "per_seed" (NDCG@10 of each seed) and "ndcg" (their mean)
    chosen: the settings of the best finalist
    Raises StudyError where a system has no grid.
    """
    study = open_study(profile)
    search = _Search(study)
    names = list(grids(study.profile))
    asked = names if systems is None else list(systems)
    if unknown := [name for name in asked if name not in names]:
        raise StudyError(f"no grid is declared for {', '.join(unknown)}; choose from {', '.join(names)}")
    for name in asked:
        search.measure(name)
    found = {name: entry for name in names if (entry := search.entry(name))}
    facts = {"seeds": study.profile.seeds, "n": len(study.split.validation)}
    if found:
        search.run.record(search.read, facts | {"systems": found})
    return found


class _Search:
    """What the systems of a search share.

    study: whose profile is searched
    """

    def __init__(self, study: Study):
        self.study = study
        self.points = {
            f"{name}-{'-'.join(f'{value:g}' for value in values)}": (name, dict(zip(grid, values, strict=True)))
            for name, grid in grids(study.profile).items()
            for values in itertools.product(*grid.values())
        }
        labels = {arm: f"{LOOKS[name].label} {point}" for arm, (name, point) in self.points.items()}
        self.run = SideRun(study, "grid_search", "make grid_search", labels)
        self.read: list[Shard] = []

    def measure(self, name: str) -> None:
        """Fit what is missing of a system: every point with the first seed, then its finalists with the others."""
        first = self.run.shards(self._wanted(self._arms(name), [0]), self._measure)
        if name in NETWORKS:
            wanted = self._wanted(_finalists(first), range(1, self.study.profile.seeds))
            self.run.shards(wanted, self._measure)

    def entry(self, name: str) -> dict | None:
        """One system's entry of `search_grid`; None where a point or a finalist's seed has not been measured."""
        first = self._wanted(self._arms(name), [0])
        shards = self.run.measured(first)
        if len(shards) < len(first):
            return None
        finalists = _finalists(shards)
        if name in NETWORKS:
            others = self._wanted(finalists, range(1, self.study.profile.seeds))
            shards += self.run.measured(others)
            if len(shards) < len(first) + len(others):
                return None
        self.read += shards
        found = {arm: [_mean_ndcg(shard) for shard in shards if shard.place.arm == arm] for arm in self._arms(name)}
        means = {arm: float(np.mean(values)) for arm, values in found.items()}
        grid = [self.points[arm][1] | {"per_seed": found[arm], "ndcg": means[arm]} for arm in found]
        return {"grid": grid, "chosen": self.points[max(finalists, key=lambda arm: means[arm])][1]}

    def _arms(self, name: str) -> list[str]:
        """The points of a system, as their shards are called."""
        return [arm for arm, (system, _) in self.points.items() if system == name]

    def _wanted(self, arms: list[str], seeds: Iterable[int]) -> list[Wanted]:
        """The shards of some points, with each of some seeds."""
        cases = self.study.split.validation
        return [
            Wanted(Place(arm, "validation", seed), model_settings(self._at(arm), self.points[arm][0], cases))
            for seed in seeds
            for arm in arms
        ]

    def _measure(self, place: Place) -> Measured:
        return measure_model(self._at(place.arm), self.points[place.arm][0], place.seed, self.study.split.validation)

    def _at(self, arm: str) -> Study:
        """The study at a point of the grid."""
        name, point = self.points[arm]
        return with_settings(self.study, name, **point)


def _finalists(shards: list[Shard]) -> list[str]:
    """The best points by the first seed, as their shards are called.

    shards: one per point
    """
    return [shard.place.arm for shard in sorted(shards, key=lambda shard: -_mean_ndcg(shard))[:FINALISTS]]


def _mean_ndcg(shard: Shard) -> float:
    return float(shard.metrics["NDCG@10"].to_numpy().mean())
