"""The commands that compute: `evaluate`, `recommend`, `score`, `compare` and `verify`.

Results go to stdout, everything else to stderr, so that another program can read the results.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rapidfuzz import fuzz, process

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.types import Sequences

if TYPE_CHECKING:  # torch and transformers take seconds to import: `--help` does without them
    from dualrec.data.catalogue import Catalogue
    from dualrec.systems.names import System
    from dualrec.systems.parts import Parts

METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@5", "NDCG@10", "MRR")  # the family of comparisons in `compare`
RESAMPLES = 10_000  # of the bootstrap in `compare`
MATCH = 60  # rapidfuzz WRatio a hand-typed title must reach; what was matched is shown

DataOption = Annotated[str | None, typer.Option(help="A registered data set or a folder; the profile's if left out.")]
ProfileOption = Annotated[str, typer.Option(help="A profile's name or a .toml file; see `profiles`.")]


def evaluate(
    data: DataOption = None,
    profile: ProfileOption = paths.DEFAULT_PROFILE,
    systems_: Annotated[str, typer.Option("--systems", help="Comma-separated names.")] = "popularity,markov,lstm",
    out: Annotated[
        Path | None, typer.Option(help="Where ledgers and trained models go; runs/PROFILE if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of training and subsets.")] = 0,
) -> None:
    """Rank every test user's next movie, write ledgers to OUT/lists and print one JSON object with the metrics.

    Examples:

      python -m dualrec evaluate --systems popularity,markov

      python -m dualrec evaluate --data path/to/ml-1m --profile laptop --systems markov,lstm --out runs/my-ml-1m

      python -m dualrec evaluate --profile remote --systems llm,llm_hint
    """
    from dualrec.core.locks import sole_user
    from dualrec.study import open_study
    from dualrec.systems.names import SYSTEMS, find_system
    from dualrec.systems.parts import Parts

    with redirect_stdout(sys.stderr):
        names = [name.strip() for name in systems_.split(",") if name.strip()]
        if not names:
            raise StudyError(f"--systems names no system; choose from {', '.join(SYSTEMS)}")
        systems = {name: find_system(name) for name in names}
        study = open_study(profile, seed, data, out)
        for loss in study.losses:
            print(loss)
        with sole_user(study.folder):
            parts = Parts(study)
            report = {system.name: _evaluate_system(parts, name, system) for name, system in systems.items()}
    print(json.dumps(report))


def recommend(
    titles: Annotated[str, typer.Option(help="Movies you watched, oldest first, separated by semicolons.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many to recommend.")] = 10,
    system: Annotated[str, typer.Option(help="A system's name.")] = "lstm",
    data: DataOption = None,
    profile: ProfileOption = paths.DEFAULT_PROFILE,
    out: Annotated[Path | None, typer.Option(help="Where trained models are kept; runs/PROFILE if left out.")] = None,
) -> None:
    """Recommend movies for a history typed by hand; trains what is missing first.

    Examples:

      python -m dualrec recommend --titles "Toy Story (1995); Aladdin (1992)"

      python -m dualrec recommend --titles "Alien; Blade Runner; The Terminator" -k 5 --system llm_hint
    """
    from dualrec.study import open_study
    from dualrec.systems.names import find_system
    from dualrec.systems.rank import rank

    with redirect_stdout(sys.stderr):
        label = find_system(system).label
        study = open_study(profile, data=data, folder=out)
        for loss in study.losses:
            print(loss)
        history = match_titles(titles, study.catalogue)
        print(f"ranking with {label}; what is not trained yet is trained first (minutes) …")
        repeats = study.split.test.history.repeats
        lists = rank(study, system, Sequences.from_lists([0], [history], repeats), k)
    recommended = [item for item in lists.items[0] if item > 0]
    for place, item in enumerate(recommended, start=1):
        print(f"{place:2d}. {study.catalogue.titles[item]}")


def score(ledger: Annotated[Path, typer.Argument(help="A ledger, LISTS/SYSTEM.parquet.")]) -> None:
    """Recompute every metric from a ledger alone and print one JSON object: value, 95 % interval and n of each.

    Example:

      python -m dualrec score runs/laptop/lists/lstm.parquet
    """
    from dualrec.evaluation.ledger import read_ledger
    from dualrec.evaluation.metrics import summarise

    print(json.dumps(summarise(read_ledger(ledger))["metrics"]))


def compare(
    a: Annotated[Path, typer.Argument(help="A ledger.")],
    b: Annotated[Path, typer.Argument(help="The ledger it is compared with.")],
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and the randomisation test.")] = 0,
) -> None:
    """Compare two ledgers user by user and print a table: Δ = A - B with its 95 % interval and Holm-corrected p-value.

    Example:

      python -m dualrec compare runs/laptop/lists/lstm.parquet runs/laptop/lists/markov.parquet
    """
    import pandas as pd

    from dualrec.evaluation.ledger import read_ledger
    from dualrec.evaluation.metrics import per_user
    from dualrec.evaluation.statistics import holm, paired_difference

    metrics_a = per_user(read_ledger(a))
    metrics_b = per_user(read_ledger(b))
    differences = [
        paired_difference(pd.Series(metrics_a[metric]), pd.Series(metrics_b[metric]), RESAMPLES, seed)
        for metric in METRICS
    ]
    print(
        f"A = {a.stem}, B = {b.stem}; {differences[0]['n']} users in both, "
        f"p-values corrected for {len(METRICS)} comparisons",
        file=sys.stderr,
    )
    table = pd.DataFrame(holm(differences), index=list(METRICS))
    table["A"] = [metrics_a[metric].mean() for metric in METRICS]
    table["B"] = [metrics_b[metric].mean() for metric in METRICS]
    columns = ["A", "B", "delta", "low", "high", "p_holm", "detectable", "verdict"]
    print(table[columns].round(4).to_string())


def verify(
    a: Annotated[Path, typer.Argument(help="A run's folder, such as runs/smoke, or a results.json.")],
    b: Annotated[Path, typer.Argument(help="The run or file it is compared with.")],
) -> None:
    """Check that two runs say the same, ledgers byte for byte; else name the first difference and exit with 1.

    Times, memory, commit and hardware may differ.

    Examples:

      python -m dualrec verify runs/smoke ../another-clone/runs/smoke

      git show HEAD:figures/results.json > recorded.json; python -m dualrec verify figures/results.json recorded.json
    """
    from dualrec.workflow.verify import first_difference

    if difference := first_difference(a, b):
        raise StudyError(f"{a} and {b} differ, first in {difference}")
    print("the same")


def match_titles(typed: str, catalogue: Catalogue) -> np.ndarray:
    """Look up titles typed by hand in the catalogue and print what each was taken for.

    typed: titles, oldest first, separated by `;`
    catalogue: whose titles they are compared with

    Returns int64 (n,): the item index of each typed title.
    Raises StudyError for an empty line or a title that resembles none in the catalogue.
    """
    from dualrec.llm.grounding import normalise

    typed_titles = [title.strip() for title in typed.split(";") if title.strip()]
    if not typed_titles:
        raise StudyError('--titles holds no title; write for example --titles "Toy Story (1995); Aladdin (1992)"')
    title_of = {item: title for item, title in enumerate(catalogue.titles) if item}
    items = []
    for title in typed_titles:
        match = process.extractOne(title, title_of, scorer=fuzz.WRatio, processor=normalise, score_cutoff=MATCH)
        if match is None:
            size = len(catalogue)
            raise StudyError(f"'{title}' resembles no title in the catalogue of {size} movies; check its spelling")
        matched_title, _, item = match
        print(f"'{title}' → {matched_title}")
        items.append(item)
    return np.array(items, np.int64)


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
