"""Records as readers see them: pairs by name and in order, parts by events, sentences with their verdicts."""

import pytest

from dualrec.experiments.primary import primary_comparisons
from dualrec.experiments.representation_words import (
    COMPARISONS,
    comparisons,
    every_arm,
    parts_by_events,
    plain_answer,
    sentence,
)

DECLARED = primary_comparisons("representation")


def row(arm: str, against: str, delta: float = 0.01, **judged) -> dict:
    return {"arm": arm, "against": against, "delta": delta, "low": delta - 0.02, "high": delta + 0.003} | judged


def test_comparisons_are_named_in_order_and_the_judged_come_first():
    judged = {"verdict": "better", "p_holm": 0.01}
    rows = [
        row("lstm-sbert", "lstm-permuted", **judged),
        row("lstm-permuted", "lstm-ids_genres_years", -0.001),
        row("lstm-sbert", "lstm-permuted", 0.5),
        row("sasrec-sbert", "sasrec-ids_genres_years"),
        row("lstm-tfidf", "lstm-sbert"),
    ]
    frame = comparisons(rows, DECLARED)
    assert list(frame.index) == ["… capacity: titles of others, over none", "… meaning: the right titles, over others'"]
    assert frame.verdict.tolist() == ["", "better"] and frame.delta.tolist() == [-0.001, 0.01]
    assert comparisons([], DECLARED).empty
    assert len(set(COMPARISONS.values())) == len(COMPARISONS)
    assert set(DECLARED.pairs) <= COMPARISONS.keys(), "every declared comparison is shown"


def test_the_notebook_names_arms_without_their_network():
    assert comparisons([row("sbert", "permuted")], DECLARED).delta.tolist() == [0.01]


def test_a_sentence_says_what_cannot_be_told_and_what_is_no_gain():
    unsure, none = {"verdict": "cannot tell", "p_holm": 1.0}, {"verdict": "no gain", "p_holm": 1.0}
    rows = [
        row("lstm-sbert", "lstm-ids_genres_years", 0.004, **unsure),
        row("lstm-sbert", "lstm-permuted", 0.001, **none),
        row("lstm-language_model", "lstm-sbert", -0.02, verdict="worse", p_holm=0.001),
        row("lstm-ids_genres_years", "lstm-ids"),
    ]
    text = sentence("one, n = 3", comparisons(rows, DECLARED), DECLARED)
    assert text == (
        "one, n = 3, Δ NDCG@10 of the LSTM: genres and year beside the id +0.0100 [-0.0100, +0.0130]; "
        "titles beside them, read by SBERT +0.0040 [-0.0160, +0.0070], cannot tell; "
        "meaning: the right titles, over others' +0.0010 [-0.0190, +0.0040], no gain above +0.005; "
        "read by the language model, over SBERT -0.0200 [-0.0400, -0.0170], worse "
        "(what has no verdict is told by its interval alone)."
    )


def test_the_plain_answer_parts_meaning_from_capacity():
    rows = [
        row("lstm-sbert", "lstm-ids_genres_years", 0.01, verdict="better"),
        row("lstm-sbert", "lstm-permuted", 0.007),
        row("lstm-permuted", "lstm-ids_genres_years", 0.003),
    ]
    assert plain_answer(comparisons(rows, DECLARED), 1234, "NDCG@10") == (
        "Inside the LSTM, titles that a sentence encoder has read bring +0.0100 [-0.0100, +0.0130] NDCG@10 "
        "(n = 1,234, better): "
        "their meaning +0.0070 [-0.0130, +0.0100], mere capacity +0.0030 [-0.0170, +0.0060]."
    )
    assert plain_answer(comparisons(rows[:2], DECLARED), 1234, "NDCG@10") == ""


def test_parts_by_events():
    pairs = [row("lstm-sbert", "lstm-permuted"), row("lstm-permuted", "lstm-ids_genres_years", 0.0)]
    pairs.append(row("lstm-sbert", "lstm-ids_genres_years"))
    frame = parts_by_events([{"group": "up to 5", "n": 7, "pairs": pairs}], DECLARED)
    assert frame[["group", "n", "part", "delta"]].to_numpy().tolist() == [
        ["up to 5", 7, "meaning", 0.01],
        ["up to 5", 7, "capacity", 0.0],
    ]
    assert frame.high.tolist() == pytest.approx([0.013, 0.003])
    assert parts_by_events([], DECLARED).empty


def test_every_arm_the_best_first():
    def entry(label: str, value: float) -> dict:
        interval = {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 9}
        return {"label": label, "seeds": [0, 1], "metrics": {"NDCG@10": interval}}

    systems = {"lstm-ids_genres_years": entry("none", 0.1), "lstm-sbert": entry("SBERT", 0.2)}
    described = [row("lstm-sbert", "lstm-ids_genres_years", 0.1), row("lstm-sbert", "lstm-permuted")]
    frame = every_arm({"systems": systems, "described": described})
    assert list(frame.index) == ["SBERT", "none"]
    assert frame["less ids, genres and year"].tolist() == ["+0.1000 [+0.0800, +0.1030]", "–"]
    assert frame["NDCG@10"].tolist()[0] == "0.2000 [0.1900, 0.2100]" and frame.seeds.tolist() == ["2", "2"]
