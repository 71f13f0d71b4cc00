"""Shards: what one arm of a side run measured with one seed, as the rank of every target, in a small file each.

A side run compares arms, such as systems or amounts of training. A shard is one of its arms, one fold and one seed:

    figures/shards/<profile>/<family>/<arm>/<fold>-<seed>.safetensors

The file holds `ranks`, uint16 (n,): the place of each target in its list, from 1, in the order of the cases; 0 where
the list lacks it or it stands below place 65,535. There are no ids. The metadata field `shard` holds the other fields
of `Shard` as JSON, with the version of this format. Metrics and intervals are computed from ranks when they are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from dualrec.core import paths
from dualrec.core.artifacts import atomic_path, json_text
from dualrec.core.errors import StudyError
from dualrec.evaluation.ranks import rank_metrics

VERSION = 1
METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@10", "MRR")
K = 10  # places that count, as in the lists of a ledger
LAST = np.iinfo(np.uint16).max
PLAIN = re.compile(r"\w[\w.+ -]*")  # names of files on every system, none of them hidden
FOLDS = ("test", "validation")


class Place(NamedTuple):
    """Where a shard belongs within its family.

    arm: what was measured
    fold: "test" or "validation", whose targets were ranked
    seed: it was measured with
    """

    arm: str
    fold: str
    seed: int


@dataclass(frozen=True)
class Shard:
    """What one arm measured on one fold with one seed.

    profile:  that was measured
    family:   the side run
    place:    arm, fold and seed
    ranks:    uint16 (n,), see above
    k:        places of the lists; None where all items were ranked
    settings: all that the ranks depend on, as JSON keeps it
    measured: what else was measured, such as epochs or seconds
    command:  repeats it
    commit:   of the code
    hardware: it was measured on
    protocol: of the evaluation, in words
    """

    profile: str
    family: str
    place: Place
    ranks: np.ndarray
    k: int | None
    settings: dict[str, Any]
    measured: dict[str, Any]
    command: str
    commit: str
    hardware: str
    protocol: str

    @property
    def metrics(self) -> pd.DataFrame:
        """METRICS of every case, as `metrics.per_user` computes them from a ledger with lists of K places."""
        in_list = (self.ranks > 0) & (self.ranks <= K)
        columns = rank_metrics(np.where(in_list, self.ranks, np.inf))
        return pd.DataFrame({metric: columns[metric] for metric in METRICS})


TEXTS = ("command", "commit", "hardware", "protocol")


def kept_ranks(ranks: np.ndarray) -> np.ndarray:
    """uint16 (n,): ranks as a shard keeps them, 0 for those beyond its reach.

    ranks: (n,) from 1; inf where a list lacks its target
    """
    return np.where(ranks <= LAST, ranks, 0).astype(np.uint16)


def shard_path(profile: str, family: str, place: Place) -> Path:
    """Where a shard is kept. Raises StudyError where a name cannot be that of a file."""
    for name in (profile, family, place.arm):
        if not PLAIN.fullmatch(name):
            raise StudyError(f"'{name}' is no plain file name; name it by letters, digits, '_', '-', '+' and '.'")
    return paths.shards(profile) / family / place.arm / f"{place.fold}-{place.seed}.safetensors"


def write_shard(shard: Shard) -> Path:
    """Keep a shard, in place of an older one; the same shard gives the same file. Returns its path."""
    path = shard_path(shard.profile, shard.family, shard.place)
    facts = {field.name: getattr(shard, field.name) for field in fields(shard) if field.name != "ranks"}
    facts |= {"version": VERSION, "n": len(shard.ranks), "place": shard.place._asdict()}
    with atomic_path(path) as temporary:
        save_file({"ranks": shard.ranks}, temporary, {"shard": json_text(facts, sort_keys=True)})
    return path


def read_shard(path: Path) -> Shard:
    """Read a shard and check that it is one, whole and at its place; raises StudyError where it is not."""
    refusal = f"{paths.readable(path)} is not a whole shard of this place; delete it and run the command again"
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["shard"])
            ranks = file.get_tensor("ranks")
        version, n = facts.pop("version"), facts.pop("n")
        shard = Shard(ranks=ranks, **facts | {"place": Place(**facts["place"])})
        good = version == VERSION and shard_path(shard.profile, shard.family, shard.place).resolve() == path.resolve()
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, StudyError) as error:
        raise StudyError(refusal) from error
    good &= ranks.dtype == np.uint16 and ranks.shape == (n,) and n > 0 and shard.place.fold in FOLDS
    good &= type(shard.place.seed) is int and (shard.k is None or type(shard.k) is int)
    good &= isinstance(shard.settings, dict) and isinstance(shard.measured, dict)
    if not good or not all(isinstance(getattr(shard, name), str) for name in TEXTS):
        raise StudyError(refusal)
    return shard


def read_family(profile: str, family: str) -> dict[Place, Shard]:
    """Every shard that a side run has left. Raises StudyError where a file is not one."""
    files = sorted((paths.shards(profile) / family).glob("*/*.safetensors"))
    return {shard.place: shard for shard in map(read_shard, files)}


def missing(wanted: Iterable[Place], there: Iterable[Place], labels: Mapping[str, str]) -> str:
    """`not measured yet: SASRec, seeds 3, 4; Markov, seed 0`: what is wanted and not there; empty where all is.

    labels: arm -> how it is called, where that is not its name
    """
    seeds: dict[str, list[int]] = {}
    found = set(there)
    for place in wanted:
        if place not in found:
            seeds.setdefault(place.arm, []).append(place.seed)
    arms = (
        f"{labels.get(arm, arm)}, seed{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
        for arm, numbers in seeds.items()
    )
    return f"not measured yet: {'; '.join(arms)}" if seeds else ""
