"""What both golden scripts share: the exported cases, and the audited metrics in plain numpy."""

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path

import numpy as np

K = 10


class Cases:
    """Training sequences, and one validation and one test target per user; item 0 is padding."""

    def __init__(self, path: str):
        file = np.load(path)
        self.n_items = int(file["n_items"])
        self.train = np.split(file["items"], file["offsets"][1:-1])
        self.validation, self.test = file["validation"], file["test"]
        self.digest = hashlib.sha256(
            b"".join(file[k].astype("<i8").tobytes() for k in ("offsets", "items", "validation", "test"))
        ).hexdigest()

    def histories(self, test: bool) -> list[np.ndarray]:
        """What is known before the validation target, or before the test target."""
        return [np.append(t, v) for t, v in zip(self.train, self.validation, strict=True)] if test else self.train


def metrics(scores: np.ndarray, histories: list[np.ndarray], targets: np.ndarray) -> dict[str, float]:
    """HR@10 and NDCG@10 of full rankings, movies of the history removed; scores: (users, N + 1), column 0 is padding."""
    scores = scores.astype(np.float64).copy()
    scores[:, 0] = -np.inf
    for row, history in enumerate(histories):
        scores[row, history] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    return list_metrics(order, targets)


def list_metrics(lists: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """HR@10 and NDCG@10 of lists (users, 10)."""
    hit = lists == targets[:, None]
    gain = (hit / np.log2(np.arange(2, K + 2))).sum(axis=1)
    return {"HR@10": float(hit.any(axis=1).mean()), "NDCG@10": float(gain.mean())}


def write(path: str, name: str, cases: Cases, libraries: list[str], settings: dict, trace: list[dict]) -> None:
    """Add one model to the golden file: the test metrics of the epoch that is best on validation."""
    best = max(trace, key=lambda row: row["validation"]["NDCG@10"])
    known = json.loads(Path(path).read_text()) if Path(path).is_file() else {}
    versions = {library: metadata.version(library) for library in libraries} | {"python": platform.python_version()}
    known[name] = {"cases": cases.digest, "n": len(cases.test), "versions": versions, "settings": settings, "epochs": len(trace)} | best
    Path(path).write_text(json.dumps(known, indent=1) + "\n")
    print(json.dumps(known[name], indent=1))
