"""(a) Training the LSTM: every position of a sequence a target, against one window per target as published."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.material import Material
from benchmarks.measure import in_turns, letter
from dualrec.config import LSTMConfig
from dualrec.sequence.neural import build_network
from dualrec.sequence.training import fit
from dualrec.types import Sequences

WINDOWS_PER_STEP = 128  # as published; the study's smaller batches would make the baseline slower


def lstm(material: Material, targets: int = 6000, windows: int = 1024, repetitions: int = 3) -> dict:
    """Targets per second of the improved LSTM's network, with the same weights to begin with.

    Whole epochs of either would only take longer.

    targets: of seeded users, about so many, where every position is one
    windows: the same where every window has one
    """
    study = material.study
    config = replace(study.profile.lstm, targets="all", epochs=1)
    published = replace(config, targets="windows", batch_size=WINDOWS_PER_STEP)
    some, few = (_users_with(study.split.train, n, study.seed) for n in (targets, windows))

    validation = study.split.validation.take([0])  # one case: validating takes next to no time

    def train(part: Sequences, settings: LSTMConfig) -> None:
        network = build_network(study.catalogue, study.title_vectors, settings)
        fit(network, part, validation, settings, study.seed, None)

    ours, baseline = in_turns(lambda: train(some, config), lambda: train(few, published), repetitions)
    counts = [int((part.lengths - 1).sum()) for part in (some, few)]
    facts = {"targets": counts, "window": config.window, "batch_size": [config.batch_size, WINDOWS_PER_STEP]}
    return letter("a", "LSTM training", counts[0] / ours, counts[1] / baseline, "targets/s", 15, **facts)


def _users_with(train: Sequences, targets: int, seed: int) -> Sequences:
    """Training sequences of seeded users, as many as have so many targets together, or all."""
    order = np.random.default_rng(seed).permutation(len(train))
    enough = int(np.searchsorted(np.cumsum(train.lengths[order] - 1), targets)) + 1
    return train.take(order[:enough])
