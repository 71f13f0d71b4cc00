"""`make bench-scale`: time and memory of the models that only count, on data up to the size of MovieLens-25M.

The data are invented here: heavy tails of users and items, every history in a random order. So there are more different
pairs of items than in histories that people left, which is the hard case for models that count pairs. Every model is
fitted and ranks ten items for every user in a process of its own, after another has written the data.

Writes `benchmarks/scale.json` after every measurement, so that those done are kept when one fails or is interrupted:

    {
     "command": "...", "hardware": "...", "threads": 2, "commit": "1a2b3c4", "must": {"seconds": 900, "peak_mib": 3072},
     "rows": [{"users": ..., "items": ..., "events": ..., "system": "...", "fit_seconds": ..., "rank_seconds": ...,
               "seconds": ..., "peak_mib": ..., "met": true}]
    }

A process that fails has "failed" (its exit code) in place of the numbers. A rerun measures everything again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt

from benchmarks import figures
from dualrec import plots
from dualrec.core import paths
from dualrec.core.artifacts import write_json
from dualrec.core.git import git_commit
from dualrec.core.machine import hardware, peak_memory_mib
from dualrec.data.catalogue import Catalogue
from dualrec.data.dataset import Dataset
from dualrec.data.splits import Split, split_sequences
from dualrec.profiles.load import load_profile
from dualrec.sequence.ranking import best_lists
from dualrec.study import Study
from dualrec.systems.names import COUNTING
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Cases, Sequences

HERE = Path(__file__).parent
MUST = {"seconds": 15 * 60, "peak_mib": 3 * 1024}  # of every model, at most
SHORTEST = 20  # events of a user, as in MovieLens
K = 10


class Shape(NamedTuple):
    """How large a data set is."""

    users: int
    items: int
    events: int


MOVIELENS_25M = Shape(162_541, 59_047, 25_000_095)
SHAPES = (
    *(Shape(users, 30_000, 100 * users) for users in (7_500, 15_000, 30_000, 60_000)),
    *(Shape(60_000, items, 6_000_000) for items in (7_500, 15_000)),
    MOVIELENS_25M,
)


def main() -> int:
    """Measure, write, print and draw; 1 where a measurement failed or is above what it may take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, action="append", help="only data sets of so many users")
    parser.add_argument("--system", choices=COUNTING, action="append", help="only these models")
    parser.add_argument("--out", type=Path, default=HERE / "scale.json")
    chosen = parser.parse_args()
    shapes = [shape for shape in SHAPES if not chosen.users or shape.users in chosen.users]
    command = " ".join(["python -m benchmarks.scale", *sys.argv[1:]])
    results = measure(shapes, chosen.system or COUNTING, chosen.out, command)
    print(table(results["rows"]))
    if len(results["rows"]) == len(SHAPES) * len(COUNTING):
        plots.use_style()
        figure = figures.scale(results["rows"])
        plots.save(figure, chosen.out.parent, chosen.out.stem)
        plt.close(figure)
    return 0 if all(row.get("met") for row in results["rows"]) else 1


def measure(shapes: Iterable[Shape], systems: Iterable[str], path: Path, command: str) -> dict:
    """The content of `scale.json`.

    shapes: of the data sets, which are written one after the other and removed again
    systems: names of models that only count
    path: where the content is written after each measurement
    command: what was called
    """
    facts = {"command": command, "hardware": hardware(), "threads": torch.get_num_threads()}
    results = facts | {"commit": git_commit(paths.home()), "must": MUST, "rows": []}
    for shape in shapes:
        with tempfile.TemporaryDirectory() as folder:
            _in_a_process("write", folder, *shape)
            for system in systems:
                measured = _in_a_process("model", folder, system)
                met = "failed" not in measured and all(measured[name] <= most for name, most in MUST.items())
                results["rows"].append(shape._asdict() | {"system": system} | measured | {"met": met})
                write_json(path, results)
    return results


def _in_a_process(step: str, *arguments: object) -> dict:
    """What a step prints as JSON in a process of its own: so its memory is its own; else {"failed": exit code}."""
    call = [sys.executable, "-c", f"from benchmarks import scale; scale.{step}_step()", *map(str, arguments)]
    done = subprocess.run(call, stdout=subprocess.PIPE, text=True, cwd=paths.PACKAGE.parent)
    return json.loads(done.stdout) if not done.returncode else {"failed": done.returncode}


def write_step() -> None:
    """Invent data and write train and test histories. Arguments: the folder, users, items, events."""
    folder, *numbers = sys.argv[1:]
    shape = Shape(*map(int, numbers))
    split = split_sequences(heavy_tailed(shape, seed=0), SHORTEST)
    for name, sequences in (("train", split.train), ("test", split.test.history)):
        for field in ("users", "offsets", "items"):
            np.save(Path(folder) / f"{name}-{field}.npy", getattr(sequences, field))
    np.save(Path(folder) / "targets.npy", split.test.targets)
    print(json.dumps(shape._asdict() | {"written": len(split.test)}))


def model_step() -> None:
    """Fit a model, rank for every user and print seconds and MiB. Arguments: the folder of the data, the model."""
    folder, system = Path(sys.argv[1]), sys.argv[2]
    train, history = (
        Sequences(*(np.load(folder / f"{name}-{field}.npy") for field in ("users", "offsets", "items")))
        for name in ("train", "test")
    )
    study = study_of(train, max(int(train.items.max()), int(history.items.max())))
    started = time.perf_counter()
    model = fit_sequence_model(study, system)
    fitted = time.perf_counter()
    lists = best_lists(model, history, K)
    ended = time.perf_counter()
    assert lists.items.shape == (len(history), K)
    seconds = {"fit_seconds": fitted - started, "rank_seconds": ended - fitted, "seconds": ended - started}
    rounded = {name: round(value, 2) for name, value in seconds.items()}
    print(json.dumps(rounded | {"peak_mib": round(peak_memory_mib(), 1)}))


def study_of(train: Sequences, n_items: int) -> Study:
    """As much of a study as models that only count look at: catalogue, settings of the default profile, sequences."""
    ids = np.arange(n_items + 1)
    catalogue = Catalogue(ids, [""] * (n_items + 1), np.zeros_like(ids), np.zeros((n_items + 1, 1), np.float32), ("",))
    data = Dataset("invented", catalogue, pd.DataFrame(), np.arange(train.users.max() + 1), "", {})
    nobody = Sequences.from_lists([], [])
    split = Split(train, Cases(nobody, nobody.items), Cases(nobody, nobody.items), 0)
    return Study(load_profile(paths.DEFAULT_PROFILE), 0, data, split, HERE)


def heavy_tailed(shape: Shape, seed: int) -> Sequences:
    """Histories without repeats whose lengths and items have heavy tails; their order is random.

    shape: users, items and events, exactly so many
    seed: of all draws
    """
    rng = np.random.default_rng(seed)
    lengths = _lengths(shape, rng)
    rows = np.repeat(np.arange(shape.users), lengths)
    # item r is drawn in proportion to 1 / (r + 50): half of the events fall on a few per cent of the items
    edges = np.cumsum(1 / (np.arange(shape.items) + 50))
    items = np.searchsorted(edges, rng.random(shape.events) * edges[-1], side="right") + 1
    while True:
        order = np.lexsort((items, rows))
        met = np.flatnonzero((np.diff(rows[order]) == 0) & (np.diff(items[order]) == 0)) + 1
        again = order[met]
        if not len(again):
            return Sequences(np.arange(1, shape.users + 1), np.concatenate([[0], np.cumsum(lengths)]), items)
        items[again] = rng.integers(1, shape.items + 1, len(again))


def _lengths(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """int64 (users,): heavy-tailed numbers of events, each from SHORTEST to half of the items, in sum shape.events."""
    drawn = rng.lognormal(sigma=1.2, size=shape.users)
    spare = shape.events - SHORTEST * shape.users
    lengths = SHORTEST + np.floor(drawn / drawn.sum() * spare).astype(np.int64)
    lengths = np.minimum(lengths, shape.items // 2)
    missing = shape.events - int(lengths.sum())
    lengths += missing // shape.users
    lengths[: missing % shape.users] += 1
    return lengths


def table(rows: list[dict]) -> str:
    """One line per measurement, in columns."""
    return pd.DataFrame(rows).to_string(index=False)


if __name__ == "__main__":
    sys.exit(main())
