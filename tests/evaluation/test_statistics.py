import numpy as np
import pandas as pd
import pytest
import scipy.stats

from dualrec.core.errors import StudyError
from dualrec.evaluation.statistics import (
    auc_interval,
    bootstrap_interval,
    bootstrap_intervals,
    exact_rate,
    holm,
    minimum_detectable,
    paired_difference,
    ratio_interval,
)

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("seed", [0, 7])
def test_agrees_with_scipy(seed):
    values = np.random.default_rng(seed).exponential(size=83)
    oracle = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=333, method="percentile", rng=np.random.default_rng(seed)
    )
    interval = bootstrap_interval(values, 333, seed)
    assert interval["low"] == pytest.approx(oracle.confidence_interval.low, rel=1e-12)
    assert interval["high"] == pytest.approx(oracle.confidence_interval.high, rel=1e-12)
    assert interval["value"] == pytest.approx(values.mean()) and interval["n"] == 83


def test_agrees_with_the_normal_approximation():
    hits = (np.arange(4000) % 10 < 3).astype(float)  # 0.3
    interval = bootstrap_interval(hits, 2000, 0)
    half = 1.96 * np.sqrt(0.3 * 0.7 / 4000)
    assert interval["low"] == pytest.approx(0.3 - half, abs=half / 10)
    assert interval["high"] == pytest.approx(0.3 + half, abs=half / 10)


def test_every_column_sees_the_same_users():
    x = np.random.default_rng(0).random(40)
    together = bootstrap_intervals(pd.DataFrame({"a": x, "b": 1 - x}), 500, 3)
    assert together["a"] == bootstrap_interval(x, 500, 3)  # alone or in company
    assert together["b"]["low"] == pytest.approx(1 - together["a"]["high"])
    assert bootstrap_interval(x, 500, 4) != together["a"]


def test_users_without_a_value_are_left_out_of_one_column_only():
    values = pd.DataFrame({"all": [1.0, 2, 3, 4], "some": [1.0, np.nan, 3, np.nan]})
    intervals = bootstrap_intervals(values, 400, 0)
    assert intervals["all"]["n"] == 4 and intervals["some"] == {"value": 2.0, "low": 1.0, "high": 3.0, "n": 2}


def test_a_constant_has_no_width():
    for value in (0.0, 0.1, 1 / 3, 0.7):
        interval = bootstrap_interval(np.full(30, value), 100, 0)
        assert interval["low"] <= interval["value"] <= interval["high"]  # even in the last bit, or error bars fail
        assert interval["high"] - interval["low"] == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("values", [[], [0.5], [np.nan, 0.5]])
def test_one_user_has_no_interval(values):
    interval = bootstrap_interval(values, 50, 0)
    assert np.isnan(interval["low"]) and np.isnan(interval["high"])
    assert interval["n"] == len([v for v in values if v == v])


def series(values, users=None) -> pd.Series:
    return pd.Series(
        values, index=pd.Index(range(len(values)) if users is None else users, name="user_id"), dtype=float
    )


def test_difference_is_paired():
    rng = np.random.default_rng(0)
    b = series(rng.random(200))
    a = b + 0.01  # far less than the spread of either, yet the same for every user
    difference = paired_difference(a, b, 500, 0)
    assert difference["delta"] == pytest.approx(0.01) and difference["low"] == pytest.approx(0.01)
    assert difference["verdict"] == "better" and difference["n"] == 200
    assert paired_difference(b, a, 500, 0)["verdict"] == "worse"
    assert paired_difference(b, series(rng.permutation(b)), 500, 0)["verdict"] == "cannot tell"


def test_difference_is_turned_round():
    rng = np.random.default_rng(1)
    a, b = series(rng.random(60)), series(rng.random(60))
    one, other = paired_difference(a, b, 300, 2), paired_difference(b, a, 300, 2)
    assert one["delta"] == pytest.approx(-other["delta"])
    assert one["low"] == pytest.approx(-other["high"]) and one["high"] == pytest.approx(-other["low"])


def test_only_common_users_count_whatever_their_order():
    a, b = series([1, 0, 5, np.nan], users=[1, 2, 3, 4]), series([9, 0, 1, 1], users=[7, 1, 2, 4])
    difference = paired_difference(a, b, 300, 0)
    assert difference["n"] == 2 and difference["delta"] == 0  # user 1: 1 - 0, user 2: 0 - 1
    assert (difference["low"], difference["high"]) == (-1, 1)
    assert paired_difference(a[::-1], b, 300, 0) == difference
    c = series(np.random.default_rng(0).random(9))
    assert paired_difference(c[::-1], 0 * c[::-1], 300, 0) == paired_difference(c, 0 * c, 300, 0)


def test_identical_systems_cannot_be_told_apart():
    a = series([0, 1, 0, 1])
    nothing = {"delta": 0, "low": 0, "high": 0, "n": 4, "p": 1, "detectable": 0, "verdict": "cannot tell"}
    assert paired_difference(a, a, 100, 0) == nothing


def test_one_common_user_decides_nothing():
    assert paired_difference(series([1]), series([0]), 100, 0)["verdict"] == "cannot tell"


def test_no_common_user_is_an_error():
    with pytest.raises(StudyError, match="share no evaluated user"):
        paired_difference(series([1], users=[1]), series([1], users=[2]), 100, 0)


def test_ratio_agrees_with_scipy():
    rng = np.random.default_rng(4)
    below = rng.random(60)
    above = below * rng.random(60)
    oracle = scipy.stats.bootstrap(
        (above, below),
        lambda a, b: a.mean(-1) / b.mean(-1),
        paired=True,
        vectorized=False,
        n_resamples=500,
        method="percentile",
        rng=5,
    )
    interval = ratio_interval(above, below, 500, 5)
    assert interval["value"] == pytest.approx(above.mean() / below.mean()) and interval["n"] == 60
    assert interval["low"] == pytest.approx(oracle.confidence_interval.low, rel=0.05)
    assert interval["high"] == pytest.approx(oracle.confidence_interval.high, rel=0.05)


def test_a_ratio_to_nothing_has_no_value():
    interval = ratio_interval(np.zeros(5), np.zeros(5), 50, 0)
    assert np.isnan([interval[bound] for bound in ("value", "low", "high")]).all()
    assert ratio_interval(np.ones(5), np.ones(5), 50, 0) == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 5}


def test_randomisation_by_hand():
    """Four users, all better by different amounts: 2 of the 16 sign patterns are as extreme, so p = 2 / 16."""
    found = paired_difference(series([1, 2, 3, 4]), series([0, 0, 0, 0]), 100, 0)
    assert found["p"] == pytest.approx(2 / 16) and found["verdict"] == "cannot tell"


def test_randomisation_agrees_with_the_t_test_on_normal_differences():
    difference = np.random.default_rng(3).normal(0.15, 1, 200)
    found = paired_difference(series(difference), series(np.zeros(200)), 100, 0)
    assert found["p"] == pytest.approx(scipy.stats.ttest_1samp(difference, 0).pvalue, rel=0.15)


def test_equal_systems_are_not_distinguishable():
    found = paired_difference(series([0, 1, 1]), series([0, 1, 1]), 50, 0)
    assert found["p"] == 1 and found["delta"] == 0 and found["verdict"] == "cannot tell"


def test_holm_by_hand():
    family = [{"delta": d, "p": p, "verdict": ""} for d, p in ((0.1, 0.01), (-0.2, 0.04), (0.3, 0.03), (-0.1, 0.005))]
    corrected = holm(family)  # sorted .005 .01 .03 .04, times 4 3 2 1, made to rise
    assert [round(row["p_holm"], 10) for row in corrected] == [0.03, 0.06, 0.06, 0.02]
    assert [row["verdict"] for row in corrected] == ["better", "cannot tell", "cannot tell", "worse"]


@pytest.mark.slow
def test_the_detectable_difference_is_found_four_times_in_five():
    rng = np.random.default_rng(0)
    delta = minimum_detectable(rng.normal(0, 1, 100_000)) * np.sqrt(100_000 / 50)  # what 50 users would show
    found = [scipy.stats.ttest_1samp(rng.normal(delta, 1, 50), 0).pvalue < 0.05 for _ in range(2000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.04)
    assert np.isnan(minimum_detectable([1.0]))


def test_an_exact_rate_has_an_upper_limit_where_nothing_was_hit():
    rate = exact_rate([False] * 943)
    assert (
        rate["value"] == rate["low"] == 0 and rate["high"] == pytest.approx(1 - 0.025 ** (1 / 943)) and rate["n"] == 943
    )
    assert np.isnan(exact_rate([])["value"])


def test_auc_by_hand_and_its_ends():
    """Pairs of a right and a wrong one: 3 above 1, 3 above 2, 2 above 1, and 2 level with 2: 3.5 of 4."""
    found = auc_interval([3, 2, 1, 2], [True, True, False, False], 200, 0)
    assert found["value"] == 0.875 and found["low"] <= 0.875 <= found["high"] == 1.0 and found["n"] == 4
    rng = np.random.default_rng(0)
    right, noise = rng.random(400) < 0.2, rng.normal(size=400)
    assert auc_interval(right + noise * 1e-3, right, 50, 0)["value"] == 1.0
    blind = auc_interval(noise, right, 200, 0)
    assert blind["low"] < 0.5 < blind["high"]
    assert np.isnan(auc_interval(noise, np.ones(400, bool), 20, 0)["value"])
