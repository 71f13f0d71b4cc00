"""What is recommended, in which words, and how histories are cut."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from dualrec.config.values import STRICT, Count, TieRule, Word


@dataclass(frozen=True, config=STRICT)
class DomainConfig:
    """What is recommended, in the words of prompts, figures and pages; a profile names all but `items`, or none."""

    item: Word  # one of them
    verb: Word  # what a person did with those of the history: "watched", "listened to"
    infinitive: Word  # of the verb
    items: Word = Field(default_factory=lambda words: f"{words['item']}s")


MOVIES = DomainConfig("movie", "watched", "watch")


@dataclass(frozen=True, config=STRICT)
class SplitConfig:
    """Leave-one-out: `tie_rule` orders events with the same timestamp, `repeats` says what items met again are."""

    tie_rule: TieRule = "file"
    min_events: Count = 5  # shorter users are left out
    # "first": only the first encounter is an event; "allow": what was seen may be recommended again;
    # "drop": as it stands, without the users whose target was seen before and so can never be recommended
    repeats: Literal["first", "allow", "drop"] = "first"
