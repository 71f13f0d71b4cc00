"""Grid search: settings of the sequence models, compared by validation NDCG@10; it takes about an hour.

Every family gets equally many points, so that none is ahead for having been searched longer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from dualrec.config import Profile
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


def search_grid(profile: str) -> dict[str, dict]:
    """Fit every searched model at each point of its grid and record the validation NDCG@10.

    Every point is fitted with one seed, the best FINALISTS of a network with the rest of the profile's seeds, too; of
    these the best mean is chosen. A seed counts with its best epoch. What the grid does not name is as in the profile.
    Test targets are not read.

    profile: a profile's name or a `.toml` file

    Returns system -> {"grid", "chosen"}.
    grid: one dict per point: its settings, "per_seed" (NDCG@10 of each seed) and "ndcg" (their mean)
    chosen: the settings of the best finalist
    """
    study = open_study(profile)
    search = _Search(study)
    systems = {name: search.system(name) for name in grids(study.profile)}
    facts = {"seeds": study.profile.seeds, "n": len(study.split.validation)}
    search.run.record(search.read, facts | {"systems": systems})
    return systems


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

    def system(self, name: str) -> dict:
        """One system's entry of `search_grid`."""
        arms = [arm for arm, (system, _) in self.points.items() if system == name]
        found = self._ndcg(arms, [0])
        finalists = sorted(arms, key=lambda arm: -found[arm][0])[:FINALISTS]
        if name in NETWORKS:
            found |= self._ndcg(finalists, range(self.study.profile.seeds))
        means = {arm: float(np.mean(values)) for arm, values in found.items()}
        grid = [self.points[arm][1] | {"per_seed": found[arm], "ndcg": means[arm]} for arm in arms]
        return {"grid": grid, "chosen": self.points[max(finalists, key=lambda arm: means[arm])][1]}

    def _ndcg(self, arms: list[str], seeds: Iterable[int]) -> dict[str, list[float]]:
        """Validation NDCG@10 of some points, one value per seed."""
        cases = self.study.split.validation
        wanted = [
            Wanted(Place(arm, "validation", seed), model_settings(self._at(arm), self.points[arm][0], cases))
            for seed in seeds
            for arm in arms
        ]
        shards = self.run.shards(wanted, self._measure)
        self.read += shards
        return {arm: [_mean_ndcg(shard) for shard in shards if shard.place.arm == arm] for arm in arms}

    def _measure(self, place: Place) -> Measured:
        return measure_model(self._at(place.arm), self.points[place.arm][0], place.seed, self.study.split.validation)

    def _at(self, arm: str) -> Study:
        """The study at a point of the grid."""
        name, point = self.points[arm]
        return with_settings(self.study, name, **point)


def _mean_ndcg(shard: Shard) -> float:
    return float(shard.metrics["NDCG@10"].to_numpy().mean())
