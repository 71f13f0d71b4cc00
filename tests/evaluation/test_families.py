"""Comparisons that are judged together: against the normal law, by hand, and interval and p-value never disagree."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from dualrec.core.errors import StudyError
from dualrec.evaluation.families import compared, plainly, verdict_of, with_margin
from dualrec.evaluation.statistics import in_words

pytestmark = pytest.mark.filterwarnings("error")


def series(values, users=None) -> pd.Series:
    index = pd.Index(range(len(values)) if users is None else users, name="user_id")
    return pd.Series(values, index=index, dtype=float)


def against_nothing(*differences) -> list[tuple[pd.Series, pd.Series]]:
    return [(series(values), 0 * series(values)) for values in differences]


def test_a_single_comparison_agrees_with_the_normal_law():
    difference = np.random.default_rng(3).normal(0.1, 1, 400)
    (row,) = compared(against_nothing(difference), 4000, 0)
    half = 1.96 * difference.std() / 20
    assert row["delta"] == pytest.approx(difference.mean())
    assert (row["low"], row["high"]) == pytest.approx((row["delta"] - half, row["delta"] + half), abs=0.1 * half)
    assert row["p"] == pytest.approx(scipy.stats.ttest_1samp(difference, 0).pvalue, rel=0.3)
    assert row["detectable"] == pytest.approx((1.96 + 0.84) * difference.std() / 20, rel=0.05)
    assert row["verdict"] == "better" and row["margin"] is None and row["n"] == 400


def test_twenty_independent_comparisons_are_corrected_as_sidak_has_it_and_twenty_equal_ones_are_not():
    rng = np.random.default_rng(0)
    apart = compared(against_nothing(*rng.normal(0, 1, (20, 500))), 4000, 0)
    width = scipy.stats.norm.ppf(1 - (1 - 0.95 ** (1 / 20)) / 2)
    errors = [(row["high"] - row["low"]) / 2 * np.sqrt(500) for row in apart]
    assert np.mean(errors) == pytest.approx(width, rel=0.04)
    same = rng.normal(0.1, 1, 500)
    once, often = compared(against_nothing(same), 2000, 0), compared(against_nothing(*[same] * 20), 2000, 0)
    assert often[7] == pytest.approx(once[0])


@pytest.mark.slow
def test_of_families_without_any_difference_one_in_twenty_shows_one():
    rng = np.random.default_rng(1)
    found = []
    for family in range(300):
        shared = rng.normal(0, 1, 80)  # users who are easy for everybody
        rows = compared(against_nothing(*(rng.normal(0, 1, (6, 80)) + shared)), 300, family)
        found.append(any(row["verdict"] != "cannot tell" for row in rows))
    assert 0.02 < np.mean(found) < 0.1


@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([50, 99, 200, 201]))
def test_an_interval_leaves_zero_out_where_and_only_where_p_is_below_five_percent(seed, comparisons, resamples):
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(0, 0.4, (comparisons, 1)), 1, (comparisons, 30))
    for row in compared(against_nothing(*values), resamples, seed):
        assert (row["p"] < 0.05) == (row["low"] > 0 or row["high"] < 0) == (row["verdict"] in ("better", "worse"))


def test_equal_systems_show_no_gain_where_there_is_a_margin():
    same = series([0, 1, 0, 1])
    nothing = {"delta": 0, "low": 0, "high": 0, "n": 4, "p": 1, "detectable": 0}
    assert compared([(same, same)], 100, 0) == [nothing | {"margin": None, "verdict": "cannot tell"}]
    assert compared([(same, same)], 100, 0, [0.005]) == [nothing | {"margin": 0.005, "verdict": "no gain"}]


def test_the_same_step_for_everybody_is_sure():
    a = series(np.random.default_rng(0).random(50))
    better, worse = compared([(a + 0.5, a), (a, a + 0.5)], 200, 0)
    assert (better["verdict"], worse["verdict"]) == ("better", "worse") and better["p"] == pytest.approx(1 / 201)


def test_pairs_may_have_users_of_their_own_in_any_order():
    rng = np.random.default_rng(5)
    wide, narrow = series(rng.random(60)), series(rng.random(20), users=range(30, 50))
    rows = compared([(wide, 0 * wide), (narrow, wide)], 300, 0)
    assert [row["n"] for row in rows] == [60, 20]
    assert rows[1]["delta"] == pytest.approx((narrow - wide).mean())
    assert compared([(wide[::-1], 0 * wide), (narrow[::-1], wide)], 300, 0) == rows


def test_one_user_decides_nothing_and_none_is_an_error():
    (row,) = compared([(series([1]), series([0]))], 50, 0)
    assert row["verdict"] == "cannot tell" and np.isnan(row["low"]) and row["p"] == 1
    with pytest.raises(StudyError, match="share no evaluated user"):
        compared([(series([1], [1]), series([1], [2]))], 50, 0)


@pytest.mark.parametrize(
    ("low", "high", "margin", "said"),
    [
        (0.001, 0.002, 0.005, "better"),
        (-0.002, -0.001, 0.005, "worse"),
        (-0.002, 0.004, 0.005, "no gain above +0.005"),
        (-0.002, 0.006, 0.005, "cannot tell"),
        (-0.002, 0.004, None, "cannot tell"),
        (-0.002, 0.001, 0.00123456, "no gain above +0.0012"),
    ],
)
def test_the_four_verdicts(low, high, margin, said):
    row = {"low": low, "high": high, "margin": margin}
    assert in_words(row | {"verdict": verdict_of(row)}) == said


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("better", "It adds NDCG@10: +0.0010 [-0.0020, +0.0040], n = 1,943."),
        ("worse", "It costs NDCG@10: +0.0010 [-0.0020, +0.0040], n = 1,943."),
        ("no gain", "It adds nothing above 0.0052 NDCG@10: +0.0010 [-0.0020, +0.0040], n = 1,943."),
        (
            "cannot tell",
            "It may add NDCG@10 or not, which these people cannot tell: +0.0010 [-0.0020, +0.0040], n = 1,943.",
        ),
    ],
)
def test_every_verdict_is_a_plain_sentence(verdict, said):
    row = {"delta": 0.001, "low": -0.002, "high": 0.004, "n": 1943, "margin": 0.0052, "verdict": verdict}
    assert plainly("It", row, "NDCG@10") == said


def test_a_margin_makes_no_gain_of_what_cannot_be_told_and_of_nothing_else():
    row = {"high": 0.004, "verdict": "cannot tell"}
    assert with_margin(row, 0.005) == {"high": 0.004, "verdict": "no gain", "margin": 0.005}
    assert with_margin(row, 0.003)["verdict"] == "cannot tell"
    assert with_margin(row | {"verdict": "worse"}, 0.005)["verdict"] == "worse"
