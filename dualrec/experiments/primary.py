"""The comparisons of a side run that count, read from `primary.toml`, which is committed before they are measured."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from dualrec.config import STRICT, Count, Rate, Share, Word
from dualrec.core.text import read_text

FILE = Path(__file__).with_name("primary.toml")


@dataclass(frozen=True, config=STRICT)
class DataSet:
    """What is measured on the data of one profile."""

    profile: Word
    seeds: Count = 3
    settings_of: str = ""  # the profile whose chosen settings hold; its own where empty
    arms: Literal["all", "primary"] = "all"
    verdicts: bool = True  # False: intervals alone, and no p-value is corrected


@dataclass(frozen=True, config=STRICT)
class Hybrid:
    """What a network of ids and text must gain on one data set, as shares of what it is compared with."""

    profile: Word
    over_ids: Share
    over_permuted: Share
    p: Rate


@dataclass(frozen=True, config=STRICT)
class Primary:
    """The primary comparisons of a family of shards, see the file."""

    question: Word
    network: Word
    metric: Word  # one of `shards.METRICS`
    pairs: Annotated[tuple[tuple[Word, Word], ...], Field(min_length=1)]
    correction: Literal["holm"]
    margin: Rate
    resamples: Count
    group_edges: Annotated[tuple[Count, ...], Field(min_length=1)]
    data: tuple[DataSet, ...]
    hybrid: Hybrid

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the pairs name, each once."""
        return tuple(dict.fromkeys(arm for pair in self.pairs for arm in pair))

    def on(self, profile: str) -> DataSet:
        """What is measured with a profile; of one that is not named the primary arms."""
        return next((data for data in self.data if data.profile == profile), DataSet(profile, arms="primary"))


def primary_comparisons(family: str) -> Primary:
    """What the file declares of a family of shards."""
    declared = tomllib.loads(read_text(FILE))
    return TypeAdapter(Primary).validate_json(json.dumps(declared[family]))
