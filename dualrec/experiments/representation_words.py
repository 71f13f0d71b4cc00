"""What was measured of the item's representation as readers see it: comparisons by name, parts by events, sentences."""

from __future__ import annotations

import pandas as pd

from dualrec.evaluation.results import cell, signed
from dualrec.evaluation.statistics import in_words
from dualrec.experiments.primary import Primary
from dualrec.experiments.representation_arms import IDS_ALONE, NETWORKS, PERMUTED, READER, WITHOUT_TITLES

SBERT, RANDOM = "sbert", "random_weights"
CAPACITY, MEANING = (PERMUTED, WITHOUT_TITLES), (SBERT, PERMUTED)
COMPARISONS = {
    (WITHOUT_TITLES, IDS_ALONE): "genres and year beside the id",
    (SBERT, WITHOUT_TITLES): "titles beside them, read by SBERT",
    CAPACITY: "… capacity: titles of others, over none",
    MEANING: "… meaning: the right titles, over others'",
    (READER, SBERT): "read by the language model, over SBERT",
    (READER, RANDOM): "… over itself with random weights",
}
PARTS = {CAPACITY: "capacity", MEANING: "meaning"}


def comparisons(rows: list[dict], primary: Primary) -> pd.DataFrame:
    """Those of COMPARISONS that are among some differences of the declared network, as `plots.worth` reads them.

    rows: as `representation_analysis.differences` returns them; of two about the same pair the first counts
    primary: the network and the margin

    Returns index = comparison in words; columns delta, low, high, verdict, margin, p_holm.
    """
    found: dict[str, dict] = {}
    for row in rows:
        name = _by_arms(COMPARISONS, primary).get((row["arm"], row["against"]))
        if name and name not in found:
            judged = {"verdict": row.get("verdict", ""), "margin": primary.margin, "p_holm": row.get("p_holm")}
            found[name] = {part: row[part] for part in ("delta", "low", "high")} | judged
    names = [name for name in COMPARISONS.values() if name in found]
    return pd.DataFrame([found[name] for name in names], names)


def parts_by_events(groups: list[dict], primary: Primary) -> pd.DataFrame:
    """Capacity and meaning in each group of targets, as `plots.by_events` reads them.

    groups: one kind of `representation_analysis.groups`

    Returns columns group, n, part, delta, low, high.
    """
    parts = _by_arms(PARTS, primary)
    rows = [
        {"group": group["group"], "n": group["n"], "part": parts[pair]}
        | {part: row[part] for part in ("delta", "low", "high")}
        for group in groups
        for row in group["pairs"]
        if (pair := (row["arm"], row["against"])) in parts
    ]
    return pd.DataFrame(rows)


def sentence(title: str, frame: pd.DataFrame, primary: Primary) -> str:
    """The comparisons of one data set in a sentence.

    title: of the data set
    frame: as `comparisons` returns it
    """
    said = [
        ", ".join(filter(None, [f"{name.replace('… ', '')} {signed(row, 4)}", in_words(row)]))
        for name, row in zip(frame.index, frame.to_dict("records"), strict=True)
    ]
    unjudged = " (what has no verdict is told by its interval alone)" if "" in set(frame.verdict) else ""
    return f"{title}, Δ {primary.metric} of the LSTM: {'; '.join(said)}{unjudged}."


def plain_answer(frame: pd.DataFrame, n: int, metric: str) -> str:
    """What titles bring inside the LSTM, and how much of it is meaning, in one sentence; "" where that is not there.

    frame: as `comparisons` returns it
    n: users
    metric: of the differences
    """
    names = [COMPARISONS[pair] for pair in ((SBERT, WITHOUT_TITLES), MEANING, CAPACITY)]
    if not set(names) <= set(frame.index):
        return ""
    titles, meaning, capacity = (frame.loc[name].to_dict() for name in names)
    said = in_words(titles) or "by interval alone"
    return (
        f"Inside the LSTM, titles that a sentence encoder has read bring {signed(titles, 4)} {metric} "
        f"(n = {n:,}, {said}): their meaning {signed(meaning, 4)}, mere capacity {signed(capacity, 4)}."
    )


def every_arm(run: dict) -> pd.DataFrame:
    """All arms of a record of `make representation`, the best first, with what they have more than no title.

    run: as `representation_analysis.analysed` returns it

    Returns index = arm in words; columns of text.
    """
    without = [f"{network}-{WITHOUT_TITLES}" for network in NETWORKS]
    over = {row["arm"]: row for row in run["described"] if row["against"] in without}
    best_first = sorted(run["systems"].items(), key=lambda item: -item[1]["metrics"]["NDCG@10"]["value"])
    rows = {
        entry["label"]: {
            "NDCG@10": cell(entry["metrics"]["NDCG@10"], 4),
            "less ids, genres and year": signed(over[arm], 4) if arm in over else "–",
            "seeds": str(len(entry["seeds"])),
        }
        for arm, entry in best_first
    }
    return pd.DataFrame(rows).T


def _by_arms(words: dict[tuple[str, str], str], primary: Primary) -> dict[tuple[str, str], str]:
    """The words of pairs of arms, which a chapter calls by their names and a shard by those of the declared network."""
    return words | {(f"{primary.network}-{a}", f"{primary.network}-{b}"): text for (a, b), text in words.items()}
