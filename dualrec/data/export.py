"""The study's leave-one-out split as files that other tools read, so that they train on exactly it.

What sequence models learn from is the order of a user's events, so every format keeps it, with ties already settled.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dualrec.core.artifacts import atomic_path, require_replaceable, write_json
from dualrec.data.catalogue import Catalogue
from dualrec.data.dataset import Dataset
from dualrec.data.splits import Split

PARTS = ("train", "validation", "test")
NOTE = "split.json"  # says what lies beside it, and marks a folder as an export
MADE_BY = "dualrec export-split"
RULE = (
    "Learn from train, choose settings on validation; the targets of test are for evaluation alone. "
    "What a user of test had met before are the events in train and validation, and lists are made from the whole "
    "catalogue."
)
RECBOLE_SETTINGS = """\
# With these, RecBole's own split is the study's: the timestamp counts each user's events.
# Config(model=..., dataset="{name}", config_file_list=[this file], config_dict={{"data_path": the folder above}})
load_col:
  inter: [user_id, item_id, timestamp]
eval_args:
  split: {{LS: valid_and_test}}
  order: TO
  mode: full
  group_by: user
"""


def write_split(dataset: Dataset, split: Split, repeats: str, form: str, folder: Path, facts: dict[str, Any]) -> dict:
    """Write a leave-one-out split into a folder, which appears whole or not at all.

    dataset: that was split
    split: of it, see `splits.leave_one_out`
    repeats: the rule it was split by, see `SplitConfig`
    form: one of FORMATS
    folder: new, empty, or an earlier export, which is replaced
    facts: what else NOTE says

    Returns what NOTE says: with the facts, format, users, items, events by part, and what each file holds.
    Raises StudyError where the folder holds anything else, or is a file.
    """
    folder = Path(folder).resolve()
    require_replaceable(folder, NOTE, MADE_BY)
    table = split_table(dataset, split, repeats)
    events = pd.Series(table["part"]).value_counts().to_dict()
    note = {"made_by": MADE_BY, "format": form, "rule": RULE} | facts
    note |= {"users": len(split.test), "items": len(dataset.catalogue)}
    note |= {"events": {part: int(events.get(part, 0)) for part in PARTS}}
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        note["files"] = FORMATS[form](table, dataset.catalogue, temporary)
        write_json(temporary / NOTE, note)
    return note


def split_table(dataset: Dataset, split: Split, repeats: str) -> pd.DataFrame:
    """Every event of a split, users ascending, each user's oldest first.

    Columns: user_id and item_id (original ids), order (int64, place in the user's sequence, from 0), timestamp (int64,
    as in the data) and part, one of PARTS.

    dataset: that was split
    split: of it
    repeats: the rule it was split by
    """
    history = split.test.history
    lengths = history.lengths + 1  # with the target
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    to_come = np.repeat(lengths, lengths) - place - 1  # events after this one
    items = np.insert(history.items, history.offsets[1:], split.test.targets)
    return pd.DataFrame(
        {
            "user_id": dataset.user_ids[np.repeat(history.users, lengths)],
            "item_id": dataset.catalogue.ids[items],
            "order": place,
            "timestamp": _times(dataset, history.users, repeats),
            "part": np.array(PARTS)[np.maximum(2 - to_come, 0)],
        }
    )


def _times(dataset: Dataset, users: np.ndarray, repeats: str) -> np.ndarray:
    """int64: the times of all events of some users, as they lie in the split.

    Rising times within a user are enough: where the tie rule decides, they are equal. Of an item met again, the first
    encounter is the earliest.
    """
    events = pd.DataFrame(dataset.interactions[["user_id", "item", "timestamp"]])
    events = pd.DataFrame(events[np.isin(events["user_id"].to_numpy(), users)])
    if repeats == "first":
        events = pd.DataFrame(events.groupby(["user_id", "item"], as_index=False)["timestamp"].min())
    return events.sort_values(["user_id", "timestamp"])["timestamp"].to_numpy()


def _write_csv(table: pd.DataFrame, catalogue: Catalogue, folder: Path) -> dict[str, str]:
    for part, events in table.groupby("part"):
        _write(events.drop(columns="part"), folder / f"{part}.csv")
    items = pd.DataFrame({"item_id": catalogue.ids[1:], "title": catalogue.titles[1:]})
    _write(items.sort_values("item_id"), folder / "items.csv")
    columns = "user_id, item_id, order (of the user's events, from 0) and timestamp (as in the data)"
    return {
        "train.csv": f"what to learn from: {columns}",
        "validation.csv": "the event after those of each user, for choices",
        "test.csv": "the event after that one, for evaluation alone",
        "items.csv": "the catalogue, all of which may be recommended",
    }


def _write_recbole(table: pd.DataFrame, catalogue: Catalogue, folder: Path) -> dict[str, str]:
    """One file of events, which RecBole splits itself: ready-made parts would have to hold a history per row.

    RecBole looks for a file that is called as its folder is.
    """
    columns = {"user_id": "user_id:token", "item_id": "item_id:token", "order": "timestamp:float"}
    _write(pd.DataFrame(table[[*columns]]).rename(columns=columns), folder / f"{folder.name}.inter", "\t")
    settings = RECBOLE_SETTINGS.format(name=folder.name)
    (folder / f"{folder.name}.yaml").write_text(settings, encoding="utf-8", newline="\n")
    return {
        f"{folder.name}.inter": "all events; the timestamp is the place in the user's sequence, from 0",
        f"{folder.name}.yaml": "settings with which RecBole splits them as the study does",
    }


def _write_rectools(table: pd.DataFrame, catalogue: Catalogue, folder: Path) -> dict[str, str]:
    """Columns as `rectools.Columns` names them; times a second apart from each other keep the order."""
    times = pd.Timestamp(2000, 1, 1) + pd.to_timedelta(table["order"].to_numpy(), "s")
    events = table[["user_id", "item_id", "part"]].assign(weight=1.0, datetime=times)
    for part, rows in events.groupby("part"):
        _write(rows.drop(columns="part"), folder / f"{part}.csv")
    return {
        "train.csv": "what to learn from: user_id, item_id, weight and datetime (second by second, for the order)",
        "validation.csv": "the event after those of each user, for choices",
        "test.csv": "the event after that one, for evaluation alone",
    }


def _write(table: pd.DataFrame, path: Path, separator: str = ",") -> None:
    table.to_csv(path, sep=separator, index=False, lineterminator="\n", encoding="utf-8")


FORMATS: dict[str, Callable[[pd.DataFrame, Catalogue, Path], dict[str, str]]] = {
    "csv": _write_csv,
    "recbole": _write_recbole,
    "rectools": _write_rectools,
}
