"""README's part on the audit of everybody: what the released evaluation adds, and which of its switches adds it."""

from __future__ import annotations

from dualrec.evaluation.released import TURNED
from dualrec.evaluation.results import cell, number
from dualrec.evaluation.side_by_side import by_data, measured_by

ABOUT = (
    "The same lists throughout. *Told*: everybody, with the true titles among the re-ranker's references and the rest "
    "as released; *untold*: without them. A share of 1 means that HR@5 equals HR@1. Rates have exact 95 % intervals "
    "(Clopper and Pearson), shares and random titles, whose expectation is computed, those of a bootstrap over users. "
    "A hint in a list has similarity 1, too: where it leads the list, as in the LSTM's own, it keeps the first place."
)
ABOUT_WORTH = (
    "What turning each switch does to HR@1 and, below it, HR@5, from as released to as audited: the mean over all "
    "orders in which they can be turned (Shapley values), with 95 % bootstrap intervals over users. A column adds up "
    "to the difference."
)


def audit_part(side_runs: dict) -> str:
    """What each system reaches, and what each switch is worth, per data set.

    side_runs: `results["side_runs"]`
    """
    records = by_data(side_runs, "audit")
    if not records:
        return "Not recorded yet."
    parts = [text for data, run in records.items() for text in (_who(data, run), ends_table(run), worth_table(run))]
    return "\n\n".join([*parts, ABOUT, ABOUT_WORTH, measured_by(records)])


def _who(data: str, run: dict) -> str:
    """The data set, and on how many people its ends are measured."""
    released = max(entry["ends"]["released"]["HR@1"]["n"] for entry in run["systems"].values())
    return f"**{data}**, n = {run['n']:,}, of whom the released evaluation keeps {released:,}"


def audit_sentences(side_runs: dict) -> str:
    """What the released evaluation does to the lists of every data set, in words; "" where none is recorded.

    side_runs: `results["side_runs"]`
    """
    return "\n\n".join(sentence(data, run) for data, run in by_data(side_runs, "audit").items())


def sentence(data: str, run: dict) -> str:
    """What the answers among the references do, and how far a sample of the released size may be off.

    run: of the data set `data`, as `make audit` records it
    """
    shares = {
        name: [number(entry["ends"][end]["first"]["value"], 2) for end in ("told", "untold")]
        for name, entry in run["systems"].items()
    }
    blind = shares.pop("random")
    rest = ", ".join(f"{run['systems'][name]['label']} {told} and {untold}" for name, (told, untold) in shares.items())
    said = (
        f"On {data} (n = {run['n']:,}) the released evaluation hands the re-ranker the answers: with them {blind[0]} "
        f"of the five-place hits of titles drawn blindly stand first, without {blind[1]} ({rest})."
    )
    if sample := run["systems"]["lstm"]["sample"]:
        low, high = (number(sample["HR@1"][end], 3) for end in ("low", "high"))
        drawn = f"samples of {sample['users']} of {sample['of']:,} users"
        said += f" The middle 95 % of {drawn} put the LSTM's HR@1 as released between {low} and {high}."
    return said


def ends_table(run: dict) -> str:
    """A markdown table: a row per system, HR@1, HR@5 and the share that stands first at every end."""
    heads = [
        "system",
        "HR@1, released",
        "HR@5, released",
        "HR@1, audited",
        "HR@5, audited",
        "HR@1 / HR@5, told",
        "untold",
    ]
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for entry in run["systems"].values():
        ends = entry["ends"]
        rates = [cell(ends[end][metric]) for end in ("released", "audited") for metric in ("HR@1", "HR@5")]
        rows.append([entry["label"], *rates, *(cell(ends[end]["first"], 2) for end in ("told", "untold"))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def worth_table(run: dict) -> str:
    """A markdown table: a row per switch, a column per system."""
    systems = run["systems"].values()
    rows = [["switch", *(entry["label"] for entry in systems)], ["---", *["---:"] * len(systems)]]
    for switch in run["switches"]:
        worth = [entry["worth"][switch] for entry in systems]
        rows.append(
            [TURNED[switch], *("<br>".join(_signed(of[metric]) for metric in ("HR@1", "HR@5")) for of in worth)]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _signed(row: dict) -> str:
    value, low, high = (number(row[part], 3, "+") for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"
