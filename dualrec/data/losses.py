"""What reading and splitting leave out, in words, and when it is too much."""

from __future__ import annotations

from dataclasses import dataclass

from dualrec.core.errors import StudyError

WARN, REFUSE = 0.05, 0.5  # shares of the rows that no rule asked to leave out


@dataclass(frozen=True)
class Loss:
    """One line of a report.

    of: what is counted, "rows", "users" or "items"
    what: happens to them
    remedy: what to do about it, "" where a rule asked for it
    bearable: whether data without them can be used however many they are
    """

    of: str
    what: str
    remedy: str = ""
    bearable: bool = True


LOSSES = {
    "ratings_of_unknown_items": Loss(
        "rows", "name an item that the items file lacks", "check that both files belong together", bearable=False
    ),
    "ratings_listed_twice": Loss(
        "rows", "repeat an earlier row and are left out", "write every event once", bearable=False
    ),
    "ratings_of_one_event": Loss("rows", "are further tags of one item at one time and count as one event"),
    "ratings_of_nameless_items": Loss(
        "rows",
        "name an item that the items file lacks, which goes by its id",
        "check that both files belong together",
        bearable=False,
    ),
    "ids_written_in_two_ways": Loss(
        "rows", "have blanks around an id or '.0' behind it, which are ignored", "write ids as whole numbers or as text"
    ),
    "times_tied_by_scientific_notation": Loss(
        "rows",
        "have a time in scientific notation that equals that of another event of the user, so their order may be lost",
        "write times with all their digits",
    ),
    "ratings_outside_the_core": Loss("rows", "are of users or items outside the core and are left out (`core`)"),
    "users_outside_the_core": Loss("users", "have too few events in the core and are left out (`core`)"),
    "items_outside_the_core": Loss("items", "have too few events in the core and are left out (`core`)"),
    "events_met_before": Loss("rows", "are not the first encounter with their item and are left out (`repeats`)"),
    "users_with_too_few_events": Loss("users", "have too few events and are left out (`min_events`)"),
    "users_whose_last_item_was_met_before": Loss("users", "end with an item they had met before (`repeats`)"),
}


def loss_lines(notes: dict[str, int], totals: dict[str, int]) -> list[str]:
    """A sentence for everything that is lost, those first that no rule asked for; nothing where nothing is.

    notes: name -> count; names that stand for no loss are passed over
    totals: "rows", "users" and "items" that there were
    """
    lines = []
    for name, loss in LOSSES.items():
        count, total = notes.get(name, 0), totals[loss.of]
        if count:
            warning = "warning: " if loss.remedy and count > WARN * total else ""
            lines.append(f"{warning}{_share(count, total, loss)}{loss.remedy and f'; {loss.remedy}'}")
    return lines


def refuse_heavy_losses(data: str, notes: dict[str, int], rows: int) -> None:
    """Raise StudyError where more than half of the rows are lost, so that whatever is left would mislead.

    data: name of the data set
    notes: name -> count
    rows: that were read
    """
    for name, loss in LOSSES.items():
        if not loss.bearable and notes.get(name, 0) > REFUSE * rows:
            raise StudyError(f"data set '{data}': {_share(notes[name], rows, loss)}; {loss.remedy}")


def _share(count: int, total: int, loss: Loss) -> str:
    return f"{count:,} of {total:,} {loss.of} ({count / total:.1%}) {loss.what}"
