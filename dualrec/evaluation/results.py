"""`results.json`: every headline number of a profile, and the table that is generated from it.

    {
     "schema": 1,
     "profile": "laptop", "data": "ml-100k", "protocol": "audited: ...", "commit": "1a2b3c4", "hardware": "2 CPU cores",
     "systems": {
      "lstm": {
       "label": "LSTM, improved", "n": 943, "k": 10, "seed": 0 (or "seeds": [0, 1, 2]), "protocol": "audited: ...",
       "metrics": {"HR@1": {"value": 0.05, "low": 0.04, "high": 0.07, "n": 943}, ...},
       "counts": {"written": 9430, ...}
      }, ...
     },
     "notebooks": {"01_data": {headline numbers of that notebook, freely named}, ...},
     "side_runs": {"ml-1m": {"seeds": {"command": "make seeds ...", "commit": "1a2b3c4", "hardware": "...", ...}}, ...}
    }

n counts users, low and high bound the 95 % interval (null where there is none), a value is null where no user has one.
Floats have six decimals. Side runs are what `make grid_search`, `make seeds`, `make precision`, `make protocols`,
`make lora_examples` and `make representation` record, by profile, from their shards; a run of the notebooks leaves them
alone, and nothing else in here depends on the clock, so the same run gives the same file.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from dualrec.core import paths
from dualrec.core.artifacts import write_json
from dualrec.core.errors import StudyError
from dualrec.core.text import read_text

SCHEMA = 1
STUDY = ("profile", "data", "protocol", "commit", "hardware")
SECTIONS = ("systems", "notebooks", "side_runs")
SYSTEM = {"label": str, "n": int, "k": int, "protocol": str, "metrics": dict, "counts": dict}
TABLE = ("HR@1", "HR@5", "HR@10", "NDCG@10", "MRR")


def record(path: Path, section: str, values: dict) -> None:
    """Merge values into `results.json`, which is made where it is missing.

    path: of the file
    section: "study" sets the facts named in `STUDY`; the others replace the entries named in `values` whole, in their
        old place where they had one, and leave the rest alone
    values: facts or entries, by name

    Raises StudyError for an unknown section or fact, or where the file is not a results file.
    """
    if section != "study" and section not in SECTIONS:
        raise StudyError(f"results have no section '{section}'; record into study, {', '.join(SECTIONS)}")
    if section == "study" and not values.keys() <= set(STUDY):
        raise StudyError(f"the study has no fact '{min(values.keys() - set(STUDY))}'; it has {', '.join(STUDY)}")
    lock = paths.shared_cache() / "results.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):  # a side run of one profile records into the file of another, which may be running
        old = _read(path) if Path(path).is_file() else {}
        new = old | values if section == "study" else old | {section: old.get(section, {}) | values}
        facts = {fact: new[fact] for fact in STUDY if fact in new}
        sections = {name: new.get(name, {}) for name in SECTIONS}
        sections["notebooks"] = dict(sorted(sections["notebooks"].items()))
        write_json(path, _rounded({"schema": SCHEMA} | facts | sections))


def record_side_run(path: Path, profile: str, kind: str, values: dict) -> None:
    """Merge what a side run measured into `results.json`.

    path: of the file
    profile: that was measured
    kind: "grid_search", "seeds", "precision", "protocols", "audit", "hints", "evidence", "lora_examples",
        "representation" or "road"
    values: what was measured, with command, commit and hardware
    """
    of_profile = side_runs(path).get(profile, {})
    record(path, "side_runs", {profile: of_profile | {kind: values}})


def side_runs(path: Path) -> dict:
    """What side runs recorded: profile -> kind -> values; nothing where there is no file.

    Raises StudyError where the file is not a results file.
    """
    return _read(path).get("side_runs", {}) if Path(path).is_file() else {}


def load_results(path: Path) -> dict:
    """Read a complete `results.json`.

    Raises StudyError where it is missing, unreadable, or lacks what the schema asks for, naming the first such place.
    """
    if not Path(path).is_file():
        raise StudyError(f"there are no results in {paths.readable(path)}; `make all` writes them")
    results, where = _read(path), paths.readable(path)
    for fact in STUDY:
        if not isinstance(results.get(fact), str):
            raise StudyError(f"{where}: '{fact}' is missing or not text; run the notebooks again")
    for section in SECTIONS:
        if not isinstance(results.get(section), dict):
            raise StudyError(f"{where}: '{section}' is missing or not an object; run the notebooks again")
    for name, system in results["systems"].items():
        for field, kind in SYSTEM.items():
            if not isinstance(system, dict) or not isinstance(system.get(field), kind):
                raise StudyError(
                    f"{where}: system '{name}' lacks '{field}', or it is no {kind.__name__}; run the notebooks again"
                )
        if ("seed" in system) == ("seeds" in system):
            raise StudyError(f"{where}: system '{name}' must have either 'seed' or 'seeds'; run the notebooks again")
        for metric, interval in system["metrics"].items():
            if not _is_interval(interval):
                raise StudyError(
                    f"{where}: '{metric}' of system '{name}' is not a value within its interval; "
                    "run the notebooks again"
                )
    return results


def results_table(results: dict, metrics: tuple[str, ...] = TABLE) -> str:
    """A markdown table: one row per system with its number of users, every metric as `value [low, high]`."""
    rows = [["system", "users", *metrics], ["---", *["---:"] * (len(metrics) + 1)]]
    for system in results["systems"].values():
        cells = [cell(system["metrics"].get(metric)) for metric in metrics]
        rows.append([system["label"].replace("|", "\\|"), str(system["n"]), *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _read(path: Path) -> dict:
    """The file's JSON object, of the schema known here."""
    try:
        results = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(
            f"{paths.readable(path)} is not readable JSON; name a results.json, or delete it and run again"
        ) from error
    if not isinstance(results, dict) or results.get("schema") != SCHEMA:
        raise StudyError(
            f"{paths.readable(path)} does not have results schema {SCHEMA}; delete it and run the notebooks again"
        )
    return results


def _rounded(value: Any) -> Any:
    """Plain JSON values: floats with six decimals, null for NaN and infinity, numpy turned into lists and numbers."""
    if isinstance(value, dict):
        return {str(key): _rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(entry) for entry in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return _rounded(value.tolist())
    if isinstance(value, float):
        return round(value, 6) + 0.0 if math.isfinite(value) else None  # + 0.0 turns -0.0 into 0.0
    return value


def _is_interval(interval: Any) -> bool:
    """Whether low <= value <= high, where they are known."""
    if not isinstance(interval, dict) or not interval.keys() >= {"value", "low", "high"}:
        return False
    low, value, high = (interval[key] for key in ("low", "value", "high"))
    numbers = [number for number in (low, value, high) if number is not None]
    if not all(isinstance(number, (int, float)) for number in numbers) or (low is None) != (high is None):
        return False
    return numbers == sorted(numbers)


def cell(interval: dict | None, digits: int = 3) -> str:
    """`0.105 [0.090, 0.121]`, without bounds where there are none, a dash where there is no value."""
    if interval is None or _unknown(interval["value"]):
        return "–"
    value, low, high = (number(interval[part], digits) for part in ("value", "low", "high"))
    return value if _unknown(interval["low"]) else f"{value} [{low}, {high}]"


def signed(difference: dict, digits: int = 3) -> str:
    """`+0.012 [-0.003, +0.027]`: a difference with its interval; a dash for what could not be measured."""
    delta, low, high = (number(difference[part], digits, "+") for part in ("delta", "low", "high"))
    return f"{delta} [{low}, {high}]"


def answers(results: dict) -> list[str]:
    """What the language model adds, one plain sentence per channel, as the chapters recorded it.

    results: as `load_results` returns them
    """
    return [text for recorded in results["notebooks"].values() for text in recorded.get("answer", [])]


def number(value: float | None, digits: int, sign: str = "") -> str:
    """A value in decimals; a dash for NaN, and for None, which stands for it in JSON."""
    return "–" if _unknown(value) else f"{value:{sign}.{digits}f}"


def _unknown(value: float | None) -> bool:
    return value is None or math.isnan(value)
