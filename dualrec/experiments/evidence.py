"""Does a second opinion hold any information on the next item beyond the LSTM, whether or not a list shows it?

What the language model says of the LSTM's candidates, what it says whoever asks, and what the LSTM says are weighed by
conditional logit on the validation targets; on the test targets counts how much more likely the choices become. A chain
that counts, in the language model's place, shows what the procedure finds where there is something.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from dualrec.core.locks import sole_user
from dualrec.evaluation.ranks import list_ranks
from dualrec.evaluation.shards import Place
from dualrec.evaluation.statistics import bootstrap_interval
from dualrec.experiments.sequence_arms import model_settings
from dualrec.experiments.side_runs import Measured, SideRun, Wanted, arms_together
from dualrec.rerank.conditional_logit import features, fit_weights, log_probabilities
from dualrec.rerank.fusion import Opinions
from dualrec.study import Study, open_study
from dualrec.systems.lazy_parts import lazy_parts
from dualrec.systems.parts import Parts
from dualrec.systems.second_opinion import ask_opinions, count_opinions, priors
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Cases

CHAIN = "chain"
LABELS = {"untuned": "LSTM and language model", "tuned": "LSTM and tuned language model", CHAIN: "LSTM and chain"}


def measure_evidence(profile: str, count: int) -> dict[str, Any]:
    """Weigh each second opinion by conditional logit and record its weight and what it gains on the test targets.

    Everything is drawn again with every seed: the LSTM, LoRA's examples, the adapter.

    profile: a profile's name or a `.toml` file
    count: how many seeds

    Returns {"n", "seeds", "protocol", "candidates", "systems", "weights"}.
    systems: arm -> {"label", "metrics", "per_seed"} of the candidates in the order of the weighed sum
    weights: one dict per arm and seed: "arm", "seed" and what `_told` returns
    """
    study = open_study(profile)
    run = SideRun(study, "evidence", f"make evidence COUNT={count}", LABELS)
    settings = model_settings(study, "lstm", study.cases) | {"chain": study.profile.windowed_markov}
    settings |= {"llm": study.profile.llm, "lora": study.profile.lora, "domain": study.profile.domain}
    wanted = [Wanted(Place(arm, "test", seed), settings) for seed in range(count) for arm in LABELS]
    shards = run.shards(wanted, _measurer(profile))
    by_arm = {arm: [shard for shard in shards if shard.place.arm == arm] for arm in LABELS}
    values = arms_together(study, LABELS, by_arm) | {
        "candidates": study.profile.llm.candidates,
        "weights": [{"arm": arm, "seed": shard.place.seed} | shard.measured for arm in LABELS for shard in by_arm[arm]],
    }
    run.record(shards, values)
    return values


def _measurer(profile: str) -> Callable[[Place], Measured]:
    """Measures one arm with one seed; the models of a seed are loaded or trained once."""

    @lru_cache(maxsize=1)
    def parts_of(seed: int) -> Parts:
        return lazy_parts(open_study(profile, seed))

    def measure(place: Place) -> Measured:
        parts = parts_of(place.seed)
        study = parts.study
        with sole_user(study.folder):
            prior, validation, test = _opinions(parts, place.arm)
            facts, scores = _told(study, prior, validation, test)
        lists = test.ranked(scores, study.profile.evaluation.k)
        return Measured(list_ranks(lists.items, study.cases.targets), facts, lists.items.shape[1])

    return measure


def _opinions(parts: Parts, arm: str) -> tuple[np.ndarray | None, Opinions, Opinions]:
    """The prior of an arm, if it has one, and its opinions on the candidates of the validation and the test cases."""
    study, lstm = parts.study, parts.lstm
    histories = study.validation.history, study.cases.history
    if arm == CHAIN:
        chain = fit_sequence_model(study, "windowed_markov")
        validation, test = (count_opinions(study, chain, lstm, asked) for asked in histories)
        return None, validation, test
    llm = parts.fine_tuned if arm == "tuned" else parts.language_model
    validation, test = (ask_opinions(study, llm, lstm, asked)[0] for asked in histories)
    return priors(study, llm, lstm)["other people"], validation, test


def _told(
    study: Study, prior: np.ndarray | None, validation: Opinions, test: Opinions
) -> tuple[dict[str, Any], np.ndarray]:
    """What is recorded of an arm, and the weighed scores (n, C) of the test's candidates.

    Recorded: {"weights", "alone", "among", "gain"}.
    weights: feature -> {"value", "low", "high"}
    alone: the weight of the sequence model's log-probabilities where nothing stands beside them
    among: how many validation and test targets are candidates
    gain: of the log-probability of a test target that is a candidate, in nats, over the sequence model's alone:
        {"value", "low", "high", "n"}, a bootstrap over users
    """
    learned, asked = features(validation, prior), features(test, prior)
    weights = fit_weights(learned, validation.items, study.validation.targets)
    sequence = {"sequence": learned["sequence"]}
    alone = fit_weights(sequence, validation.items, study.validation.targets)
    by = {name: float(value) for name, value in zip(weights.index, weights["value"], strict=True)}
    both = log_probabilities(asked, by, test.items, study.cases.targets)
    weight = {"sequence": float(alone["value"].iloc[0])}
    one = log_probabilities({"sequence": asked["sequence"]}, weight, test.items, study.cases.targets)
    gain = pd.Series(both - one).dropna()
    facts = {
        "weights": weights.to_dict("index"),
        "alone": alone.loc["sequence"].to_dict(),
        "among": [_among(validation, study.validation), _among(test, study.cases)],
        "gain": bootstrap_interval(gain, study.profile.evaluation.resamples, study.seed),
    }
    scores = sum(by[name] * values for name, values in asked.items())
    return facts, np.where(test.items > 0, scores, -np.inf)


def _among(opinions: Opinions, cases: Cases) -> int:
    return int((opinions.items == cases.targets[:, None]).any(axis=1).sum())
