"""The records of one side run on several data sets, side by side, and what they say in words."""

from __future__ import annotations

from dualrec.evaluation.results import cell, number, signed
from dualrec.evaluation.statistics import in_words

PROFILES = ("laptop", "ml-1m", "beauty", "lastfm")  # one for each data set that is compared


def by_data(side_runs: dict, kind: str) -> dict[str, dict]:
    """Data set -> what a side run recorded on it, in the order of PROFILES; those without a record are left out.

    side_runs: as `results.side_runs` returns them
    kind: of the side run
    """
    records = [side_runs[profile][kind] for profile in PROFILES if kind in side_runs.get(profile, {})]
    return {record["data"]: record for record in records}


def measured_by(records: dict[str, dict]) -> str:
    """Where the records come from; those of one commit and machine together.

    records: as `by_data` returns them
    """
    commands: dict[tuple[str, str], list[str]] = {}
    for data, run in records.items():
        commands.setdefault((run["commit"], run["hardware"]), []).append(f"`{run['command']}` on {data}")
    facts = (f"{', '.join(made)}: commit `{commit}`, {hardware}" for (commit, hardware), made in commands.items())
    return f"Measured by {'; '.join(facts)}."


def not_recorded(side_runs: dict, kind: str) -> str:
    """A sentence that names the commands whose record is missing; empty where none is.

    side_runs: as `results.side_runs` returns them
    kind: of the side run, and of the target of `make`, which is "all" for a "road"
    """
    target = "all" if kind == "road" else kind
    commands = [f"`make {target} PROFILE={profile}`" for profile in PROFILES if kind not in side_runs.get(profile, {})]
    return f"Not recorded yet: {', '.join(commands)}." if commands else ""


def best_first(record: dict, metric: str) -> list[str]:
    """The systems of a record of `make seeds`, from best to worst.

    metric: whose means order them
    """
    return sorted(record["systems"], key=lambda system: -record["systems"][system]["metrics"][metric]["value"])


def standing(record: dict) -> str:
    """Whether the best system by NDCG@10 can be told from the second best, in one sentence.

    By the paired test where the record has one, else by whether their intervals overlap, which sees less: both have
    the same users.

    record: of `make seeds`, with two systems or more
    """
    best, second, *_ = (record["systems"][system] for system in best_first(record, "NDCG@10"))
    intervals = [entry["metrics"]["NDCG@10"] for entry in (best, second)]
    first = f"{best['label']} is first with NDCG@10 = {cell(intervals[0])}"
    if ahead := record.get("ahead"):
        said = {"better": "which is more than chance"}.get(ahead["verdict"], "which cannot be told from chance")
        by = f"by {signed(ahead, 4)} (paired, n = {ahead['n']:,}), {said}"
        return f"{first}, ahead of {second['label']} {by}; {number(ahead['detectable'], 4)} would have shown."
    apart = intervals[0]["low"] > intervals[1]["high"]
    said = "by interval the two differ" if apart else "by interval the two cannot be told apart"
    return f"{first}, before {second['label']} with {cell(intervals[1])}: {said}; the record has no paired test."


def verdicts(run: dict) -> str:
    """Which systems are better and worse than the LSTM alone, and what the others could have hidden, in a sentence.

    run: of `make publish`
    """
    beside = {entry["label"]: entry for entry in run["systems"].values() if "against" in entry}
    by_verdict: dict[str, list[str]] = {"better": [], "worse": [], "no gain": [], "cannot tell": [], "equal": []}
    for label, entry in beside.items():
        against = entry["against"]
        equal = against["low"] == against["high"] == 0  # where a weight of 0 was chosen
        by_verdict["equal" if equal else against["verdict"]].append(label)
    said = [
        f"{verdict} than the LSTM alone: {'; '.join(by_verdict[verdict]) or 'none'}" for verdict in ("better", "worse")
    ]
    if equals := by_verdict["equal"]:
        said.append(f"for every user as good as the LSTM alone: {'; '.join(equals)}")
    if none := by_verdict["no gain"]:
        said.append(f"{in_words(beside[none[0]]['against'])}: {'; '.join(none)}")
    if unsure := by_verdict["cannot tell"]:
        least = [beside[label]["against"]["detectable"] for label in unsure]
        shown = f"differences from {number(min(least), 4)} to {number(max(least), 4)} would have shown"
        said.append(f"cannot tell: {'; '.join(unsure)} ({shown})")
    text = ". ".join(part[0].upper() + part[1:] for part in said)
    return f"{text}."


def order_of_systems(record: dict, level: str) -> str:
    """`EASE .038 > iALS .037 > …`: the systems of one level of `make protocols`, from best to worst by NDCG@10.

    level: of the record
    """
    systems = record["levels"][level]["systems"]
    return " > ".join(
        f"{systems[name]['label']} {number(systems[name]['metrics']['NDCG@10']['value'], 3)}"
        for name in record["levels"][level]["order"]
    )


def moved(record: dict, level: str) -> str:
    """What a level of `make protocols` changes about who is first, in one clause.

    level: of the record
    """
    difference, systems = record["levels"][level]["moved"], record["levels"][level]["systems"]
    audited = next(iter(record["levels"]))
    if level == audited:
        return "the protocol of the study"
    if difference is None:
        return "the same first"
    former = systems[record["levels"][audited]["order"][0]]["label"]
    said = "more than chance" if difference["verdict"] == "better" else "no more than chance"
    return f"another first, {signed(difference)} against {former}: {said}"


def moves(records: dict[str, dict]) -> str:
    """Of all levels of `make protocols` but the audited one, how many put another system first, and which for sure.

    records: data set -> its record
    """
    levels = {(data, level): entry for data, run in records.items() for level, entry in list(run["levels"].items())[1:]}
    other = {place: entry["moved"] for place, entry in levels.items() if entry["moved"] is not None}
    sure = [f"{level} on {data}" for (data, level), difference in other.items() if difference["verdict"] == "better"]
    said = f"{len(sure)} of them by more than chance ({'; '.join(sure)})" if sure else "none by more than chance"
    alone = [data for data, run in records.items() if len(run["levels"]) == 1]
    none = f" {', '.join(alone)} allows no other rule: no times, nobody who comes back." if alone else ""
    return f"Of {len(levels)} other rules, {len(other)} put another system first, {said}.{none}"
