"""Records of several data sets side by side, and the sentences about them."""

import pytest

from dualrec.evaluation.side_by_side import by_data, moved, moves, not_recorded, order_of_systems, standing


def entry(label: str, value: float, half: float) -> dict:
    return {"label": label, "metrics": {"NDCG@10": {"value": value, "low": value - half, "high": value + half}}}


def seeds(half: float, **facts) -> dict:
    return {"systems": {"b": entry("B", 0.1, half), "a": entry("A", 0.2, half), "c": entry("C", 0.01, half)}} | facts


def test_data_sets_stand_in_one_order_and_what_is_missing_is_named():
    runs = {"lastfm": {"seeds": {"data": "l"}}, "laptop": {"seeds": {"data": "m"}}, "ml-1m": {"precision": {}}}
    assert list(by_data(runs, "seeds")) == ["m", "l"]
    assert not_recorded(runs, "seeds") == "Not recorded yet: `make seeds PROFILE=ml-1m`, `make seeds PROFILE=beauty`."
    complete = dict.fromkeys(("laptop", "ml-1m", "beauty", "lastfm"), {"seeds": {"data": "m"}})
    assert not_recorded(complete, "seeds") == ""


def test_without_a_paired_test_the_intervals_decide_and_that_is_said():
    assert standing(seeds(0.01)) == (
        "A is first with NDCG@10 = 0.200 [0.190, 0.210], before B with 0.100 [0.090, 0.110]: by interval the two "
        "differ; the record has no paired test."
    )
    assert "[0.040, 0.160]: by interval the two cannot be told apart;" in standing(seeds(0.06))


@pytest.mark.parametrize(
    "verdict, said", [("better", "is more than chance"), ("cannot tell", "cannot be told from chance")]
)
def test_with_a_paired_test_the_test_decides(verdict, said):
    ahead = {"delta": 0.1, "low": 0.05, "high": 0.15, "n": 1090, "detectable": 0.07, "verdict": verdict}
    assert standing(seeds(0.01, ahead=ahead)) == (
        "A is first with NDCG@10 = 0.200 [0.190, 0.210], ahead of B by +0.1000 [+0.0500, +0.1500] (paired, n = 1,090), "
        f"which {said}; 0.0700 would have shown."
    )


def test_a_level_says_who_is_first_and_whether_that_is_more_than_chance():
    difference = {"delta": 0.02, "low": 0.01, "high": 0.03, "verdict": "better"}
    systems = {"a": entry("A", 0.2, 0.01), "b": entry("B", 0.1, 0.01)}
    levels = {
        "leave-one-out": {"systems": systems, "order": ["a", "b"], "moved": None},
        "cut": {"systems": systems, "order": ["b", "a"], "moved": difference},
        "ties": {"systems": systems, "order": ["a", "b"], "moved": None},
        "repeats": {"systems": systems, "order": ["b", "a"], "moved": difference | {"verdict": "cannot tell"}},
    }
    record = {"levels": levels}
    assert order_of_systems(record, "cut") == "B 0.100 > A 0.200"
    assert [moved(record, level) for level in levels] == [
        "the protocol of the study",
        "another first, +0.020 [+0.010, +0.030] against A: more than chance",
        "the same first",
        "another first, +0.020 [+0.010, +0.030] against A: no more than chance",
    ]
    assert moves({"d": record, "e": {"levels": {"leave-one-out": levels["leave-one-out"]}}}) == (
        "Of 3 other rules, 2 put another system first, 1 of them by more than chance (cut on d). "
        "e allows no other rule: no times, nobody who comes back."
    )
    del levels["cut"]
    assert moves({"d": record}) == "Of 2 other rules, 1 put another system first, none by more than chance."
