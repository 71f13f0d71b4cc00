"""Lists that another tool made, from a table: checked against the data, and judged as those of the study are.

A table has a row per place (user_id, item_id, rank and perhaps score) or a row per user (user_id, item_1, item_2, …).
It names no targets: those are the study's.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.data.dataset import Dataset
from dualrec.data.ids import same_ids
from dualrec.data.losses import REFUSE
from dualrec.data.parquet import read_parquet
from dualrec.data.tables import check_columns, read_table
from dualrec.types import Cases, RankedLists

WIDEST = 100  # places of a table with a row per user, at most
NAMED = 200  # characters of foreign ids in an error
_KINDS = {"user_id": "name", "item_id": "text", "score": "text", "target_id": "text"}
_KINDS |= {f"item_{place}": "text" for place in range(WIDEST + 1)}  # item_0 to be refused


def read_lists(path: Path, dataset: Dataset, cases: Cases, k: int) -> tuple[RankedLists, list[str]]:
    """Lists from a table, and what of it does not count, a line each.

    A place whose item is unknown, was met by its user before or stands higher in the list already holds nothing, which
    is a miss; the places below it do not move up. So does a place, or a user, that the table lacks.

    path: a parquet file, or text with commas and a header, packed by gzip or not
    dataset: whose ids it goes by
    cases: who is evaluated
    k: places that count

    Counts per case: `written` items and, of these, `invalid` (in no catalogue), `duplicate` and `seen`.
    Raises StudyError for a file that is no such table, that names targets, gives a rank to two items of a user, or of
    which most users or items are unknown.
    """
    rows = _rows(Path(path))
    where = paths.readable(path)
    ids = pd.Series(rows["user_id"])
    users = _numbers(dataset.user_ids[1:], ids)
    _refuse_unknown(where, "user", ids, users, dataset.user_ids)
    case_of = np.full(len(dataset.user_ids), -1)
    case_of[cases.users] = np.arange(len(cases))
    case = case_of[users]
    there = pd.DataFrame(rows.assign(case=case)[case >= 0]).sort_values(["case", "place"], kind="stable")
    if there.empty:
        raise StudyError(f"{where} has a list for none of the {len(cases)} users who are evaluated; rank for those")
    again = there.duplicated(["case", "place"]).to_numpy()
    if again.any():
        user, place = there.iloc[again.argmax()][["user_id", "place"]]
        raise StudyError(f"{where}: user {user} has two rows at rank {place}; write one list per user")
    notes = _users_left_out(users, case, ids)
    deepest = int(there["place"].to_numpy().max())
    if deepest > k:
        notes.append(f"lists have up to {deepest} places, of which the first {k} count")
    counted = pd.DataFrame(there[there["place"] <= k])
    lists, places = _judged(where, counted, dataset, cases, k)
    return lists, notes + places


def _rows(path: Path) -> pd.DataFrame:
    """The table with a row per place: user_id as read, place from 1, item_id (text, empty for none) and score."""
    if path.suffix == ".parquet":
        table = read_parquet(path, _KINDS | {"rank": "name"}, ("user_id",))
    else:
        table = read_table(path, ",", None, _KINDS | {"rank": "int"}, ("user_id",))
    if "target_id" in table:
        remedy = "remove that column; a whole ledger is judged by `score`"
        raise StudyError(f"{paths.readable(path)} names targets (target_id), and those are the study's; {remedy}")
    return _a_row_per_place(path, table) if "item_id" in table else _a_row_per_user(path, table)


def _a_row_per_place(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    check_columns(path, table.columns, len(table), ("user_id", "item_id", "rank"))
    places = pd.Series(table["rank"])
    if places.dtype != np.int64:
        raise StudyError(f"{paths.readable(path)}: the column rank is text; write whole numbers, from 1")
    if (places < 1).any():
        row = int((places < 1).to_numpy().argmax())
        raise StudyError(f"{paths.readable(path)}, row {row + 1}: rank is {places.iloc[row]}; ranks count from 1")
    scores = pd.Series(np.nan, table.index)
    if "score" in table:
        text = table["score"].fillna("").str.strip()
        scores = pd.Series(pd.to_numeric(text, errors="coerce"))
        wrong = (scores.isna() & ~text.str.lower().isin(("", "nan"))).to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            raise StudyError(
                f"{paths.readable(path)}, row {row + 1}: score is {text.iloc[row]!r}, not a number; correct it, or "
                "leave the column out"
            )
    columns = {"user_id": table["user_id"], "place": places, "item_id": table["item_id"].fillna(""), "score": scores}
    return pd.DataFrame(columns)


def _a_row_per_user(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    if "item_0" in table:
        raise StudyError(f"{paths.readable(path)} has a column item_0; places count from 1, so call the first item_1")
    found = [int(name[5:]) for name in table if name in _KINDS and re.fullmatch(r"item_\d+", name)]
    if not found:
        raise StudyError(
            f"{paths.readable(path)} has neither the columns item_id and rank nor item_1, item_2 and so on; "
            "write one of the two"
        )
    names = [f"item_{place}" for place in range(1, max(found) + 1)]
    check_columns(path, table.columns, len(table), tuple(names))
    pieces = [
        pd.DataFrame({"user_id": table["user_id"], "place": place, "item_id": table[name].fillna(""), "score": np.nan})
        for place, name in enumerate(names, start=1)
    ]
    return pd.concat(pieces, ignore_index=True)


def _numbers(known: np.ndarray, found: pd.Series) -> np.ndarray:
    """int64 (n,): the number of each id found, from 1; 0 where it is empty or unknown.

    known: original ids by number
    found: int64 or text
    """
    numbers = np.zeros(len(found), np.int64)
    there = np.ones(len(found), bool) if found.dtype == np.int64 else (found.str.strip() != "").to_numpy(bool)
    (known_ids, found_ids), _ = same_ids(pd.Series(known), pd.Series(found[there]))
    numbers[there] = 1 + pd.Index(known_ids).get_indexer(pd.Index(found_ids))
    return numbers


def _refuse_unknown(where: str, kind: str, ids: pd.Series, numbers: np.ndarray, known: np.ndarray) -> None:
    """Raise StudyError where more than half of some ids are unknown, so that another list of ids was meant.

    kind: "user" or "item"
    ids: as the table has them, none empty
    numbers: int64 (n,), 0 where an id is unknown
    known: original ids by number; the first stands for nobody
    """
    unknown = pd.Series(ids[numbers == 0]).drop_duplicates()
    all_ids = ids.nunique()
    if len(unknown) > REFUSE * all_ids:
        example = f"theirs begin with {known[1]}, these with {unknown.iloc[0]}"[:NAMED]
        raise StudyError(
            f"{where}: {len(unknown):,} of {all_ids:,} {kind}s are not in the data ({example}); write the ids that the "
            "data have, and read those of text as text"
        )


def _users_left_out(users: np.ndarray, case: np.ndarray, ids: pd.Series) -> list[str]:
    """Who has a list and is not evaluated, a line each."""
    unknown = pd.Series(ids[users == 0]).nunique()
    others = len(np.unique(users[(users > 0) & (case < 0)]))
    return _said(
        (unknown, "users who are not in the data, whose lists are left out"),
        (others, "users who are not evaluated under this profile, whose lists are left out"),
    )


def _judged(where: str, rows: pd.DataFrame, dataset: Dataset, cases: Cases, k: int) -> tuple[RankedLists, list[str]]:
    """The lists of places that count, and what of these holds nothing, a line each.

    rows: columns case, place, item_id and score, in the order of the lists
    """
    catalogue, n = dataset.catalogue, len(cases)
    rows = pd.DataFrame(rows[(rows["item_id"].str.strip() != "").to_numpy(bool)])
    if rows.empty:
        raise StudyError(f"{where} names no item for any of the {n} users who are evaluated; rank for those")
    ids = pd.Series(rows["item_id"])
    case, place, item = rows["case"].to_numpy(), rows["place"].to_numpy(), _numbers(catalogue.ids[1:], ids)
    _refuse_unknown(where, "item", ids, item, catalogue.ids)
    closed = cases.history.excluded  # nothing where items may be recommended again
    pair = case * (len(catalogue) + 1) + item
    met = np.repeat(np.arange(n), closed.lengths) * (len(catalogue) + 1) + closed.items
    seen = np.isin(pair, met)
    new = (item > 0) & ~seen
    again = np.zeros(len(rows), bool)
    again[new] = pd.Series(pair[new]).duplicated().to_numpy()
    listed = new & ~again
    items, scores = np.full((n, k), -1, np.int64), np.full((n, k), np.nan, np.float32)
    items[case[listed], place[listed] - 1] = item[listed]
    with np.errstate(over="ignore"):  # no metric reads a score
        scores[case[listed], place[listed] - 1] = rows["score"].to_numpy()[listed]
    fates = {"written": item >= 0, "invalid": item == 0, "duplicate": again, "seen": seen}
    counts = {name: np.bincount(case[fate], minlength=n) for name, fate in fates.items()}
    lists = RankedLists(items, None if np.isnan(scores).all() else scores, counts=counts)
    without = int(np.count_nonzero(counts["written"] == 0))
    short = int(np.count_nonzero(counts["written"] < k)) - without
    rising = int(np.count_nonzero((np.diff(scores, axis=1) > 0).any(axis=1)))
    of = f"of {len(rows):,}"
    return lists, _said(
        (without, f"users without a list, which is a miss, of {n:,}"),
        (fates["invalid"].sum(), f"items that are not in the catalogue, which are misses, {of}"),
        (again.sum(), f"items that stand higher in the same list, which are misses, {of}"),
        (seen.sum(), f"items that their user had met before, which are misses, {of}"),
        (short, f"lists of fewer than {k} items, whose other places are misses"),
        (rising, "lists whose scores rise from one place to a lower one; ranks count, scores do not"),
    )


def _said(*counted: tuple[int, str]) -> list[str]:
    """A line for everything that was counted at all."""
    return [f"{what}: {count:,}" for count, what in counted if count]
