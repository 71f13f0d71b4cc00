"""`make bench`: every speed-up of the study against its baseline, and how time grows.

Needs a quiet machine and about half an hour.
Writes `benchmarks/results.json` after every measurement, so that those done are kept when one fails or is interrupted:

    {
     "hardware": "...", "threads": 2, "commit": "1a2b3c4", "repetitions": 3,
     "letters": [{"letter": "a", "name": "...", "ours": rate, "baseline": rate, "ratio": ..., "unit": "...",
                  "must": ..., "met": true}],
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
from benchmarks.lora import lora, lora_share
from benchmarks.lstm import lstm
from benchmarks.material import Material
from benchmarks.recommending import recommending
from benchmarks.reranking import reranking
from benchmarks.scoring import scoring_share
from dualrec import plots
from dualrec.core import paths
from dualrec.core.artifacts import write_json
from dualrec.core.git import git_commit
from dualrec.core.machine import hardware
from dualrec.llm.local import load_llm
from dualrec.study import open_study

HERE = Path(__file__).parent
REPETITIONS = 3
LETTERS = (lstm, lora, recommending, grounding, reranking, lora_share, scoring_share)
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


def measure(
    letters: Iterable[Callable[[], dict]], growth: Iterable[Callable[[], Iterable[dict]]], path: Path
) -> tuple[dict, bool]:
    """The content of `results.json`, and whether a measurement failed; what fails is reported and left out.

    letters: each measures one object of "letters"
    growth: each measures some objects of "growth"
    path: where the content is written after each measurement
    """
    facts = {"hardware": hardware(), "threads": torch.get_num_threads(), "commit": git_commit(paths.home())}
    results = facts | {"repetitions": REPETITIONS, "letters": [], "growth": []}
    failed = False
    runs = [("letters", run) for run in letters] + [("growth", run) for run in growth]
    for section, run in runs:
        try:
            measured = run()
            results[section] += [measured] if isinstance(measured, dict) else list(measured)
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
    rows = [["", "what", "ours", "baseline", "unit", "ratio", "must", ""]]
    for row in letters:
        rates = [f"{row['ours']:.4g}", f"{row['baseline']:.4g}"]
        goal = [f"{row['ratio']:.3g}", f"{row['must']:g}", "met" if row["met"] else "missed"]
        rows.append([row["letter"], row["name"], *rates, row["unit"], *goal])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def draw(results: dict, folder: Path) -> None:
    """`ratios` and `growth` as svg and png, each where there is something to draw."""
    plots.use_style()
    for name, draw_figure, section in (("ratios", figures.ratios, "letters"), ("growth", figures.growth, "growth")):
        if results[section]:
            figure = draw_figure(results[section])
            plots.save(figure, folder, name)
            plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
