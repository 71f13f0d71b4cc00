"""README's part on evidence: what a second opinion's weight is, and what it gains in nats."""

from __future__ import annotations

from dualrec.evaluation.results import number, signed
from dualrec.evaluation.side_by_side import by_data, measured_by

ABOUT = (
    "Weights are of a conditional logit on the validation targets that are among the LSTM's candidates, each beside "
    "the LSTM's own log-probabilities (95 % Wald intervals); the gain is of the test targets among the candidates, "
    "over the LSTM's log-probabilities alone (95 % bootstrap interval over users)."
)


def evidence_part(side_runs: dict) -> str:
    """A table per data set, of its first seed.

    side_runs: `results["side_runs"]`
    """
    records = by_data(side_runs, "evidence")
    if not records:
        return "Not recorded yet."
    parts = [_table(data, run) for data, run in records.items()]
    return "\n\n".join([*parts, ABOUT, measured_by(records)])


def _table(data: str, run: dict) -> str:
    """A markdown table: a row per second opinion, with a verdict by the interval of its gain."""
    heads = [f"{data}, {run['candidates']} candidates", "weight", "gain, nats per user", "users", "in words"]
    rows = [heads, ["---", "---:", "---:", "---:", "---"]]
    for told in run["weights"]:
        if told["seed"] == run["seeds"][0]:
            gain = told["gain"]
            cells = [run["systems"][told["arm"]]["label"], _weight(told["weights"]["language"])]
            rows.append([*cells, signed(gain | {"delta": gain["value"]}, 4), f"{gain['n']:,}", _in_words(gain)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _weight(row: dict) -> str:
    value, low, high = (number(row[part], 3, "+") for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _in_words(gain: dict) -> str:
    if gain["low"] > 0:
        return "it tells something"
    return "it misleads" if gain["high"] < 0 else "cannot tell"
