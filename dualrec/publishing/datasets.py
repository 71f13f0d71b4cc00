"""README's part on several data sets: the same systems side by side, what others published there, and what was said.

All numbers come from the records of `make seeds`; quoted ones, with their sources, from `evaluation.published`.
"""

from __future__ import annotations

from collections.abc import Iterable

from dualrec.evaluation.published import Published, published_on
from dualrec.evaluation.results import cell, number
from dualrec.evaluation.side_by_side import best_first, by_data, not_recorded, standing
from dualrec.systems.names import IDS_ALONE, LOOKS, SEQUENCE_MODELS

METRICS = ("NDCG@10", "HR@10")
MEASURED = (*SEQUENCE_MODELS, IDS_ALONE)  # by `make seeds`
ABOUT = (
    "In brackets: 95 % bootstrap interval over users, of each user's mean over the seeds; bold: this study's best. "
    "Published numbers are quoted, not measured here, and their protocols differ:"
)


def datasets_part(side_runs: dict) -> str:
    """Tables of NDCG@10 and HR@10, one column per data set, and below them what they say and where they come from.

    side_runs: `results["side_runs"]`
    """
    records = by_data(side_runs, "seeds")
    if not records:
        return "Not recorded yet."
    facts = [
        f"- `{run['command']}` on {data}: commit `{run['commit']}`, {run['hardware']}; {run['protocol']}."
        for data, run in records.items()
    ]
    parts = [
        *(f"**{metric}**\n\n{accuracy_table(records, metric)}" for metric in METRICS),
        ABOUT,
        "\n".join(_protocols(row for data in records for row in published_on(data))),
        "\n".join(f"- **{data}:** {standing(run)}{_without(run)}" for data, run in records.items()),
        "What another seed changes: the standard deviation of NDCG@10 between seeds.",
        spread_table(records),
        "Measured by:\n\n" + "\n".join(facts),
        not_recorded(side_runs, "seeds"),
    ]
    return "\n\n".join(filter(None, parts))


def accuracy_table(records: dict[str, dict], metric: str) -> str:
    """A markdown table: one row per system of this study and, below, per published one; one column per data set.

    records: data set -> its record of `make seeds`
    metric: of the cells
    """
    names = [*MEASURED, *(name for run in records.values() for name in run["systems"])]
    best = {data: best_first(run, metric)[0] for data, run in records.items()}
    rows = [["system", *(f"{data}, n = {run['n']:,}" for data, run in records.items())]]
    rows.append(["---", *["---:"] * len(records)])
    for name in dict.fromkeys(names):
        entries = {data: run["systems"].get(name) for data, run in records.items()}
        there = [entry for entry in entries.values() if entry]
        if not there:
            continue
        cells = [cell(entry["metrics"][metric]) if entry else "–" for entry in entries.values()]
        bold = [f"**{text}**" if best[data] == name else text for data, text in zip(entries, cells, strict=True)]
        rows.append([there[0]["label"], *bold])
    for row in (row for data in records for row in published_on(data)):
        value = number(row.metrics[metric], 4).removesuffix("0")  # as published: most have three decimals
        rows.append(
            [f"*published:* {row.model} ({row.link})", *(value if row.data == data else "" for data in records)]
        )
    return _markdown(rows)


def spread_table(records: dict[str, dict]) -> str:
    """A markdown table: what the seed changes, one row per network; a model that has one seed everywhere has none.

    records: data set -> its record of `make seeds`
    """
    rows = [["network", *records], ["---", *["---:"] * len(records)]]
    for name in MEASURED:
        entries = [run["systems"].get(name) for run in records.values()]
        if any(entry and entry["seconds_per_epoch"] is not None for entry in entries):
            rows.append([LOOKS[name].label, *map(_spread, entries)])
    return _markdown(rows)


def _spread(entry: dict | None) -> str:
    if entry is None:
        return "–"
    seeds = len(entry["seeds"])
    return "one seed" if seeds == 1 else f"{number(entry['sd']['NDCG@10'], 4)} ({seeds} seeds)"


def _protocols(rows: Iterable[Published]) -> list[str]:
    """Protocol of each published row, a line for those that share data set and protocol."""
    models: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        models.setdefault((row.data, row.protocol), []).append(row.model)
    return [f"- {data}, {protocol}: {'; '.join(names)}." for (data, protocol), names in models.items()]


def _without(record: dict) -> str:
    """A sentence that names the systems which a record does not have; empty where it has all."""
    names = [LOOKS[name].label for name in MEASURED if name not in record["systems"]]
    return f" Not measured there yet: {'; '.join(names)}." if names else ""


def _markdown(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
