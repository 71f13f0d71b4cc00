"""What each notebook stands on, so that a change runs again what it can reach and nothing else.

Workflow engines (doit, pytask, Snakemake, DVC) were looked at. They would need the same table, and each keeps a database and a lock of
its own beside it; papermill, a hash and one JSON file do here. What is costly within a notebook is kept by `artifacts.cached` and by
checkpoints, under keys of its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import nbformat

from dualrec.config import Profile
from dualrec.core import paths
from dualrec.core.artifacts import fingerprint
from dualrec.workflow.manifest import notebook_paths

EVERYWHERE = ("name", "data", "users", "split", "evaluation")  # settings that every notebook depends on
TEMPORAL = ("recent_events", "windowed_markov", "item_knn", "lstm", "paper_lstm", "sasrec", "rerank", "seeds")
NOWHERE = ("summary", "needs_memory_gib", "needs_gpu_memory_gib")  # what a profile says about itself


@dataclass(frozen=True)
class Stage:
    """after: notebooks whose ledgers or results this one reads; settings: of the profile, beside those of EVERYWHERE and of `after`."""

    after: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


WRITERS = ("02_lstm", "03_zero_shot_llm", "04_lora_finetune")
STAGES = {
    "01_data": Stage(),
    "02_lstm": Stage(settings=TEMPORAL),
    "03_zero_shot_llm": Stage(("02_lstm",), ("llm",)),
    "04_lora_finetune": Stage(("03_zero_shot_llm",), ("lora",)),
    "05_rerank": Stage(WRITERS),
    "06_results": Stage((*WRITERS, "05_rerank")),
    "07_diversity": Stage((*WRITERS, "05_rerank")),
    "08_audit": Stage(settings=(*TEMPORAL, "llm", "audit")),
    "09_protocols": Stage(settings=(*TEMPORAL, "protocols")),
    "10_what_the_llm_adds": Stage(("02_lstm",), ("llm", "lora", "reader")),
    "11_demo": Stage(settings=("lstm", "llm", "rerank")),
    "12_more_examples": Stage(),
}


def stage_of(notebook: str, earlier: list[str]) -> Stage:
    """The stage of a notebook by its name; one that the table does not know stands on every earlier notebook and every setting."""
    settings = tuple(field.name for field in dataclasses.fields(Profile) if field.name not in NOWHERE)
    return STAGES.get(notebook) or Stage(tuple(earlier), settings)


def notebook_fingerprints(profile: Profile) -> dict[Path, str]:
    """Per notebook, in order: a hash of its text, the package's sources, its settings and the notebooks it stands on, see `stages`."""
    sources = {p.relative_to(paths.PACKAGE).as_posix(): p.read_text(encoding="utf-8") for p in sorted(paths.PACKAGE.rglob("*.py"))}
    keys: dict[Path, str] = {}
    for path in notebook_paths():
        cells = [(cell.cell_type, cell.source) for cell in nbformat.read(path, as_version=4).cells]
        stage = stage_of(path.stem, [earlier.stem for earlier in keys])
        settings = {name: getattr(profile, name) for name in (*EVERYWHERE, *stage.settings)}
        below = [key for earlier, key in keys.items() if earlier.stem in stage.after]
        keys[path] = fingerprint(sources, cells, settings, below)
    return keys
