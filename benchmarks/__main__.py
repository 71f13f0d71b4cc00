"""`make bench`: every speed-up of the study against its baseline, and how time grows; needs a quiet machine and about half an hour.

Writes `benchmarks/results.json` after every measurement, so that those done are kept when one fails or is interrupted:

    {
     "hardware": "...", "threads": 2, "commit": "1a2b3c4", "repetitions": 3,
     "letters": [{"letter": "a", "name": "...", "ours": rate, "baseline": rate, "ratio": ..., "unit": "...", "must": ..., "met": true}],
     "growth": [{"subject": "...", "against": "...", "unit": "...", "points": [[size, seconds], ...]}]
    }

Rates are medians over the repetitions; a letter also holds its sizes. A rerun measures everything again.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import torch
from matplotlib import pyplot as plt

from benchmarks import figures
from benchmarks.grounding import grounding
from benchmarks.growth import with_catalogue, with_history, with_users
from benchmarks.material import Material
from benchmarks.recommending import recommending
from benchmarks.reranking import reranking
from benchmarks.scoring import scoring_share
from benchmarks.temporal import training
from benchmarks.tuning import tuning, tuning_share
from dualrec import plots
from dualrec.core import paths
from dualrec.core.artifacts import write_json
from dualrec.core.git import git_commit
from dualrec.core.machine import hardware
from dualrec.llm.local import load_llm
from dualrec.study import open_study

HERE = Path(__file__).parent
REPETITIONS = 3
LETTERS = (training, tuning, recommending, grounding, reranking, tuning_share, scoring_share)
GROWTH = (with_catalogue, with_users, with_history)


def main() -> int:
    """Measure, write, print and draw; 1 where a measurement failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default=paths.DEFAULT_PROFILE)
    study = open_study(parser.parse_args().profile)
    material = Material(study, load_llm(study.profile.llm.model))
    letters = [partial(run, material, repetitions=REPETITIONS) for run in LETTERS]
    results, failed = measure(letters, [partial(run, material) for run in GROWTH], HERE / "results.json")
    print(table(results["letters"]))
    draw(results, HERE)
    return 1 if failed else 0


def measure(letters: Iterable[Callable[[], dict]], growth: Iterable[Callable[[], Iterable[dict]]], path: Path) -> tuple[dict, bool]:
    """The content of `results.json`, written to `path` after each measurement, and whether one failed.

    letters: each measures one object of "letters"; growth: each measures some of "growth". What fails is reported and left out.
    """
    facts = {"hardware": hardware(), "threads": torch.get_num_threads(), "commit": git_commit(paths.home())}
    results = facts | {"repetitions": REPETITIONS, "letters": [], "growth": []}
    failed = False
    runs = [("letters", run) for run in letters] + [("growth", run) for run in growth]
    for section, run in runs:
        try:
            found = run()
            results[section] += [found] if section == "letters" else list(found)
        except KeyboardInterrupt:
            print("interrupted: what has been measured is kept", file=sys.stderr)
            return results, True
        except Exception:  # one failure must not cost the other measurements
            traceback.print_exc()
            failed = True
        write_json(path, results)
    return results, failed


def table(letters: list[dict]) -> str:
    """One line per measurement, in columns."""
    rows = [("", "what", "ours", "baseline", "unit", "ratio", "must", "")]
    for row in letters:
        numbers = [f"{row[name]:.4g}" for name in ("ours", "baseline")]
        verdict = "met" if row["met"] else "missed"
        rows.append((row["letter"], row["name"], *numbers, row["unit"], f"{row['ratio']:.3g}", f"{row['must']:g}", verdict))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def draw(results: dict, folder: Path) -> None:
    """`ratios` and `growth` as svg and png, each where there is something to draw."""
    plots.use_style()
    for name, figure, rows in (("ratios", figures.ratios, results["letters"]), ("growth", figures.growth, results["growth"])):
        if rows:
            made = figure(rows)
            plots.save(made, folder, name)
            plt.close(made)


if __name__ == "__main__":
    sys.exit(main())
