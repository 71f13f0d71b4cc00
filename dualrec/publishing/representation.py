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


def representation_sentences(side_runs: dict) -> str:
    """The declared comparisons that have been measured, a sentence per data set; "" where none has.

    side_runs: `results["side_runs"]`
    """
    said = []
    for data, run in by_data(side_runs, "representation").items():
        if measured := _measured(run):
            names = {arm: entry["label"] for arm, entry in run["systems"].items()}
            verdicts = [in_words(row) or "by interval" for row in measured]
            pairs = (
                f"*{names[row['arm']]}* less *{names[row['against']]}* {signed(row, 4)}, {said_of_it}"
                for row, said_of_it in zip(measured, verdicts, strict=True)
            )
            said.append(f"Each tuned with equally many trials, on {data} (n = {run['n']:,}): {'; '.join(pairs)}.")
    return "\n\n".join(said)


def _measured(run: dict) -> list[dict]:
    """The declared comparisons of one data set that have been measured, in the order of their declaration."""
    found = {(row["arm"], row["against"]): row for row in (*run["described"], *run["primary"])}
    return [found[pair] for pair in map(tuple, run["declared"]) if pair in found]


def _table(data: str, run: dict) -> str:
    """One data set's comparisons, and what is missing.

    run: of the data set `data`, as `make representation` records it
    """
    measured = _measured(run)
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
