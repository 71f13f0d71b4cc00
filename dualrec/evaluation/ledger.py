"""The ledger: one parquet file per system that says what was recommended to whom, and a sidecar that says how.

`<system>.parquet` holds n x K rows, users in the order of the cases and each user's places in the order of the list:

    user_id   int64 or text   original user id
    target_id int64 or text   original id of the one true next item
    rank      int32           1 to K
    item_id   Int64 or text   original item id; null = nothing valid was produced, which counts as a miss
    score     float32         the system's own score; null where it has none

Ids are those of the data: whole numbers where all of them are, else text. target_id and item_id are of one kind.

`<system>.json` holds schema, system, what the caller knows (profile, data, data_digest, protocol, split, seed,
config_hash, notes on what reading and splitting left out, wall_seconds, peak_memory_mib), commit, n, k, counts (totals
of the per-case counts) and the SHA-256 of the parquet file. Of lists that another tool made it also says `imported`,
and the label of their row in tables.
Every metric, table and figure is computed from ledgers; pandas alone is enough to recompute them.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from dualrec.core import paths
from dualrec.core.artifacts import atomic_path, file_sha256, write_json
from dualrec.core.errors import StudyError
from dualrec.core.git import git_commit
from dualrec.evaluation.rows import id_column, list_rows
from dualrec.types import Cases, RankedLists

SCHEMA = 1
COLUMNS = {"user_id": "int64", "target_id": "int64", "rank": "int32", "item_id": "Int64", "score": "float32"}
IDS = ("user_id", "target_id", "item_id")  # which may be text instead
NAMED = 300  # characters of a foreign file's column names in an error
# What pyarrow and pandas raise where bytes of lengths, types or pandas' own notes are damaged.
# Not MemoryError: the file may be whole.
UNREADABLE = (OSError, ValueError, TypeError, LookupError, AttributeError, NotImplementedError, RecursionError)


class Lists(NamedTuple):
    """A ledger as arrays, one row per user.

    users: (n,) original ids, int64 or text
    targets: (n,) original ids, int64 or text
    items: (n, K) original ids of the same type, 0 or "" where nothing valid was produced
    valid: bool (n, K), False there
    """

    users: np.ndarray
    targets: np.ndarray
    items: np.ndarray
    valid: np.ndarray


def write_ledger(
    folder: Path,
    system: str,
    cases: Cases,
    lists: RankedLists,
    item_ids: np.ndarray,
    meta: dict,
    user_ids: np.ndarray | None = None,
) -> Path:
    """Write `<system>.parquet` and its sidecar; the same lists give the same parquet file, byte for byte.

    folder: where both files go
    system: its name, which the files get
    cases: what was evaluated
    lists: one per case
    item_ids: int64 or text (N + 1,) original ids by item index
    meta: what the sidecar says about the run
    user_ids: int64 or text (U + 1,) original ids by number of the user; the numbers themselves if left out

    Returns the path of the parquet file.
    Raises StudyError where the lists do not fit the cases or the catalogue, or break the schema.
    """
    path = Path(folder) / f"{system}.parquet"
    items = np.asarray(lists.items)
    if len(cases) != len(items):
        raise StudyError(f"system '{system}' made {len(items)} lists for {len(cases)} cases; it must make one per case")
    users = cases.users if user_ids is None else user_ids[cases.users]
    ledger = list_rows(system, users, lists, item_ids)
    n, k = items.shape
    ledger.insert(1, "target_id", id_column(np.repeat(item_ids[cases.targets], k)))
    check_ledger(ledger, f"the ledger of system '{system}'")
    with atomic_path(path) as temporary:
        # as bytes: pyarrow takes no path that is not UTF-8
        temporary.write_bytes(ledger.to_parquet(engine="pyarrow", index=False))
    sidecar = {"schema": SCHEMA, "system": system} | meta
    sidecar |= {"commit": git_commit(paths.PACKAGE.parent), "n": n, "k": k}
    sidecar |= {"counts": {name: int(np.sum(count)) for name, count in lists.counts.items()}}
    sidecar |= {"sha256": file_sha256(path)}
    write_json(path.with_suffix(".json"), sidecar)
    return path


def read_ledger(path: Path) -> pd.DataFrame:
    """Read and check a ledger; the columns are those of `COLUMNS`, ids perhaps text.

    Raises StudyError where the ledger or its sidecar is missing, breaks the schema, or was changed afterwards.
    """
    where = paths.readable(path)
    require_file(path)
    sidecar = read_sidecar(path)
    ledger = read_rows(path, "delete it and run again")
    check_ledger(ledger, where)
    if sidecar.get("sha256") != file_sha256(path) or len(ledger) != sidecar["n"] * sidecar["k"]:
        raise StudyError(
            f"{where} is not the file its sidecar {Path(path).stem}.json describes; delete both and run again"
        )
    return ledger


def require_file(path: Path) -> None:
    """Raise StudyError where there is no such ledger."""
    if not Path(path).is_file():
        raise StudyError(f"there is no ledger {paths.readable(path)}; run the notebook that writes it, or `make all`")


def read_rows(path: Path, remedy: str) -> pd.DataFrame:
    """The table in a parquet file, whatever it holds.

    path: of the file
    remedy: what to do where it cannot be read, for the StudyError that is raised then
    """
    try:
        return pd.read_parquet(io.BytesIO(Path(path).read_bytes()), engine="pyarrow")  # as bytes: see `write_ledger`
    except UNREADABLE as error:
        raise StudyError(f"{paths.readable(path)} is not a readable parquet file; {remedy}") from error


def read_sidecar(path: Path) -> dict:
    """What the sidecar of a ledger says about the run.

    path: of the parquet file

    Raises StudyError where it is missing, is no JSON object, or has another schema version.
    """
    file = Path(path).with_suffix(".json")
    try:
        sidecar = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(
            f"{paths.readable(file)}, the sidecar of a ledger, is missing or not JSON; run again to write it"
        ) from error
    if not isinstance(sidecar, dict) or sidecar.get("schema") != SCHEMA:
        raise StudyError(
            f"{paths.readable(file)} does not have ledger schema {SCHEMA}; run again to write the ledger anew"
        )
    counts = sidecar.get("counts")
    numbers = [sidecar.get("n"), sidecar.get("k"), *(counts.values() if isinstance(counts, dict) else [None])]
    if not all(type(number) is int for number in numbers):
        raise StudyError(
            f"{paths.readable(file)} lacks n, k or counts as whole numbers; run again to write the ledger anew"
        )
    return sidecar


def check_ledger(ledger: pd.DataFrame, where: str) -> None:
    """Check that a ledger keeps the schema: columns, types, ranks 1..K per user, one target, no item twice.

    where: how the error calls it

    Raises StudyError naming `where`, the first offending user and what is wrong.
    """
    if list(ledger.columns) != list(COLUMNS):
        # repr: a name may hold line breaks and colour codes
        columns = repr(", ".join(map(str, ledger.columns)))[1:-1][:NAMED]
        raise StudyError(f"{where} has the columns {columns or '(none)'}; a ledger has {', '.join(COLUMNS)}")
    for column, expected in COLUMNS.items():
        dtype = ledger.dtypes[column]
        if str(dtype) != expected and not (column in IDS and _is_text(dtype)):
            wanted = f"{expected} or text" if column in IDS else expected
            raise StudyError(f"{where}: column '{column}' is {dtype}, but must be {wanted}")
        if column in ("user_id", "target_id") and np.any(ledger[column].isna()):
            raise StudyError(f"{where}: column '{column}' is null in a row, but must name an id in every one")
    if _is_text(ledger.dtypes["target_id"]) != _is_text(ledger.dtypes["item_id"]):
        raise StudyError(f"{where}: of the columns 'target_id' and 'item_id' one is text; both must hold the same ids")
    if ledger.empty:
        raise StudyError(f"{where} holds no recommendations; evaluate at least one user")
    users = ledger["user_id"].to_numpy()
    ranks = ledger["rank"].to_numpy()
    k = max(int(ranks.max()), 1)
    wrong = ranks != np.arange(len(ledger)) % k + 1
    wrong |= users != users[np.arange(len(ledger)) // k * k]  # another user within K rows
    if wrong.any() or len(ledger) % k:
        user = users[wrong.argmax()] if wrong.any() else users[-1]
        raise StudyError(f"{where}: the ranks of user {user} are not 1 to {k}, each once and in order")
    if len(np.unique(users)) != len(ledger) // k:
        user = ledger["user_id"].value_counts().index[0]
        raise StudyError(f"{where}: user {user} has more than one list; a user is evaluated once")
    targets = ledger["target_id"].to_numpy().reshape(-1, k)
    several = (targets != targets[:, :1]).any(axis=1)
    if several.any():
        raise StudyError(
            f"{where}: user {users[several.argmax() * k]} has more than one target; a ledger has one per user"
        )
    listed = ledger.loc[ledger["item_id"].notna(), ["user_id", "item_id"]]
    again = listed.duplicated()
    if again.any():
        user, item = listed[again].iloc[0]
        raise StudyError(f"{where}: item {item} is listed twice for user {user}; a repeated item must be null")


def as_lists(ledger: pd.DataFrame) -> Lists:
    """A ledger as arrays. Raises StudyError as `check_ledger` does."""
    check_ledger(ledger, "the ledger")
    k = int(ledger["rank"].to_numpy().max())
    column = pd.Series(ledger["item_id"])
    empty, kind = ("", object) if _is_text(column.dtype) else (0, np.int64)
    items = column.fillna(empty).to_numpy(kind).reshape(-1, k)
    valid = column.notna().to_numpy().reshape(-1, k)
    return Lists(ledger["user_id"].to_numpy()[::k], ledger["target_id"].to_numpy()[::k], items, valid)


def _is_text(dtype: object) -> bool:
    return isinstance(dtype, pd.StringDtype)
