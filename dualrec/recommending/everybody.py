"""Lists for every user of the data, in parts that are kept as they are made, so that a killed call can go on."""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from pyarrow import Table
from pyarrow.parquet import ParquetWriter
from tqdm import tqdm

from dualrec.core.artifacts import atomic_path, is_kept, write_text
from dualrec.core.fingerprint import cache_key
from dualrec.core.locks import sole_user
from dualrec.data.splits import order
from dualrec.evaluation.ledger import read_rows
from dualrec.evaluation.rows import list_rows
from dualrec.sequence.ranking import best_lists
from dualrec.study import Study
from dualrec.systems.best import fit_whole
from dualrec.systems.lazy_parts import lazy_parts
from dualrec.systems.names import System, find_system, own_class
from dualrec.systems.own_model import fit_own_model
from dualrec.systems.rank import rank
from dualrec.types import RankedLists, Sequences

USERS = 512  # of a part: whose lists are made, and kept, at once


def write_everybody(study: Study, name: str, k: int, path: Path) -> None:
    """Write lists for every user of the data, from their whole history, to a parquet file.

    Its columns are user_id, rank, item_id and score, of the types of a ledger (`evaluation.ledger`), users in rising
    order; every list has k places, null where nothing is left to recommend. Memory does not grow with users x items.
    Until the file is whole, finished parts lie in the folder PATH.parts, and a second call makes those that are
    missing; parts of other data, settings or code are made anew.

    name: of a system, see `names.find_system`
    k: length of the lists
    path: of the file, which is replaced

    Raises StudyError for an unknown name, where another process writes the same file, and what the system's parts
    raise.
    """
    system = find_system(name)
    histories = order(study.data, study.profile.split)
    settings = (study.data.digest, study.profile, study.seed, name, _own_source(system), k, USERS)
    key = cache_key(*settings, code=sys.modules[__name__])
    folder = path.with_name(f"{path.name}.parts")
    with sole_user(folder):
        if not is_kept(folder, key):
            for file in folder.glob("*.parquet"):
                file.unlink()
            write_text(folder / "key", key)
        files = {start: folder / f"{start:09}.parquet" for start in range(0, len(histories), USERS)}
        missing = [start for start, file in files.items() if not file.is_file()]
        done = len(histories) - sum(min(USERS, len(histories) - start) for start in missing)
        bar = tqdm(desc=system.label, unit="user", initial=done, total=len(histories))
        if missing:
            ranker = _ranker(study, system, name, k)
            for start in missing:
                some = histories.take(slice(start, start + USERS))
                rows = list_rows(name, study.data.user_ids[some.users], ranker(some), study.catalogue.ids)
                with atomic_path(files[start]) as temporary:
                    temporary.write_bytes(rows.to_parquet(engine="pyarrow", index=False))
                bar.update(len(some))
        bar.close()
        _join([*files.values()], path)
    shutil.rmtree(folder)


def _own_source(system: System) -> str:
    """The text of the module that holds a reader's own class; nothing for the study's, whose code is in any key."""
    return inspect.getsource(sys.modules[own_class(system.reference).__module__]) if system.reference else ""


def _ranker(study: Study, system: System, name: str, k: int) -> Callable[[Sequences], RankedLists]:
    """Makes a system's lists (n, k) for n histories; a sequence model, or a sum of two, is fitted here, once."""
    if system.reference:
        model = fit_own_model(study, system)
    elif system.family in ("sequence_models", "summed"):
        model = fit_whole(study, system)
    else:
        parts = lazy_parts(study)
        return lambda histories: rank(study, name, histories, k, parts)
    return lambda histories: best_lists(model, histories, k)


def _join(files: list[Path], path: Path) -> None:
    """Write the rows of several files into one, a file at a time."""

    def table(file: Path) -> Table:
        return Table.from_pandas(read_rows(file, "delete it and run again"), preserve_index=False)

    with (
        atomic_path(path) as temporary,
        open(temporary, "wb") as whole,
        ParquetWriter(whole, table(files[0]).schema) as writer,
    ):
        for file in files:
            writer.write_table(table(file))
