"""What each notebook depends on, so that a change runs the notebooks again that it can reach, and no others.

Workflow engines (doit, pytask, Snakemake, DVC) would need the same table, and each keeps a database and a lock of its
own beside it; papermill, a hash and one JSON file do here. Costly results within a notebook are kept by
`artifacts.cached` and by checkpoints, under keys of their own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import nbformat

from dualrec.config import Profile
from dualrec.core import sources
from dualrec.core.fingerprint import fingerprint
from dualrec.workflow.manifest import notebook_paths

# Settings that every notebook depends on.
EVERYWHERE = ("name", "data", "core", "domain", "users", "split", "evaluation")
COUNTING_SETTINGS = ("recent_events", "windowed_markov", "item_knn", "ease", "ials")
SEQUENCE_SETTINGS = (*COUNTING_SETTINGS, "lstm", "paper_lstm", "sasrec", "rerank", "seeds")
# What a profile says about itself, and what side runs alone read: notebooks read their records.
NOWHERE = ("summary", "needs_memory_gib", "needs_gpu_memory_gib", "grid", "lstm_ids", "arm_patience")


@dataclass(frozen=True)
class Stage:
    """What one notebook depends on, beside its text and the sources it imports.

    after: notebooks whose ledgers or results it reads
    settings: of the profile, beside those of EVERYWHERE and of `after`
    """

    after: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


WRITERS = ("02_lstm", "03_zero_shot_llm", "04_lora_finetune")
STAGES = {
    "01_data": Stage(),
    "02_lstm": Stage(settings=SEQUENCE_SETTINGS),
    "03_zero_shot_llm": Stage(("02_lstm",), ("llm",)),
    "04_lora_finetune": Stage(("03_zero_shot_llm",), ("lora",)),
    "05_rerank": Stage(WRITERS),
    "06_results": Stage((*WRITERS, "05_rerank")),
    "07_diversity": Stage((*WRITERS, "05_rerank")),
    "08_audit": Stage(settings=(*SEQUENCE_SETTINGS, "llm", "audit")),
    "09_protocols": Stage(settings=(*SEQUENCE_SETTINGS, "protocols")),
    "10_what_the_llm_adds": Stage(("02_lstm",), ("llm", "lora", "reader")),
    "11_demo": Stage(("02_lstm",), ("llm",)),
    "12_more_examples": Stage(),
    "13_what_a_title_is_worth": Stage(settings=("lstm", "rerank", "seeds", "titles")),
}


def stage_of(notebook: str, earlier: list[str]) -> Stage:
    """The stage of a notebook; one that the table does not know depends on every earlier notebook and every setting.

    notebook: its name without suffix
    earlier: the names of the notebooks before it
    """
    settings = tuple(field.name for field in dataclasses.fields(Profile) if field.name not in NOWHERE)
    return STAGES.get(notebook) or Stage(tuple(earlier), settings)


def notebook_fingerprints(profile: Profile) -> dict[Path, str]:
    """Per notebook, in order, a hash of what its results depend on.

    That is its text, the sources it reaches by its imports, its settings, and the notebooks it comes after.
    """
    keys: dict[Path, str] = {}
    for path in notebook_paths():
        cells = [(cell.cell_type, cell.source) for cell in nbformat.read(path, as_version=4).cells]
        stage = stage_of(path.stem, [earlier.stem for earlier in keys])
        settings = {name: getattr(profile, name) for name in (*EVERYWHERE, *stage.settings)}
        below = [key for earlier, key in keys.items() if earlier.stem in stage.after]
        code = "\n".join(source for kind, source in cells if kind == "code")
        keys[path] = fingerprint(sources.reached(*_imported(code)), cells, settings, below)
    return keys


def _imported(code: str) -> list[str]:
    """The modules of the package that a notebook imports; all of them where its code is not plain Python."""
    try:
        return sorted(sources.imports_of(code))
    except SyntaxError:  # a line for IPython alone, such as %timeit
        return sources.module_names()
