"""What notebooks say and show: captions, numbers with intervals, tables, and records of their results."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from dualrec import plots
from dualrec.core import paths
from dualrec.core.git import git_commit
from dualrec.core.machine import hardware
from dualrec.evaluation.ledger import read_sidecar
from dualrec.evaluation.metrics import fates, per_user, summarise
from dualrec.evaluation.results import cell, load_results, number, side_runs, signed
from dualrec.evaluation.results import record as record_values
from dualrec.evaluation.side_by_side import by_data, not_recorded
from dualrec.evaluation.statistics import bootstrap_intervals, in_words, seed_intervals
from dualrec.study import Study, open_study
from dualrec.systems.names import LABELS
from dualrec.types import RankedLists

PACKAGES = ("torch", "transformers", "peft", "sentence-transformers", "numpy", "pandas")


def versions() -> None:
    """Print what a number may depend on beside code and data."""
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES))
    print(hardware())


def begin(profile: str, seed: int) -> Study:
    """Open the study, set the style of figures and tables and note the run's facts in `results.json`."""
    study = open_study(profile, seed)
    plots.use_style()
    pd.set_option("display.max_colwidth", None)
    facts = {"profile": study.profile.name, "data": study.data.name, "protocol": study.protocol}
    facts |= {"commit": git_commit(paths.home()), "hardware": hardware()}
    record_values(paths.results(study.profile.name), "study", facts)
    return study


@dataclass(frozen=True)
class Caption:
    """The text below a figure: what it shows, and how its numbers came about.

    text: Markdown
    n: users
    seeds: the study's if left out
    protocol: the audited one if left out
    hardware: this machine's if left out
    profile: the study's if left out
    """

    text: str
    n: int
    seeds: str | None = None
    protocol: str | None = None
    hardware: str | None = None
    profile: str | None = None


def show(study: Study, figure: Figure, name: str, caption: Caption) -> None:
    """Save a figure, display it once, and print its caption.

    name: of the files, without extension
    """
    plots.save(figure, paths.figures(study.profile.name), name)
    display(figure)
    plt.close(figure)
    facts = [
        f"n = {caption.n:,} user{'s' if caption.n > 1 else ''}",
        f"seed {study.seed if caption.seeds is None else caption.seeds}",
        f"profile {caption.profile or study.profile.name}",
        caption.protocol or study.protocol,
        caption.hardware or hardware(),
    ]
    say(f"**Figure {name}.** {caption.text} *({'; '.join(facts)}.)*")


def say(text: str) -> None:
    """Display Markdown, for sentences whose numbers are computed."""
    display(Markdown(text))


def pm(interval: dict, digits: int = 3) -> str:
    """`0.105 [0.090, 0.121]`: a value with its 95 % interval; a dash for what could not be measured."""
    return cell(interval, digits)


def between(interval: dict, digits: int = 3) -> str:
    """`[0.090, 0.121]`: the bounds of an interval alone."""
    return f"[{number(interval['low'], digits)}, {number(interval['high'], digits)}]"


def change(difference: dict, digits: int = 3) -> str:
    """`+0.012 [-0.003, +0.027], cannot tell`: a paired difference in a sentence."""
    return f"{signed(difference, digits)}, {in_words(difference)}"


def margins(study: Study) -> dict[str, float]:
    """Metric -> below which gain is none that matters: the declared share of what the LSTM has on validation.

    Chapter 2 has recorded them.
    """
    return load_results(paths.results(study.profile.name))["notebooks"]["02_lstm"]["margins"]


def summary(study: Study, system: str) -> dict:
    """All metrics of a system's ledger with intervals; see `metrics.summarise`."""
    catalogue = study.catalogue
    resamples = study.profile.evaluation.resamples
    return summarise(study.ledger(system), catalogue.ids, catalogue.genres, study.title_vectors, resamples, study.seed)


def users(study: Study, system: str) -> pd.DataFrame:
    """Per-user metrics of a system's ledger."""
    return per_user(study.ledger(system))


def seed_users(study: Study, ledgers: list[str]) -> pd.DataFrame:
    """Per-user metrics, the mean over several ledgers of one system.

    ledgers: one per seed
    """
    frames = [users(study, name) for name in ledgers]
    return sum(frames[1:], frames[0]) / len(frames)


def table(study: Study, systems: Iterable[str]) -> pd.DataFrame:
    """All metrics of some systems' ledgers, as `plots.dots` reads them.

    Returns index = system; columns = MultiIndex (metric, value | low | high).
    """
    return _wide({name: summary(study, name)["metrics"] for name in systems})


def fate_table(study: Study, written: dict[str, RankedLists]) -> pd.DataFrame:
    """What became of the written titles, as `plots.fates` reads it.

    written: system -> its lists

    Returns index = system; columns = MultiIndex (fate, value | low | high).
    """
    return _wide({name: _fate_intervals(study, lists) for name, lists in written.items()})


def record_system(study: Study, *systems: str, written: dict[str, RankedLists] | None = None) -> None:
    """Put the metrics of these systems' ledgers into `results.json`.

    systems: their names
    written: lists of language systems; adds the shares of written titles that are valid, seen, duplicate and listed
    """
    for system in systems:
        sidecar = read_sidecar(study.folder / "lists" / f"{system}.parquet")
        entry = {"label": LABELS[system], **summary(study, system), "seed": study.seed}
        entry |= {"protocol": study.protocol, "counts": sidecar["counts"]}
        if written:
            entry["metrics"] |= _fate_intervals(study, written[system])
        record_values(paths.results(study.profile.name), "systems", {system: entry})


def record_seeds(study: Study, system: str, ledgers: list[str]) -> dict:
    """Put the mean over seeds into `results.json` and return its metrics.

    ledgers: one per seed, in order; intervals are over users, of each user's mean over the seeds
    """
    frames = [users(study, name) for name in ledgers]
    metrics = seed_intervals(frames, study.profile.evaluation.resamples, study.seed)
    entry = {
        "label": f"{LABELS[system]}, mean of {len(frames)} seeds",
        "n": len(frames[0]),
        "k": study.profile.evaluation.k,
        "seeds": list(range(study.seed, study.seed + len(frames))),
        "protocol": study.protocol,
        "metrics": metrics,
        "counts": {},
    }
    record_values(paths.results(study.profile.name), "systems", {f"{system}_seeds": entry})
    return metrics


def record(study: Study, notebook: str, **values) -> None:
    """Put a notebook's headline numbers into `results.json`."""
    record_values(paths.results(study.profile.name), "notebooks", {notebook: values})


def side_run(study: Study, kind: str, profile: str | None = None) -> dict:
    """What a run beside the notebooks recorded; an empty dict where it has not been run.

    kind: "grid_search", "seeds", "precision", "protocols", "audit", "hints", "evidence", "lora_examples" or
        "representation", which `make` calls by the same name; or "road", which `make publish` keeps
    profile: the study's if left out
    """
    return side_runs(paths.results(paths.DEFAULT_PROFILE)).get(profile or study.profile.name, {}).get(kind, {})


def side_by_side(kind: str) -> tuple[dict[str, dict], str]:
    """What a run beside the notebooks recorded, data set -> record; and a sentence that says what is missing.

    kind: as `side_run` takes it
    """
    recorded = side_runs(paths.results(paths.DEFAULT_PROFILE))
    return by_data(recorded, kind), not_recorded(recorded, kind)


def _fate_intervals(study: Study, lists: RankedLists) -> dict:
    """Shares of written titles by fate, with intervals; `validity` is the share that exists in the catalogue."""
    shares = fates(lists)
    return bootstrap_intervals(
        shares.assign(validity=1 - shares.invalid), study.profile.evaluation.resamples, study.seed
    )


def _wide(metrics: dict[str, dict]) -> pd.DataFrame:
    """A frame with columns (metric, value | low | high).

    metrics: system -> metric -> interval
    """
    parts = ("value", "low", "high")
    rows = {
        system: {(metric, part): interval[part] for metric, interval in intervals.items() for part in parts}
        for system, intervals in metrics.items()
    }
    return pd.DataFrame(rows).T
