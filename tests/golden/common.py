"""What the golden scripts share: exported cases, the study's metrics in plain numpy, choice on validation, golden file.

Nothing of the study is imported: its metrics are written a second time here, by sorting, so that the two check each
other.
"""

import hashlib
import json
import platform
import time
from importlib import metadata
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

K = 10  # the study's lists end here, so a target further down counts 0 in MRR, too
METRICS = ("HR@1", "HR@5", "HR@10", "NDCG@10", "MRR")
EVERY = 3  # epochs between two looks at the validation targets


class Part(NamedTuple):
    """Histories, oldest item first, and the target of each user; items are 1 to N."""

    histories: list[np.ndarray]
    targets: np.ndarray


class Cases:
    """The file of `export_cases.py`.

    digest: SHA-256 of what it holds
    folder: where finished trainings are kept, too
    """

    def __init__(self, path: str):
        file, self.folder = np.load(path), Path(path).resolve().parent
        self.n_items, self.users = int(file["n_items"]), file["users"]
        self.train = np.split(file["items"], file["offsets"][1:-1])
        self.validation, self.test = (
            Part(np.split(file[f"{name}_items"], file[f"{name}_offsets"][1:-1]), file[f"{name}_targets"])
            for name in ("validation", "test")
        )
        self.digest = digest(file["offsets"], file["items"], self.validation.targets, self.test.targets)


def digest(offsets, items, validation_targets, test_targets) -> str:
    """SHA-256 of the training sequences and both targets, which determine everything else."""
    return hashlib.sha256(
        b"".join(np.asarray(a, "<i8").tobytes() for a in (offsets, items, validation_targets, test_targets))
    ).hexdigest()


class Model(Protocol):
    """What `best_check` trains."""

    def train(self, epochs: int) -> None:
        """That many epochs more."""

    def scores(self, histories: list[np.ndarray]) -> np.ndarray:
        """(users, N + 1), column i for item i; -inf for items the model does not know."""


def ranks(scores: np.ndarray, histories: list[np.ndarray], targets: np.ndarray) -> np.ndarray:
    """(users,): the place of the target among all items but padding and those of the history, ties to the lower index.

    scores: (users, N + 1); N + 1 is the rank of a target that may not be recommended
    """
    scores = np.array(scores, np.float64)
    assert not np.isnan(scores).any()
    scores[:, 0] = -np.inf
    for row, history in enumerate(histories):
        scores[row, history] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")
    places = (order == targets[:, None]).argmax(axis=1) + 1
    return np.where(np.isfinite(scores[np.arange(len(targets)), targets]), places, scores.shape[1])


def metrics(places: np.ndarray) -> dict[str, float]:
    """Means over users of the metrics of a list of K items with one target; places: its ranks."""
    listed = places <= K
    values = {f"HR@{k}": places <= k for k in (1, 5, 10)}
    values |= {"NDCG@10": np.where(listed, 1 / np.log2(places + 1), 0), "MRR": np.where(listed, 1 / places, 0)}
    return {name: float(np.mean(values[name])) for name in METRICS}


def best_check(model: Model, cases: Cases, epochs: int, patience: int) -> tuple[dict, np.ndarray]:
    """Train until `patience` checks on validation brought nothing better.

    Returns the best check and the test scores at it. Test targets are not read here.
    """
    checks, scores, started = [], None, time.perf_counter()
    for epoch in range(EVERY, epochs + 1, EVERY):
        model.train(EVERY)
        found = metrics(ranks(model.scores(cases.validation.histories), *cases.validation))
        checks.append({"epoch": epoch, "validation": found})
        print(
            f"epoch {epoch}: validation NDCG@10 {found['NDCG@10']:.4f}, {time.perf_counter() - started:.0f} s",
            flush=True,
        )
        best = max(checks, key=lambda check: check["validation"]["NDCG@10"])
        if best is checks[-1]:
            scores = model.scores(cases.test.histories)
        if epoch - best["epoch"] >= patience * EVERY:
            break
    return best | {"epochs": epoch, "seconds": round(time.perf_counter() - started)}, scores


def kept(path: Path, train) -> tuple[dict, np.ndarray]:
    """What `best_check` returned, from a file if a call that was interrupted later left one."""
    if path.is_file():
        file = np.load(path)
        return json.loads(str(file["best"])), file["scores"]
    best, scores = train()
    np.savez(path, best=json.dumps(best), scores=scores.astype(np.float32))
    return best, scores


def record(
    path: str,
    name: str,
    libraries: list[str],
    cases: Cases,
    fixed: dict,
    grid: list[dict],
    seeds: list[int],
    build,
    limits: dict,
):
    """Train one model with every seed and add its test metrics to the golden file.

    The first seed trains every point of the grid, of which the one with the best validation NDCG@10 is kept for all
    seeds; a later call with other seeds adds them to what the file holds.

    build: (settings, seed) -> Model
    limits: arguments of `best_check`
    """
    golden = json.loads(Path(path).read_text()) if Path(path).is_file() else {}
    entry = golden.get(name)
    for seed in seeds:
        points, tried = [entry["chosen"]] if entry else grid, []
        for point in points:
            print(f"{name}, seed {seed}: {point}", flush=True)
            file = cases.folder / "-".join([name, cases.digest[:8], str(seed), *map(str, (fixed | point).values())])
            tried.append(
                (
                    point,
                    *kept(
                        file.with_name(file.name + ".npz"),
                        lambda p=point, s=seed: best_check(build(fixed | p, s), cases, **limits),
                    ),
                )
            )
        point, best, scores = max(tried, key=lambda run: run[1]["validation"]["NDCG@10"])
        if entry is None:
            versions = {library: metadata.version(library) for library in libraries} | {
                "python": platform.python_version()
            }
            searched = [settings | {"seed": seed} | check for settings, check, _ in tried]
            entry = {"cases": cases.digest, "n": len(cases.test.targets), "versions": versions}
            entry |= {
                "settings": fixed,
                "limits": limits | {"every": EVERY},
                "searched": searched,
                "chosen": point,
                "runs": [],
            }
        test = metrics(ranks(scores, *cases.test))
        entry["runs"].append({"seed": seed} | best | {"test": test})
        entry["test"] = {metric: float(np.mean([run["test"][metric] for run in entry["runs"]])) for metric in METRICS}
        golden[name] = entry
        Path(path).write_text(json.dumps(golden, indent=1) + "\n")
        print(f"{name}, seed {seed}: test {test}", flush=True)
