"""How many minutes a run takes on a machine, from what it took on another one and how fast the two compute.

The record is `figures/profiles.json`. Each kind of work has a law of its own, see `training`, `language_model` and
`unmeasured`. What a busy machine, a slow disk or little memory add, no law knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.core.probe import Speeds
from dualrec.core.text import read_text

# Shares of a recorded second that do not follow the speed of matrix products: `fixed_share` of the processor time that
# lists and candidates of 64 users and 40 examples took, in bfloat16 at 475 GFLOP/s (AMX) and in float32 at 120.
FIXED = {"tuning": 0.8, "reading": 0.3, "writing": 0.75}


@dataclass(frozen=True)
class Machine:
    """What the minutes of a run depend on.

    device: `cpu`, `mps` or what a GPU is called
    cpu: what the processor is called
    threads: of torch
    precision: in which language models compute
    speeds: of one thread
    """

    device: str
    cpu: str
    threads: int
    precision: str
    speeds: Speeds

    @classmethod
    def of(cls, environment: dict[str, Any]) -> Machine:
        """From what `core.machine.environment` says, or a run's record of it."""
        facts = {field.name: environment[field.name] for field in fields(cls) if field.name != "speeds"}
        return cls(**facts, speeds=Speeds(**environment["speeds"]))

    @property
    def rate(self) -> float:
        """GFLOP/s of one thread in the language model's precision; 0 where the processor only emulates it."""
        return getattr(self.speeds, self.precision)


@dataclass(frozen=True)
class Expected:
    """What a run is expected to take.

    notebooks: name -> minutes
    at_most: whether more threads than on record may make it shorter
    """

    notebooks: dict[str, float]
    at_most: bool

    @property
    def minutes(self) -> float:
        """Of all notebooks."""
        return sum(self.notebooks.values())


def read_runs(path: Path) -> dict:
    """What `figures/profiles.json` holds; nothing where it is missing. Raises StudyError where it is not JSON."""
    if not Path(path).is_file():
        return {}
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise StudyError(f"{paths.readable(path)} is not JSON; delete it and run `make publish` again") from error


def in_words(run: dict | None, here: Machine) -> str:
    """What to expect of a profile on a machine, as `make doctor` says it.

    run: the profile's entry in the record, if it has one
    here: the machine
    """
    if not run:
        return "never recorded"
    recorded = f"recorded: {run['minutes']:.0f} on {_recorded_on(run)}"
    if reason := why_not(run, here):
        return f"minutes {reason} ({recorded})"
    found = expected(run, here)
    minutes = max(found.minutes, 1)
    return f"{'at most' if found.at_most else 'about'} {minutes:.0f} minute{'s' * (minutes >= 1.5)} here ({recorded})"


def _recorded_on(run: dict) -> str:
    """The processor or GPU of a run; all of its hardware where the run does not tell them apart."""
    if "machine" not in run:
        return run["hardware"]
    return run["machine"]["cpu"] if run["machine"]["device"] == "cpu" else run["machine"]["device"]


def why_not(run: dict, here: Machine) -> str:
    """Why nothing can be expected of a machine, in words; empty where something can.

    run: a profile's entry in the record
    here: the machine
    """
    if "machine" not in run:
        return "not recorded by kind of work"
    if here.device != "cpu" or run["machine"]["device"] != "cpu":
        return "not estimated for a GPU"
    return "" if here.rate else f"not estimated for {here.precision}, which this processor does not list"


def expected(run: dict, here: Machine) -> Expected:
    """What a run takes on a machine of which `why_not` says nothing.

    run: a profile's entry in the record, see `publishing.runs.finished_runs`
    here: the machine
    """
    there = Machine.of(run["machine"])
    notebooks = {
        name: _notebook(entry["seconds"], entry["spent"], there, here) / 60 for name, entry in run["notebooks"].items()
    }
    return Expected(notebooks, here.threads > there.threads)


def _notebook(seconds: float, spent: dict[str, float], there: Machine, here: Machine) -> float:
    """The seconds of a notebook.

    Training and the language model use every thread (networks are trained side by side, batches read two at a time):
    with fewer threads than on record they take that much longer. More of them are not counted on, since products this
    small gain little by them.

    seconds, spent: as on record
    there: the machine on record
    here: the machine
    """
    work = training(spent["training"], there, here)
    work += sum(language_model(kind, spent[kind], there, here) for kind in FIXED)
    return work * max(1, there.threads / here.threads) + unmeasured(seconds, spent)


def training(seconds: float, there: Machine, here: Machine) -> float:
    """The small networks: as long as a training step of an LSTM in float32, in which they compute everywhere."""
    return seconds * here.speeds.lstm_step_ms / there.speeds.lstm_step_ms


def language_model(kind: str, seconds: float, there: Machine, here: Machine) -> float:
    """Tuning, reading and writing: matrix products in the language model's precision, and a share that is none.

    kind: a key of FIXED
    seconds: as on record
    there: the machine on record
    here: the machine
    """
    return seconds * (FIXED[kind] + (1 - FIXED[kind]) * there.rate / here.rate)


def unmeasured(seconds: float, spent: dict[str, float]) -> float:
    """Imports and the rest: as long as on record, everywhere.

    They are a disk's work and a single thread's in Python, which the probe does not measure and in which machines
    differ less than in matrix products.

    seconds, spent: as on record
    """
    return seconds - spent["training"] - sum(spent[kind] for kind in FIXED)


def fixed_share(seconds_fast: float, seconds_slow: float, rate_fast: float, rate_slow: float) -> float:
    """The share of the faster run's seconds that does not follow the speed of matrix products, from two runs.

    Such runs are two of one profile on one machine, `--precision bfloat16` and `--precision float32`, each in a clean
    clone; their manifests hold seconds by kind and speeds. Of s = a + b / rate it is a / seconds_fast.

    seconds_fast, seconds_slow: of one kind of work
    rate_fast, rate_slow: GFLOP/s of a thread in the precision of each
    """
    ratio = rate_fast / rate_slow
    return (ratio - seconds_slow / seconds_fast) / (ratio - 1)
