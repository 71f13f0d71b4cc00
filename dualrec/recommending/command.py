"""The command `recommend`: its options, and titles that are typed by hand.

Recommended titles, or the path of the file, go to stdout, everything else to stderr, as in `cli`.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from dualrec.cli import DataOption, ProfileOption
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.types import Sequences

if TYPE_CHECKING:  # torch and transformers take seconds to import: `--help` does without them
    from dualrec.data.title_matching import TitleMatcher
    from dualrec.study import Study

NEAREST = 3  # titles that are named where a typed one is unknown


class Users(StrEnum):
    """For whom `recommend` writes lists."""

    ALL = "all"


def recommend(
    titles: Annotated[
        list[str] | None,
        typer.Option(
            help="Your history by titles, oldest first, separated by semicolons; or give --titles once for each."
        ),
    ] = None,
    users: Annotated[
        Users | None, typer.Option(help="Instead of --titles: write lists for every user of the data to --out.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many to recommend.")] = 10,
    system: Annotated[
        str | None,
        typer.Option(help="A system's name, or package.module:Class of your own; the best on validation if left out."),
    ] = None,
    data: DataOption = None,
    profile: ProfileOption = paths.DEFAULT_PROFILE,
    out: Annotated[
        Path | None,
        typer.Option(help="With --users, the .parquet file; else where trained models are kept, not in runs/PROFILE."),
    ] = None,
) -> None:
    """Recommend items for a history typed by hand, or for everybody in the data; trains what is missing first.

    What each title was taken for is shown. One that no item has, or several, is refused, and the nearest are named.
    Without --system the one ranks that was best on the validation targets of the profile's last run, and its name is
    shown; the LSTM where no run has compared any on these data.

    With --users all, everybody's whole history counts. The file has the columns user_id, rank, item_id and score. What
    is finished is kept: after a stop, the same command goes on from there.

    Examples:

      python -m dualrec recommend --titles "Toy Story (1995); Aladdin (1992)"

      python -m dualrec recommend --titles "Alien; Blade Runner; The Terminator" -k 5 --system llm_hint

      python -m dualrec recommend --titles "Alien" --titles "Blade Runner"

      python -m dualrec recommend --users all --out lists.parquet --system windowed_markov
    """
    if bool(titles) == bool(users):
        raise typer.BadParameter(
            "give either a taste, as --titles, or --users all for everybody in the data", param_hint="'--titles'"
        )
    if users and (out is None or out.suffix != ".parquet" or out.is_dir()):
        raise typer.BadParameter(
            "--users all writes a parquet file: name it, as in --out lists.parquet", param_hint="'--out'"
        )
    from dualrec.study import open_study
    from dualrec.systems.best import Best, best_on_validation
    from dualrec.systems.names import find_system

    with redirect_stdout(sys.stderr):
        if system:
            find_system(system)  # an unknown one is refused before data are read
        study = open_study(profile, data=data, folder=None if users else out)
        for loss in study.losses:
            print(loss)
        known = study.catalogue.titles
        history = np.empty(0) if users else match_titles(titles or [], study.matcher, known, study.words.items)
        system, why = Best(system, "") if system else best_on_validation(study)
        label = find_system(system).label + (why and f" ({why}; --system takes another)")
        print(f"ranking with {label}; what is not trained yet is trained first (minutes) …")
        lines = _to_file(study, system, k, out) if out and users else _by_title(study, system, k, history)
    for line in lines:
        print(line)


def _by_title(study: Study, system: str, k: int, history: np.ndarray) -> list[str]:
    """The titles recommended after a history, a numbered line each."""
    from dualrec.systems.rank import rank

    lists = rank(study, system, Sequences.from_lists([0], [history], study.split.test.history.repeats), k)
    recommended = [item for item in lists.items[0] if item > 0]
    return [f"{place:2d}. {study.catalogue.titles[item]}" for place, item in enumerate(recommended, start=1)]


def _to_file(study: Study, system: str, k: int, out: Path) -> list[str]:
    """Write everybody's lists to a file; a line that names it."""
    from dualrec.recommending.everybody import write_everybody

    write_everybody(study, system, k, out)
    return [paths.readable(out)]


def match_titles(typed: list[str], matcher: TitleMatcher, titles: list[str], items: str) -> np.ndarray:
    """Look up titles typed by hand in the catalogue and print what each was taken for.

    typed: titles, oldest first; a single one is split at `;`, unless it is a title of the catalogue as it stands
    matcher: of the catalogue
    titles: the catalogue's
    items: what several of its items are called

    Returns int64 (n,): the item index of each typed title.
    Raises StudyError for an empty list, and for a title that the catalogue lacks or that several items share.
    """
    from dualrec.llm.written_lists import read_title

    def meant(title: str) -> list[int]:
        written = read_title(title)
        return matcher.meant(written.title, written.year)

    is_one = len(typed) > 1 or (";" in read_title(typed[0]).title and meant(typed[0]))
    written = typed if is_one else typed[0].split(";")
    typed_titles = [title.strip() for title in written if title.strip()]
    if not typed_titles:
        raise StudyError('--titles holds no title; write for example --titles "Toy Story (1995); Aladdin (1992)"')
    history = []
    for title in typed_titles:
        found = meant(title)
        if not found:
            nearest = ", ".join(titles[item] for item in matcher.nearest(title, NEAREST))
            advice = f"the nearest are {nearest}" if nearest else "check its spelling"
            raise StudyError(f"'{title}' is no title in the catalogue of {len(titles) - 1} {items}; {advice}")
        if len(found) > 1:
            shared = ", ".join(titles[item] for item in found)
            raise StudyError(f"'{title}' is the title of {len(found)} {items}: {shared}; write one as it stands here")
        print(f"'{title}' → {titles[found[0]]}")
        history += found
    return np.array(history, np.int64)
