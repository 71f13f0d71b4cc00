"""README's part on the item's representation: the declared comparisons of every data set, tuned arm by arm."""

from __future__ import annotations

from dualrec.evaluation.results import signed
from dualrec.evaluation.side_by_side import by_data
from dualrec.evaluation.statistics import in_words

ABOUT = (
    "Every arm has equally many trials on validation and is tested with several seeds; intervals are over users and "
    "seeds, both drawn. Verdicts wait for the last of the declared comparisons and are corrected for their number."
)


def representation_part(side_runs: dict) -> str:
    """A table per data set of the declared comparisons that have been measured.

    side_runs: `results["side_runs"]`
    """
    parts = [text for data, run in by_data(side_runs, "representation").items() if (text := _table(data, run))]
    return "\n\n".join([*parts, ABOUT]) if parts else "Not recorded yet."


def _table(data: str, run: dict) -> str:
    """One data set's comparisons, and what is missing.

    run: of the data set `data`, as `make representation` records it
    """
    found = {(row["arm"], row["against"]): row for row in (*run["described"], *run["primary"])}
    measured = [found[pair] for pair in map(tuple, run["declared"]) if pair in found]
    if not measured:
        return ""
    rows = [[f"{data}, n = {run['n']:,}", "Δ NDCG@10", "verdict"], ["---", "---:", "---"]]
    for row in measured:
        arm, against = (run["systems"][row[side]]["label"] for side in ("arm", "against"))
        rows.append([f"{arm}, less {against}", signed(row, 4), in_words(row) or "interval alone"])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    seeds = max(len(entry["seeds"]) for entry in run["systems"].values())
    left = len(run["declared"]) - len(measured)
    waiting = f" {left} of {len(run['declared'])} declared comparisons have not been measured yet." if left else ""
    return (
        f"{table}\n\nMeasured by `{run['command']}`, at most {seeds} seeds: commit `{run['commit']}`, "
        f"{run['hardware']}.{waiting}"
    )
