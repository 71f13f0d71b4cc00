"""The commands that compute numbers: `evaluate`, `table`, `score`, `compare` and `verify`.

Results go to stdout, everything else to stderr, so that another program can read the results.
"""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dualrec.core import paths
from dualrec.core.artifacts import json_text
from dualrec.core.errors import StudyError
from dualrec.core.text import printable

if TYPE_CHECKING:  # torch and transformers take seconds to import: `--help` does without them
    import pandas as pd

    from dualrec.systems.names import System
    from dualrec.systems.parts import Parts

METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@5", "NDCG@10", "MRR")  # the family of comparisons in `compare`
RESAMPLES = 10_000  # of the bootstrap in `compare` and `table`


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
    """Rank every test user's next item, write ledgers to OUT/lists and print one JSON object with the metrics.

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


def table(
    run: Annotated[Path, typer.Argument(help="A run's folder, such as runs/laptop, or what `evaluate --out` named.")],
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Print a table of a run's systems and imported lists: metrics with 95 % intervals, and each against the best.

    Example:

      python -m dualrec table runs/laptop
    """
    from dualrec.evaluation.standings import standings
    from dualrec.systems.names import LABELS

    rows, about = standings(run, LABELS, RESAMPLES, seed)
    print(rows)
    print(about, file=sys.stderr)


def compare(
    a: Annotated[Path, typer.Argument(help="A ledger.")],
    b: Annotated[Path, typer.Argument(help="The ledger it is compared with.")],
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Compare two ledgers user by user and print a table: Δ = A - B with its 95 % interval and p-value.

    All numbers are over the users that both have; other data, another protocol or other targets are refused.

    Example:

      python -m dualrec compare runs/laptop/lists/lstm.parquet runs/laptop/lists/markov.parquet
    """
    import pandas as pd

    from dualrec.evaluation.families import compared
    from dualrec.evaluation.foreign import read_any_ledger
    from dualrec.evaluation.pairing import Side, pair

    both = pair(*(Side(paths.readable(path), *read_any_ledger(path)) for path in (a, b)))
    differences = compared([(pd.Series(both.a[m]), pd.Series(both.b[m])) for m in METRICS], RESAMPLES, seed)
    left_out = "left out: {} users of A alone, {} of B alone; ".format(*both.left_out) if any(both.left_out) else ""
    corrected = f"intervals and p-values hold for {len(METRICS)} comparisons together"
    names = printable(f"A = {a.stem}, B = {b.stem}")
    print(f"{names}; {len(both.a)} users in both; {left_out}{corrected}", *both.notes, sep="\n", file=sys.stderr)
    table = pd.DataFrame(differences, index=list(METRICS))
    table["A"] = [both.a[metric].mean() for metric in METRICS]
    table["B"] = [both.b[metric].mean() for metric in METRICS]
    columns = ["A", "B", "delta", "low", "high", "p", "detectable", "verdict"]
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


def mean_metrics(ledger: pd.DataFrame) -> dict:
    """The mean metrics of a ledger, as commands print them, and the number of users, "n"."""
    from dualrec.evaluation.metrics import per_user

    users = per_user(ledger)
    return {metric: round(float(value), 6) for metric, value in users.mean().items()} | {"n": len(users)}


def _verify_conclusions(a: Path, b: Path) -> None:
    from dualrec.workflow.conclusions import agreement

    conclusions = agreement(a, b)
    for difference in conclusions.differences:
        print(printable(difference))
    if conclusions.differences:
        raise StudyError(f"{a} and {b} come to other conclusions in {len(conclusions.differences)} places")
    print(f"the same conclusions; compared were {conclusions.systems} systems and {conclusions.verdicts} verdicts")


def _evaluate_system(parts: Parts, name: str, system: System) -> dict:
    """Rank a system's test cases, write its ledger and return what `mean_metrics` does."""
    from dualrec.systems.cases import cases_for
    from dualrec.systems.rank import rank

    study = parts.study
    cases = cases_for(study, system)
    started = time.perf_counter()
    lists = rank(study, name, cases.history, study.profile.evaluation.k, parts)
    seconds = lists.seconds or time.perf_counter() - started
    ledger = study.save(system.name, cases, lists, seconds)
    print(f"{system.label}: n = {len(cases)}")
    return mean_metrics(ledger)
