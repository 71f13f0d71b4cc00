"""A finished run, as the runner and the notebooks leave it."""

from dualrec.core import paths
from dualrec.evaluation.results import record
from dualrec.publishing.runs import HEADLINES
from dualrec.workflow.manifest import Manifest

SPENT = {"training": 30.0, "tuning": 24.0, "reading": 12.0, "writing": 36.0, "imports": 6.0}  # of two minutes and more
MACHINE = {
    "device": "cpu",
    "cpu": "Some CPU",
    "threads": 2,
    "precision": "bfloat16",
    "speeds": {"float32": 150.0, "bfloat16": 350.0, "lstm_step_ms": 20.0},
}


def interval(value: float, n: int = 943) -> dict:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": n}


def finish(profile: str, notebook: str, minutes: float) -> None:
    """A finished run of one notebook, as the runner and the notebooks leave it."""
    entry = {"seconds": 60 * minutes, "peak_memory_mib": 1536, "spent": SPENT, "environment": MACHINE | {"python": "3"}}
    Manifest(profile).remember(paths.notebooks() / f"{notebook}.ipynb", entry)
    facts = {"profile": profile, "data": "d", "protocol": "audited", "commit": "1a2b3c4", "hardware": "2 cores"}
    record(paths.results(profile), "study", facts)
    for name, n in (("lstm", 943), ("llm_lora", 300)):
        metrics = {metric: interval(0.2, n) for system, metric in HEADLINES if system == name}
        entry = {"label": name, "n": n, "k": 10, "seed": 0, "protocol": "audited", "metrics": metrics, "counts": {}}
        record(paths.results(profile), "systems", {name: entry})
    record(paths.results(profile), "notebooks", {notebook: {}, "08_audit": {"findings": ["One finding.", "Another."]}})
    record(paths.results(profile), "notebooks", {"10_what_the_llm_adds": {"findings": ["A third."]}})
