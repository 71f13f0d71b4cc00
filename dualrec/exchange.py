"""The commands `import-data`, `export-split` and `import-lists`: data in, splits out, lists of other tools in.

Results go to stdout, everything else to stderr, as in `cli`.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dualrec.cli import DataOption, ProfileOption, mean_metrics
from dualrec.core import paths
from dualrec.core.artifacts import json_text


class Format(StrEnum):
    """What `export-split` writes; the functions stand in `data.export.FORMATS`."""

    CSV = "csv"
    RECBOLE = "recbole"
    RECTOOLS = "rectools"


def import_data(
    table: Annotated[Path, typer.Argument(help="A CSV or parquet file, a row per event.")],
    user: Annotated[str, typer.Option(help="The column that says who.")],
    item: Annotated[str, typer.Option(help="The column that says what.")],
    time: Annotated[str, typer.Option(help="The column that says when: dates, or numbers that rise.")],
    out: Annotated[Path, typer.Option(help="The folder to write: new, empty, or an earlier import.")],
    title: Annotated[str, typer.Option(help="The column of names; items go by their ids if left out.")] = "",
    genres: Annotated[str, typer.Option(help="The column of genres, several parted by |.")] = "",
    time_format: Annotated[str, typer.Option(help="Of dates that are not as 2001-12-31, for example %d.%m.%Y.")] = "",
    items: Annotated[Path | None, typer.Option(help="Another file that has title and genres, a row per ITEM.")] = None,
) -> None:
    """Make a folder that --data takes from a table of your own, whatever its columns are called.

    Columns are parted by commas, semicolons, tabs or bars; others than those named are ignored. Rows without a user,
    an item or a time are left out and counted.

    Examples:

      python -m dualrec import-data loans.csv --user reader --item shelfmark --time lent --title title --out loans

      python -m dualrec import-data hikes.csv --user who --item trail --time day --time-format %d.%m.%Y --out hikes
    """
    from dualrec.data.own_table import Columns, import_table, summary_of

    note = import_table(table, Columns(user, item, time, title, genres), out, time_format, items)
    print(*note["left_out"], sep="\n", end="\n" if note["left_out"] else "", file=sys.stderr)
    print(summary_of(note, out))


def export_split(
    out: Annotated[Path, typer.Option(help="The folder to write: new, empty, or an earlier export.")],
    data: DataOption = None,
    profile: ProfileOption = paths.DEFAULT_PROFILE,
    form: Annotated[Format, typer.Option("--format", help="Plain tables, or files of a library.")] = Format.CSV,
) -> None:
    """Write the study's leave-one-out split for other tools, with the ids of the data, and print what was written.

    Train on train, choose settings on validation; the targets in test are for evaluation alone, and `import-lists`
    knows them. split.json says under which protocol and from which data the split was made, and what each file holds.

    Examples:

      python -m dualrec export-split --data path/to/recipes --out split

      python -m dualrec export-split --format recbole --out recbole/ml-100k
    """
    from dualrec.core.git import git_commit
    from dualrec.data.export import write_split
    from dualrec.study import open_study

    with redirect_stdout(sys.stderr):
        study = open_study(profile, data=data)
        for loss in study.losses:
            print(loss)
    rules = study.profile.split
    facts = {"data": study.data.name, "data_digest": study.data.digest, "protocol": study.protocol}
    facts |= {"split": asdict(rules), "left_out": study.losses, "commit": git_commit(paths.PACKAGE.parent)}
    note = write_split(study.data, study.split, rules.repeats, form.value, out, facts)
    events = ", ".join(f"{count:,} in {part}" for part, count in note["events"].items())
    print(f"{paths.readable(out)}: {note['users']:,} users, {note['items']:,} items, events: {events}")
    for name, what in note["files"].items():
        print(f"{name}: {what}")


def import_lists(
    lists: Annotated[Path, typer.Argument(help="A CSV or parquet file.")],
    name: Annotated[str, typer.Option(help="Of the ledger; no system of the study.")],
    label: Annotated[str | None, typer.Option(help="What tables call it; its name if left out.")] = None,
    data: DataOption = None,
    profile: ProfileOption = paths.DEFAULT_PROFILE,
    out: Annotated[
        Path | None, typer.Option(help="Whose lists/ the ledger goes to; runs/PROFILE if left out, as for `evaluate`.")
    ] = None,
) -> None:
    """Judge lists that another tool made: write their ledger and print one JSON object with the metrics.

    The file has the columns user_id, item_id, rank (from 1) and perhaps score, or user_id, item_1, item_2 and so on,
    and no targets. An item that is unknown, repeated or was met by its user before is a miss, and so is what is
    missing; each is counted and said. `score` and `compare` read the ledger as any other.

    Examples:

      python -m dualrec import-lists mine.csv --name mine --label "My model"

      python -m dualrec import-lists mine.parquet --name mine --data path/to/recipes --out runs/recipes
    """
    from dualrec.core.locks import sole_user
    from dualrec.evaluation.foreign_lists import read_lists
    from dualrec.evaluation.imported import mark_imported, require_free_name
    from dualrec.study import open_study
    from dualrec.systems.names import LABELS

    with redirect_stdout(sys.stderr):
        study = open_study(profile, data=data, folder=out)
        for loss in study.losses:
            print(loss)
        folder, label = study.folder / "lists", label or name
        with sole_user(study.folder):
            require_free_name(folder, name, label, LABELS)
            ranked, notes = read_lists(lists, study.data, study.cases, study.profile.evaluation.k)
            ledger = study.save(name, study.cases, ranked, seconds=0)  # what another tool took is not known
            mark_imported(folder, name, label)
        for note in notes:
            print(note)
        print(f"{label}: n = {len(study.cases)}; {paths.readable(folder)}/{name}.parquet")
    print(json_text({name: mean_metrics(ledger)}))
