"""README's part on protocols: what each data set can tell, and whether another rule moves the order of the systems."""

from __future__ import annotations

from dualrec.data.registry import SOURCES
from dualrec.evaluation.results import number
from dualrec.evaluation.side_by_side import by_data, measured_by, moves, not_recorded

ABOUT_COUNTS = (
    "A last event ties where the event before it has the same time, so that a rule and not behaviour chose the target. "
    "Met before: of all people with enough events as they were read, those whose last event is an item that they had "
    "met already. The last column is the difference between the two best models without a network that so many people "
    "show with 80 % power (two-sided, 5 %)."
)
WHERE_LEVELS_STAND = (
    "[09_protocols](notebooks/09_protocols.ipynb) has the order of the systems under each rule, and does the same for "
    "one data set in more detail, with the LSTM."
)


def protocols_part(side_runs: dict) -> str:
    """A table of counts, how often another rule puts another system first, and where that comes from.

    side_runs: `results["side_runs"]`
    """
    records = by_data(side_runs, "protocols")
    if not records:
        return "Not recorded yet."
    orders = (f"- {data}: {source.order}." for data, source in SOURCES.items() if data in records)
    parts = [
        counts_table(records),
        ABOUT_COUNTS,
        "What is known of the order:\n\n" + "\n".join(orders),
        f"{moves(records)} {WHERE_LEVELS_STAND}",
        measured_by(records),
        not_recorded(side_runs, "protocols"),
    ]
    return "\n\n".join(filter(None, parts))


def counts_table(records: dict[str, dict]) -> str:
    """A markdown table: one row per data set with what was counted of it.

    records: data set -> its record of `make protocols`
    """
    heads = ["users", "items", "events", "events per user, median", "last event ties", "last event met before"]
    heads += ["training events of a target, median", "targets never trained on", "detectable in NDCG@10 / HR@10"]
    rows = [["data set", *heads], ["---", *["---:"] * len(heads)]]
    for data, run in records.items():
        counts, cases = run["counts"], run["counts"]["cases"]
        tied = "no times" if counts["tied_last"] is None else _of(counts["tied_last"], cases)
        rows.append(
            [
                data,
                *(f"{counts[name]:,}" for name in ("users", "items", "events")),
                f"{counts['events_per_user']:g}",
                tied,
                _of(counts["last_met_before"], counts["read_cases"]),
                f"{counts['target_events']:g}",
                _of(counts["untrained_targets"], cases),
                " / ".join(number(run["detectable"][metric], 4) for metric in ("NDCG@10", "HR@10")),
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _of(some: int, all_of_them: int) -> str:
    return f"{some:,} of {all_of_them:,}"
