"""README's part on protocols: what each data set can tell, and whether another rule moves the order of the systems."""

from __future__ import annotations

from dualrec.data.registry import SOURCES
from dualrec.evaluation.results import number
from dualrec.evaluation.side_by_side import by_data, moved, moves, not_recorded, order_of_systems

ABOUT_COUNTS = (
    "A last event ties where the event before it has the same time, so that a rule and not behaviour chose the target. "
    "Met before: of all people with enough events as they were read, those whose last event is an item that they had "
    "met already. The last column is the difference between the two best models without a network that so many people "
    "show with 80 % power (two-sided, 5 %)."
)
ABOUT_LEVELS = (
    "Models that train no network, ordered by NDCG@10. A level with another first system is compared with the system "
    "that is first under leave-one-out, paired by user on the level's own users, corrected for the number of levels "
    "(Holm); the best of several is chosen by the same numbers, which flatters it."
)


def protocols_part(side_runs: dict) -> str:
    """Tables of counts and of the order of the systems, and where they come from.

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
        moves(records),
        levels_table(records),
        ABOUT_LEVELS,
        _measured(records),
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


def levels_table(records: dict[str, dict]) -> str:
    """A markdown table: one row per data set and level, with the order of the systems.

    records: data set -> its record of `make protocols`
    """
    rows = [["data set", "level", "users", "from best to worst", "against leave-one-out"]]
    rows.append(["---", "---", "---:", "---", "---"])
    for data, run in records.items():
        for level, entry in run["levels"].items():
            rows.append([data, level, f"{entry['n']:,}", order_of_systems(run, level), moved(run, level)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _measured(records: dict[str, dict]) -> str:
    """Where the records come from; those of one commit and machine together."""
    commands: dict[tuple[str, str], list[str]] = {}
    for data, run in records.items():
        commands.setdefault((run["commit"], run["hardware"]), []).append(f"`{run['command']}` on {data}")
    facts = (f"{', '.join(made)}: commit `{commit}`, {hardware}" for (commit, hardware), made in commands.items())
    return f"Measured by {'; '.join(facts)}."


def _of(some: int, all_of_them: int) -> str:
    return f"{some:,} of {all_of_them:,}"
