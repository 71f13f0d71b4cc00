"""The commands that compute: `evaluate`, `recommend`, `score`, `compare` and `verify`.

Results go to stdout, everything else to stderr, so that another program can read the results.
"""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from dualrec.core import paths
from dualrec.core.artifacts import json_text
from dualrec.core.errors import StudyError
from dualrec.core.text import printable
from dualrec.types import Sequences

if TYPE_CHECKING:  # torch and transformers take seconds to import: `--help` does without them
    from dualrec.data.title_matching import TitleMatcher
    from dualrec.systems.names import System
    from dualrec.systems.parts import Parts

METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@5", "NDCG@10", "MRR")  # the family of comparisons in `compare`
RESAMPLES = 10_000  # of the bootstrap in `compare`
NEAREST = 3  # titles that are named where a typed one is unknown


class Within(StrEnum):
    """What may lie between two runs that `verify` finds the same."""

    INTERVALS = "intervals"


DataOption = Annotated[str | None, typer.Option(help="A registered data set or a folder; the profile's if left out.")]
ProfileOption = Annotated[str, typer.Option(help="A profile's name or a .toml file; see `profiles`.")]


def evaluate(
    data: DataOption = None,
    profile: ProfileOption = paths.DEFAULT_PROFILE,
    systems_: Annotated[str, typer.Option("--systems", help="Comma-separated names.")] = "popularity,markov,lstm",
    out: Annotated[
        Path | None, typer.Option(help="Where ledgers and trained models go; runs/PROFILE if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of training and subsets.")] = 0,
) -> None:
    """Rank every test user's next movie, write ledgers to OUT/lists and print one JSON object with the metrics.

    Examples:

      python -m dualrec evaluate --systems popularity,markov

      python -m dualrec evaluate --data path/to/ml-1m --profile laptop --systems markov,lstm --out runs/my-ml-1m

      python -m dualrec evaluate --profile remote --systems llm,llm_hint
    """
    from dualrec.core.locks import sole_user
    from dualrec.study import open_study
    from dualrec.systems.lazy_parts import lazy_parts
    from dualrec.systems.names import SYSTEMS, find_system

    with redirect_stdout(sys.stderr):
        names = [name.strip() for name in systems_.split(",") if name.strip()]
        if not names:
            raise StudyError(f"--systems names no system; choose from {', '.join(SYSTEMS)}")
        systems = {name: find_system(name) for name in names}
        study = open_study(profile, seed, data, out)
        for loss in study.losses:
            print(loss)
        with sole_user(study.folder):
            parts = lazy_parts(study)
            report = {system.name: _evaluate_system(parts, name, system) for name, system in systems.items()}
    print(json_text(report))


def recommend(
    titles: Annotated[
        list[str],
        typer.Option(help="Movies you watched, oldest first, separated by semicolons; or give --titles once for each."),
    ],
    k: Annotated[int, typer.Option("-k", min=1, help="How many to recommend.")] = 10,
    system: Annotated[str, typer.Option(help="A system's name.")] = "lstm",
    data: DataOption = None,
    profile: ProfileOption = paths.DEFAULT_PROFILE,
    out: Annotated[Path | None, typer.Option(help="Where trained models are kept; runs/PROFILE if left out.")] = None,
) -> None:
    """Recommend movies for a history typed by hand; trains what is missing first.

    What each title was taken for is shown. One that no movie has, or several, is refused, and the nearest are named.

    Examples:

      python -m dualrec recommend --titles "Toy Story (1995); Aladdin (1992)"

      python -m dualrec recommend --titles "Alien; Blade Runner; The Terminator" -k 5 --system llm_hint

      python -m dualrec recommend --titles "Alien" --titles "Blade Runner"
    """
    from dualrec.study import open_study
    from dualrec.systems.names import find_system
    from dualrec.systems.rank import rank

    with redirect_stdout(sys.stderr):
        label = find_system(system).label
        study = open_study(profile, data=data, folder=out)
        for loss in study.losses:
            print(loss)
        history = match_titles(titles, study.matcher, study.catalogue.titles)
        print(f"ranking with {label}; what is not trained yet is trained first (minutes) …")
        repeats = study.split.test.history.repeats
        lists = rank(study, system, Sequences.from_lists([0], [history], repeats), k)
    recommended = [item for item in lists.items[0] if item > 0]
    for place, item in enumerate(recommended, start=1):
        print(f"{place:2d}. {study.catalogue.titles[item]}")


def score(ledger: Annotated[Path, typer.Argument(help="A ledger, LISTS/SYSTEM.parquet.")]) -> None:
    """Recompute every metric from a ledger alone and print one JSON object: value, 95 % interval and n of each.

    Any parquet file with the columns user_id, target_id, rank, item_id and score is one, whoever made it.

    Example:

      python -m dualrec score runs/laptop/lists/lstm.parquet
    """
    from dualrec.evaluation.foreign import read_any_ledger
    from dualrec.evaluation.metrics import summarise

    rows, sidecar = read_any_ledger(ledger)
    if sidecar is None:
        unknown = "whether it was changed since, and its data, protocol, seed and commit, cannot be checked"
        print(f"{paths.readable(ledger)} has no sidecar: {unknown}", file=sys.stderr)
    print(json_text(summarise(rows)["metrics"]))


def compare(
    a: Annotated[Path, typer.Argument(help="A ledger.")],
    b: Annotated[Path, typer.Argument(help="The ledger it is compared with.")],
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Seed of the bootstrap and the randomisation test.")
    ] = 0,
) -> None:
    """Compare two ledgers user by user and print a table: Δ = A - B with its 95 % interval and Holm-corrected p-value.

    All numbers are over the users that both have; other data, another protocol or other targets are refused.

    Example:

      python -m dualrec compare runs/laptop/lists/lstm.parquet runs/laptop/lists/markov.parquet
    """
    import pandas as pd

    from dualrec.evaluation.foreign import read_any_ledger
    from dualrec.evaluation.pairing import Side, pair
    from dualrec.evaluation.statistics import holm, paired_difference

    both = pair(*(Side(paths.readable(path), *read_any_ledger(path)) for path in (a, b)))
    differences = [
        paired_difference(pd.Series(both.a[metric]), pd.Series(both.b[metric]), RESAMPLES, seed) for metric in METRICS
    ]
    left_out = "left out: {} users of A alone, {} of B alone; ".format(*both.left_out) if any(both.left_out) else ""
    corrected = f"p-values corrected for {len(METRICS)} comparisons"
    names = printable(f"A = {a.stem}, B = {b.stem}")
    print(f"{names}; {len(both.a)} users in both; {left_out}{corrected}", *both.notes, sep="\n", file=sys.stderr)
    table = pd.DataFrame(holm(differences), index=list(METRICS))
    table["A"] = [both.a[metric].mean() for metric in METRICS]
    table["B"] = [both.b[metric].mean() for metric in METRICS]
    columns = ["A", "B", "delta", "low", "high", "p_holm", "detectable", "verdict"]
    print(table[columns].round(4).to_string())


def verify(
    a: Annotated[Path, typer.Argument(help="A run's folder, such as runs/smoke, or a results.json.")],
    b: Annotated[Path, typer.Argument(help="The run or file it is compared with.")],
    within: Annotated[Within | None, typer.Option(help="Ask only whether the conclusions are the same.")] = None,
) -> None:
    """Check that two runs say the same, ledgers byte for byte; else name the first difference and exit with 1.

    Times, memory, commit and hardware may differ.

    Between machines the last bits differ. There, --within intervals asks for the same conclusions: HR@10 and NDCG@10 of
    every system lie within the other run's 95 % interval, and recorded verdicts are the same. It names all differences.

    Examples:

      python -m dualrec verify runs/smoke ../another-clone/runs/smoke

      python -m dualrec verify --within intervals figures/results.json runs/mine

      git show HEAD:figures/results.json > recorded.json; python -m dualrec verify figures/results.json recorded.json
    """
    from dualrec.workflow.verify import first_difference

    if within is Within.INTERVALS:
        _verify_conclusions(a, b)
    elif difference := first_difference(a, b):
        raise StudyError(f"{a} and {b} differ, first in {difference}")
    else:
        print("the same")


def _verify_conclusions(a: Path, b: Path) -> None:
    from dualrec.workflow.conclusions import agreement

    conclusions = agreement(a, b)
    for difference in conclusions.differences:
        print(printable(difference))
    if conclusions.differences:
        raise StudyError(f"{a} and {b} come to other conclusions in {len(conclusions.differences)} places")
    print(f"the same conclusions; compared were {conclusions.systems} systems and {conclusions.verdicts} verdicts")


def match_titles(typed: list[str], matcher: TitleMatcher, titles: list[str]) -> np.ndarray:
    """Look up titles typed by hand in the catalogue and print what each was taken for.

    typed: titles, oldest first; a single one is split at `;`, unless it is a title of the catalogue as it stands
    matcher: of the catalogue
    titles: the catalogue's

    Returns int64 (n,): the item index of each typed title.
    Raises StudyError for an empty list, and for a title that the catalogue lacks or that several movies share.
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
        items = meant(title)
        if not items:
            nearest = ", ".join(titles[item] for item in matcher.nearest(title, NEAREST))
            advice = f"the nearest are {nearest}" if nearest else "check its spelling"
            raise StudyError(f"'{title}' is no title in the catalogue of {len(titles) - 1} movies; {advice}")
        if len(items) > 1:
            shared = ", ".join(titles[item] for item in items)
            raise StudyError(f"'{title}' is the title of {len(items)} movies: {shared}; write one as it stands here")
        print(f"'{title}' → {titles[items[0]]}")
        history += items
    return np.array(history, np.int64)


def _evaluate_system(parts: Parts, name: str, system: System) -> dict:
    """Rank a system's test cases, write its ledger and return its mean metrics and the number of users, "n"."""
    from dualrec.evaluation.metrics import per_user
    from dualrec.systems.cases import cases_for
    from dualrec.systems.rank import rank

    study = parts.study
    cases = cases_for(study, system)
    started = time.perf_counter()
    lists = rank(study, name, cases.history, study.profile.evaluation.k, parts)
    seconds = lists.seconds or time.perf_counter() - started
    ledger = study.save(system.name, cases, lists, seconds)
    means = per_user(ledger).mean()
    print(f"{system.label}: n = {len(cases)}")
    return {metric: round(float(value), 6) for metric, value in means.items()} | {"n": len(cases)}
