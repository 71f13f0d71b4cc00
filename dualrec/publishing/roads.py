"""What a finished run of all notebooks reached on its data: its record, and the README's table of such records."""

from __future__ import annotations

import pandas as pd

from dualrec.core import paths
from dualrec.evaluation.families import compared
from dualrec.evaluation.pairing import Side, pair
from dualrec.evaluation.results import cell, load_results, signed
from dualrec.evaluation.side_by_side import by_data, not_recorded, verdicts
from dualrec.profiles.load import load_profile
from dualrec.systems.names import LABELS, LANGUAGE, SUMS

METRIC = "NDCG@10"
BACKBONE = "lstm"
BESIDE = (*SUMS, *LANGUAGE)  # compared with the LSTM alone
ABOUT = (
    f"First row: {METRIC} of the LSTM alone. Below it, what each system has more or less than the LSTM on the same "
    "users, with 95 % intervals that hold for all rows of a data set together; bold: the interval leaves 0 out."
)


def road(profile: str, run: dict) -> dict:
    """The record of a profile's finished run, for `results.json`.

    profile: whose notebooks have all been run
    run: of it, as `runs.finished_runs` returns them

    Returns {"command", "data", "protocol", "commit", "hardware", "minutes", "systems"}; a system has "label", "n",
    "metrics" (HR@10 and NDCG@10) and, beside the LSTM, "against": the paired difference in NDCG@10, see
    `families.compared`, corrected for all systems together.
    Raises StudyError where a ledger or the results are missing or damaged, or two ledgers must not be compared.
    """
    results = load_results(paths.results(profile))
    resamples = load_profile(profile).evaluation.resamples
    measured = {name: results["systems"][name] for name in (BACKBONE, *BESIDE) if name in results["systems"]}
    sides = {name: Side.read(paths.run_dir(profile) / "lists" / f"{name}.parquet") for name in measured}
    beside = [name for name in measured if name != BACKBONE]
    both = [pair(sides[name], sides[BACKBONE]) for name in beside]
    margin = results["notebooks"]["02_lstm"]["margins"][METRIC]
    pairs = [(pd.Series(p.a[METRIC]), pd.Series(p.b[METRIC])) for p in both]
    family = compared(pairs, resamples, 0, [margin] * len(both))
    against = dict(zip(beside, family, strict=True))
    systems = {
        name: {
            "label": entry["label"],
            "n": entry["n"],
            "metrics": {metric: entry["metrics"][metric] for metric in ("HR@10", METRIC)},
        }
        | ({"against": against[name]} if name in against else {})
        for name, entry in measured.items()
    }
    facts = {fact: results[fact] for fact in ("data", "protocol", "commit", "hardware")}
    default = "" if profile == paths.DEFAULT_PROFILE else f" PROFILE={profile}"
    return {"command": f"make all{default}"} | facts | {"minutes": run["minutes"], "systems": systems}


def roads_part(side_runs: dict) -> str:
    """A table of all roads on record, one column per data set, what it says in words, and how it was measured.

    side_runs: `results["side_runs"]`
    """
    records = by_data(side_runs, "road")
    if not records:
        return "Not recorded yet."
    facts = "; ".join(
        f"`{run['command']}` on {data}: {run['minutes']:.0f} minutes, commit `{run['commit']}`, {run['hardware']}"
        for data, run in records.items()
    )
    parts = [
        roads_table(records),
        ABOUT,
        "\n".join(f"- **{data}:** {verdicts(run)}" for data, run in records.items()),
        f"Measured by {facts}.",
        not_recorded(side_runs, "road"),
    ]
    return "\n\n".join(filter(None, parts))


def roads_table(records: dict[str, dict]) -> str:
    """A markdown table: one row per system, one column per data set.

    records: data set -> its road
    """
    rows = [["system", *records], ["---", *["---:"] * len(records)]]
    for name in (BACKBONE, *BESIDE):
        entries = [run["systems"].get(name) for run in records.values()]
        if any(entries):
            rows.append([LABELS[name].replace("|", "\\|"), *map(_cell, entries)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(entry: dict | None) -> str:
    if entry is None:
        return "–"
    if "against" not in entry:
        return f"{cell(entry['metrics'][METRIC])}, n = {entry['n']:,}"
    against = entry["against"]
    text = signed(against, 4) + ("" if against["n"] == entry["n"] else f", n = {against['n']:,}")
    return f"**{text}**" if against["verdict"] in ("better", "worse") else text
