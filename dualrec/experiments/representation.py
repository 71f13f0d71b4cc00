"""Where language lives: what stands for an item in two networks, measured arm by arm; it takes hours, or a GPU.

Every arm has equally many trials on one grid, on validation; what is chosen there is trained with several seeds and
tested. How many layers of the language model read is chosen before, at the first point of the grid, which favours it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dualrec.core.locks import sole_user
from dualrec.evaluation.shards import Place, Shard
from dualrec.experiments.primary import Primary, primary_comparisons
from dualrec.experiments.representation_analysis import analysed
from dualrec.experiments.representation_arms import (
    ARMS,
    LABELS,
    LAYERS,
    NETWORKS,
    READER,
    SECOND_SEED,
    SUMS,
    Point,
    network_settings,
    points,
)
from dualrec.experiments.sequence_arms import measure_model, model_settings, with_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted, seeds_there
from dualrec.sequence.ranking import ranks_of_targets
from dualrec.study import Study, open_study
from dualrec.systems.item_features import BY_LANGUAGE_MODEL
from dualrec.systems.names import LABELS as SYSTEM_LABELS
from dualrec.systems.sequence_models import fit_network
from dualrec.systems.summed import weigh
from dualrec.types import Cases

FAMILY = "representation"
SHARD_LABELS = {f"{n}-{arm}": f"{SYSTEM_LABELS[n]}, {label}" for n in NETWORKS for arm, label in LABELS.items()}


def measure_representation(profile: str, count: int | None = None) -> dict:
    """Try every arm on validation, train what is chosen with several seeds, test it and record the comparisons.

    profile: a profile's name or a `.toml` file
    count: seeds of every arm, as many as are declared if left out. 0: nothing is measured, and the record is of what
        has been; an arm that lacks a trial is left out. A run of days may be stopped after any arm and recorded so

    Returns what `representation_analysis.analysed` does.
    """
    primary, study = primary_comparisons(FAMILY), open_study(profile)
    declared = primary.on(study.profile.name).seeds
    seeds = declared if count is None else count or seeds_there(study.profile.name, FAMILY)
    arms = Arms(study, primary, seeds, measuring=count != 0)
    shards = arms.tested()
    choices = {f"{network}-{arm}": choice.facts for (network, arm), choice in arms.choices().items()}
    choices |= {s.place.arm: s.measured for s in shards if "validation" in s.measured and s.place.seed == 0}  # sums
    values = analysed(study, primary, shards, choices, SHARD_LABELS)
    arms.run.record(shards, values)
    return values


class Choice(NamedTuple):
    """What is chosen for an arm on validation.

    point: of the grid
    layers: of the language model that reads, 0 where none does
    validation: NDCG@10 there with the first seed
    """

    point: Point
    layers: int
    validation: float

    @property
    def facts(self) -> dict[str, Any]:
        """As it is recorded."""
        return self.point._asdict() | {"layers": self.layers, "validation": self.validation}


class Arms:
    """The arms of one profile: their trials, what is chosen by them, and their tests.

    study: of the profile
    primary: what is declared of the family
    seeds: of every arm
    measuring: whether what is missing is measured; else an arm that lacks a trial has no choice
    """

    def __init__(self, study: Study, primary: Primary, seeds: int, measuring: bool):
        self.study, self.seeds, self.measuring = study, seeds, measuring
        self.run = SideRun(study, FAMILY, f"make representation COUNT={seeds}", SHARD_LABELS)
        data = primary.on(study.profile.name)
        names, networks = ([*ARMS, *SUMS], NETWORKS) if data.arms == "all" else (primary.arms, (primary.network,))
        arms = [(network, arm) for network in networks for arm in names]
        declared = [(primary.network, arm) for arm in primary.arms]
        self.arms = [*declared, *(key for key in arms if key not in declared)]  # what counts is measured first
        self.source = Arms(open_study(data.settings_of), primary, seeds, measuring) if data.settings_of else self
        self._chosen: dict[tuple[str, str], Choice | None] = {}
        self._layers: dict[str, int | None] = {}

    def choices(self) -> dict[tuple[str, str], Choice]:
        """(network, arm) -> what is chosen for it, of those arms that are trained and have been tried whole."""
        trained = [(network, arm) for network, arm in self.arms if arm not in SUMS]
        return {key: choice for key in trained if (choice := self.source.choice(*key))}

    def choice(self, network: str, arm: str) -> Choice | None:
        """The point with the best validation NDCG@10; None where not all have been tried."""
        if (network, arm) not in self._chosen:
            layers = self._layers_for(network) if ARMS[arm].by_layers else 0
            grid = points(self.study.profile.grid)
            tried = {f"{network}-{arm}-{p.name}": Choice(p, layers, 0.0) for p in grid} if layers is not None else {}
            self._chosen[network, arm] = self._best(network, arm, tried)
        return self._chosen[network, arm]

    def at(self, network: str, arm: str, choice: Choice) -> Study:
        """The study in which a network is an arm with what is chosen for it."""
        profile = self.study.profile
        settings = network_settings(profile, network, ARMS[arm], choice.point, choice.layers)
        return with_settings(self.study, network, **settings)

    def tested(self) -> list[Shard]:
        """The test shards of all arms that have a choice; each arm is tested as soon as it has been chosen."""
        wanted: list[Wanted] = []
        found: list[Shard] = []
        for network, arm in self.arms:
            parts = [(network, part) for part in (SUMS[arm][1:] if arm in SUMS else (arm,))]
            choices = [self.source.choice(*part) for part in parts]
            if None in choices:
                continue
            studies = [self.at(*part, choice) for part, choice in zip(parts, choices, strict=True) if choice]
            settings = _settings(studies[0], network, self.study.split.test)
            if arm in SUMS:
                settings["second"] = getattr(studies[1].profile, network)
            of_arm = [Wanted(Place(f"{network}-{arm}", "test", seed), settings) for seed in range(self.seeds)]
            wanted += of_arm
            if self.measuring:
                measure = _measurer(studies, network, parts[0] == parts[-1], self.study.split.test)
                found += self.run.shards(of_arm, measure)
        return found if self.measuring else self.run.present(wanted)

    def _layers_for(self, network: str) -> int | None:
        """How many of the language model's layers read for a network; None where not all have been tried."""
        if network not in self._layers:
            from dualrec.llm.local import load_config

            layers = load_config(self.study.profile.llm.model).num_hidden_layers
            numbers = dict.fromkeys(max(1, round(share * layers)) for share in LAYERS)
            first = points(self.study.profile.grid)[0]
            tried = {f"{network}-{READER}-layers-{number}": Choice(first, number, 0.0) for number in numbers}
            best = self._best(network, READER, tried)
            self._layers[network] = best and best.layers
        return self._layers[network]

    def _best(self, network: str, arm: str, tried: dict[str, Choice]) -> Choice | None:
        """The choice with the best validation NDCG@10 with the first seed; None where not all have been tried.

        tried: arm of a shard -> what is tried for it
        """
        cases = self.study.split.validation
        studies = {name: self.at(network, arm, choice) for name, choice in tried.items()}
        wanted = [Wanted(Place(name, "validation", 0), _settings(studies[name], network, cases)) for name in tried]

        def measure(place: Place) -> Measured:
            return measure_model(studies[place.arm], network, place.seed, cases)

        shards = self.run.shards(wanted, measure) if self.measuring else self.run.measured(wanted)
        if not wanted or len(shards) < len(wanted):
            return None
        ndcg = {shard.place.arm: float(shard.metrics["NDCG@10"].to_numpy().mean()) for shard in shards}
        best = max(ndcg, key=lambda name: ndcg[name])
        return tried[best]._replace(validation=ndcg[best])


def _settings(study: Study, network: str, cases: Cases) -> dict[str, Any]:
    """All that an arm's ranks depend on.

    study: in which the network is the arm
    """
    settings = model_settings(study, network, cases)
    if getattr(study.profile, network).title_side in BY_LANGUAGE_MODEL:
        settings["language_model"] = study.profile.llm.model
    return settings


def _measurer(studies: list[Study], network: str, alike: bool, test: Cases) -> Callable[[Place], Measured]:
    """Measures an arm with a seed: one network, or the sum of two that is weighed on validation.

    studies: in which the networks are trained
    alike: whether two of them differ in their seeds alone
    """

    def measure(place: Place) -> Measured:
        if len(studies) == 1:
            return measure_model(studies[0], network, place.seed, test)
        with sole_user(studies[0].folder):
            first = fit_network(studies[0], network, place.seed)
            second = fit_network(studies[1], network, place.seed + (SECOND_SEED if alike else 0))
            both, grid = weigh(first, second, studies[0].split.validation)
            return Measured(ranks_of_targets(both, test), {"weight": both.weight, "validation": float(grid.ndcg.max())})

    return measure
