"""README's part on hints: whether the writer tells right ones from wrong ones, and what each kind is worth."""

from __future__ import annotations

from dualrec.evaluation.results import number, signed
from dualrec.evaluation.side_by_side import by_data, measured_by
from dualrec.evaluation.statistics import in_words

WRITERS = {"untuned": "the untuned writer", "tuned": "the tuned writer"}
ABOUT = (
    "AUC: how often a right hint has more probability than a wrong one; .50 says that it tells nothing. Shares have "
    "exact 95 % intervals, AUC has that of a bootstrap over users; intervals and verdicts of a table hold together."
)


def hints_part(side_runs: dict) -> str:
    """What becomes of right and wrong hints, and what each kind is worth, per data set.

    side_runs: `results["side_runs"]`
    """
    records = by_data(side_runs, "hints")
    if not records:
        return "Not recorded yet."
    parts = [text for data, run in records.items() for text in (_trust(data, run), _table(data, run))]
    return "\n\n".join([*parts, ABOUT, measured_by(records)])


def _trust(data: str, run: dict) -> str:
    """Of the first seed, in which all hints are those of one LSTM."""
    first = [row for row in run["trust"] if row["seed"] == run["seeds"][0]]
    said = [
        f"{WRITERS[row['writer']]} puts {_share(row['kept_right'])} of the right hints first and "
        f"{_share(row['kept_wrong'])} of the wrong ones, and its AUC is {_share(row['auc'])}"
        for row in first
    ]
    own = f"the LSTM's own probability has {_share(first[0]['auc_lstm'])}"
    return f"On {data} {first[0]['right']:,} of {run['n']:,} hints are right: {'; '.join(said)}; {own}."


def _table(data: str, run: dict) -> str:
    """A markdown table: a row per comparison."""
    rows = [[f"{data}, n = {run['n']:,}", "metric", "Δ", "verdict"], ["---", "---", "---:", "---"]]
    for row in run["comparisons"]:
        arm, against = (run["systems"][row[side]]["label"] for side in ("arm", "against"))
        rows.append([f"{arm}, less {against}", row["metric"], signed(row, 4), in_words(row)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _share(row: dict) -> str:
    value, low, high = (number(row[part], 2) for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
