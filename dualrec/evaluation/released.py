"""The authors' released evaluation, rebuilt switch by switch from its description, beside the audited one.

Described: the code that the authors of DUALRec released (`SatoSakula/DUALRec`, commit `02b4cce`); no line of it is
copied. Every system hands over what it wrote before any evaluation, so each switch acts on the same outputs. The switch
of the row split selects the released test users and trains nothing again; `experiments.audit.released_split` holds the
rows to train on. A failure is taken to be a text without a readable title.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

KS = (1, 5)
ROW_SHARE = 0.15  # the last part of the rows, ordered by user, is the released test set


@dataclass(frozen=True)
class Protocol:
    """How lists are evaluated, as seven switches; `RELEASED` and `AUDITED` are the two ends.

    truth_in_references: the true titles stand beside the hint among the titles the re-ranker compares with
    similarity: share of equal characters from which two titles count as the same; 0 = the same catalogue item
    drop_failures: a user for whom no title could be read leaves the averages, instead of counting as a miss
    targets: how many next items count as true, any of them being a hit
    catalogue: so many most-rated items can be targets, and users without such a target leave the test; 0 = all
    row_split: only users whose rows are the last of the file
    users: size of the seeded sample; 0 = all
    """

    truth_in_references: bool
    similarity: float
    drop_failures: bool
    targets: int
    catalogue: int
    row_split: bool
    users: int


# What turning a switch does, in words.
TURNED = {
    "truth_in_references": "the hint alone is a reference, not the answers",
    "similarity": "a hit is the same item, not a similar title",
    "drop_failures": "failures are misses",
    "targets": "one target, the next item, not any of five",
    "catalogue": "targets from the whole catalogue",
    "row_split": "users of all rows",
    "users": "no sample",
}
RELEASED = Protocol(True, 0.8, True, 5, 1000, True, 150)
AUDITED = Protocol(False, 0.0, False, 1, 0, False, 0)


@dataclass(frozen=True)
class Outputs:
    """What a system wrote, best first, before any evaluation.

    titles: n lists of titles as written
    items: n lists, aligned: the catalogue item a title stands for, -1 where it is invented, repeated or already seen
    hints: n titles of the sequence model's hint
    """

    titles: list[list[str]]
    items: list[list[int]]
    hints: list[str]


@dataclass(frozen=True)
class Truth:
    """What the evaluation knows and no system does.

    users: int64 (n,) original ids
    targets: int64 (n, 5) the next five items, next first
    titles: N + 1 catalogue titles
    popularity: (N + 1,) events per item
    last_rows: bool (n,), see the function `last_rows`
    """

    users: np.ndarray
    targets: np.ndarray
    titles: list[str]
    popularity: np.ndarray
    last_rows: np.ndarray


def last_rows(users: np.ndarray, events_of: pd.Series) -> np.ndarray:
    """bool (n,): whether all rows of a user are in the last 15 % of a ratings file ordered by user id.

    users: (n,) original ids
    events_of: number of rows per user id, of every user in the file
    """
    rows = events_of.sort_index()
    begins = pd.Series(rows.cumsum() - rows)
    return begins.loc[users].to_numpy() >= (1 - ROW_SHARE) * rows.sum()


def turned(switches: Collection[str]) -> Protocol:
    """The released protocol with some switches, fields of `Protocol`, as they stand in the audited one."""
    return replace(RELEASED, **{switch: getattr(AUDITED, switch) for switch in switches})


def steps() -> dict[str, Protocol]:
    """The protocols from `RELEASED` to `AUDITED`, each under the name of the switch that was turned last."""
    names = [switch.name for switch in fields(Protocol)]
    return {"released": RELEASED} | {name: turned(names[: place + 1]) for place, name in enumerate(names)}


def evaluate(
    outputs: Outputs, truth: Truth, vectors: dict[str, np.ndarray], protocol: Protocol, seed: int
) -> pd.DataFrame:
    """HR@1, HR@5, NDCG@1 and NDCG@5 of every user who is left under the protocol; index user_id.

    NDCG discounts the first hit only, as released; with one target that is the usual NDCG. Titles whose similarities
    agree in five digits, such as a hint and a true title that are both references, keep the order of the list.

    vectors: unit sentence vector of every title that is written, hinted or true
    seed: of the sample of users
    """
    targets, left = targets_left(truth, protocol)
    if protocol.drop_failures:
        left &= np.array([bool(titles) for titles in outputs.titles])
    rows = np.flatnonzero(left)
    if protocol.users and len(rows) > protocol.users:
        rows = np.sort(np.random.default_rng(seed).choice(rows, protocol.users, replace=False))
    first = np.array([_first_hit(outputs, row, targets[row], truth, vectors, protocol) for row in rows.tolist()], float)
    frame = {f"HR@{k}": (first <= k).astype(float) for k in KS}
    frame |= {f"NDCG@{k}": np.where(first <= k, 1 / np.log2(first + 1), 0.0) for k in KS}
    return pd.DataFrame(frame, index=pd.Index(truth.users[rows], name="user_id"))


def targets_left(truth: Truth, protocol: Protocol) -> tuple[np.ndarray, np.ndarray]:
    """What counts as true, int64 (n, targets) with 0 for no target; and who is left with any, bool (n,).

    Whoever leaves because no title could be read is still in: that is up to the lists.
    """
    targets = truth.targets[:, : protocol.targets]
    if protocol.catalogue:
        most_rated = np.argsort(-truth.popularity, kind="stable")[: protocol.catalogue]
        targets = np.where(np.isin(targets, most_rated), targets, 0)
    left = np.asarray((targets > 0).any(axis=1))
    return targets, left & truth.last_rows if protocol.row_split else left


def references(outputs: Outputs, row: int, targets: np.ndarray, truth: Truth, protocol: Protocol) -> list[str]:
    """The titles that the re-ranker compares a user's list with: all it knows of the user."""
    true_titles = [truth.titles[item] for item in targets] if protocol.truth_in_references else []
    return [outputs.hints[row], *true_titles]


def _first_hit(
    outputs: Outputs, row: int, targets: np.ndarray, truth: Truth, vectors: dict[str, np.ndarray], protocol: Protocol
) -> float:
    """The place of the first hit in one user's re-ranked list, from 1; infinity where there is none.

    row: of the user
    targets: of this user, 0 for no target
    """
    targets = targets[targets > 0]
    titles = outputs.titles[row]
    items = np.array(outputs.items[row], np.int64)
    if not protocol.similarity:  # audited: only what stands for a new catalogue item takes a place
        titles = [title for title, item in zip(titles, items, strict=True) if item > 0]
        items = items[items > 0]
    if not titles:
        return np.inf
    compared_with = np.stack([vectors[title] for title in references(outputs, row, targets, truth, protocol)])
    written = np.stack([vectors[title] for title in titles])
    closest = (written @ compared_with.T).max(axis=1)  # the best reference wins
    closest = closest.round(5)  # else the last bits of a 1 would tell one title that is a reference from another
    order = np.argsort(-closest, kind="stable")
    if protocol.similarity:
        true_titles = [truth.titles[item].lower() for item in targets]
        written_titles = [title.lower() for title in titles]
        similarity = process.cdist(written_titles, true_titles, scorer=fuzz.ratio, dtype=np.float64)
        hit = similarity.max(axis=1) >= 100 * protocol.similarity
    else:
        hit = np.isin(items, targets)
    places = np.flatnonzero(hit[order])
    return float(places[0] + 1) if len(places) else np.inf
