"""Which two ledgers may be compared, and over whom: the same targets of the same data, under the same protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_ledger, read_sidecar
from dualrec.evaluation.metrics import per_user


@dataclass(frozen=True)
class Side:
    """One of the two ledgers.

    name: how errors call it
    ledger: as `ledger.read_ledger` returns it
    sidecar: None where it has none
    """

    name: str
    ledger: pd.DataFrame
    sidecar: dict | None

    @classmethod
    def read(cls, path: Path) -> Side:
        """A ledger of the study and its sidecar. Raises StudyError where one of them is missing or damaged."""
        return cls(paths.readable(path), read_ledger(path), read_sidecar(path))

    @property
    def targets(self) -> pd.Series:
        """The target of every user: original item ids, index user_id."""
        return pd.Series(self.ledger[self.ledger["rank"] == 1].set_index("user_id")["target_id"])

    @property
    def places(self) -> int:
        """How many places its lists have."""
        return int(self.ledger["rank"].to_numpy().max())


@dataclass(frozen=True)
class Pair:
    """Two ledgers over the users that both have.

    a, b: metrics per user, as `metrics.per_user` returns them, for the same users in the same order
    left_out: how many users only the first has, and only the second
    notes: what could not be checked, and what to keep in mind, one sentence each
    """

    a: pd.DataFrame
    b: pd.DataFrame
    left_out: tuple[int, int]
    notes: list[str] = field(default_factory=list)


def pair(a: Side, b: Side) -> Pair:
    """Two ledgers, reduced to the users that both have.

    Raises StudyError where they must not be compared: other data, another protocol or split, another target for the
    same user, or no user in common.
    """
    notes = check_facts((a.name, b.name), (a.sidecar, b.sidecar))
    targets_a, targets_b = a.targets, b.targets
    shared = targets_a.index.intersection(targets_b.index)
    if shared.empty:
        raise StudyError(f"{a.name} and {b.name} have no user in common; compare systems evaluated on the same users")
    differs = targets_a.loc[shared] != targets_b.loc[shared]
    if differs.any():
        user = shared[int(differs.to_numpy().argmax())]
        two = f"the target of user {user} is item {targets_a[user]} in the one and item {targets_b[user]} in the other"
        raise _refusal(
            (a.name, b.name), f"{two} ({int(differs.sum())} of {len(shared)} users in common have two targets)"
        )
    if a.places != b.places:
        places = f"lists of {a.places} and of {b.places} places"
        notes.append(f"{places} are compared: below its last place, a list counts as having missed its target")
    left_out = (len(targets_a) - len(shared), len(targets_b) - len(shared))
    return Pair(per_user(a.ledger).loc[shared], per_user(b.ledger).loc[shared], left_out, notes)


def check_facts(names: tuple[str, str], sidecars: tuple[dict | None, dict | None]) -> list[str]:
    """Whether two ledgers are of the same data, protocol and split, as far as their sidecars tell.

    names: how errors call the ledgers
    sidecars: None where there is none; a fact that one of them lacks is not compared

    Returns what remains unchecked, one sentence each. Raises StudyError for a fact that differs.
    """
    missing = [name for name, sidecar in zip(names, sidecars, strict=True) if sidecar is None]
    notes = [f"{name} has no sidecar: its data and protocol are not checked" for name in missing]
    one, other = (sidecar or {} for sidecar in sidecars)
    data = f"the data '{one.get('data')}' and '{other.get('data')}'"
    if _differ(one, other, "data_digest"):
        raise _refusal(names, f"{data} differ in content ({one['data_digest']} and {other['data_digest']})")
    if not (one.get("data_digest") and other.get("data_digest")):
        if _differ(one, other, "data"):
            raise _refusal(names, f"{data} have different names")
        if not notes:
            notes.append("one of them names no data_digest: that the data hold the same is not checked")
    for fact in ("protocol", "split"):
        if _differ(one, other, fact):
            raise _refusal(names, f"the {fact} is '{one[fact]}' for the one and '{other[fact]}' for the other")
    return notes


def _differ(one: dict, other: dict, fact: str) -> bool:
    return bool(one.get(fact) and other.get(fact)) and one[fact] != other[fact]


def _refusal(names: tuple[str, str], why: str) -> StudyError:
    return StudyError(f"{names[0]} and {names[1]} must not be compared: {why}; evaluate both alike")
