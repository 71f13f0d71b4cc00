"""Differences over users and seeds: by hand where there is little to draw, and as wide as both together."""

import numpy as np
import pytest

from dualrec.evaluation.statistics import holm
from dualrec.evaluation.two_way import two_way_difference


def test_two_users_and_one_seed_by_hand():
    """Differences 1 and 0: the mean of two draws is 0, 0.5 or 1 with probabilities 1/4, 1/2, 1/4."""
    found = two_way_difference(np.array([[3.0], [2.0]]), np.array([[2.0], [2.0]]), 4000, 0)
    assert (found["delta"], found["low"], found["high"]) == (0.5, 0, 1)
    assert (found["n"], found["seeds"], found["gain"]) == (2, 1, 0.25)
    assert found["p"] == pytest.approx(0.5, abs=0.05) and found["verdict"] == "cannot tell"


def test_seeds_that_disagree_widen_the_interval_where_users_do_not():
    """Every user gains 0.02, less or more by seed: users alone leave no doubt, and the seeds are all of it."""
    seeds = np.array([0.0, 0.01, 0.04, 0.03])
    found = two_way_difference(np.zeros((50, 4)) + seeds, np.zeros((50, 4)), 2000, 0)
    assert found["delta"] == pytest.approx(0.02) and np.isnan(found["gain"])
    deviation = seeds.std() / 2  # of a mean of four draws
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * deviation, rel=0.1)


def test_users_and_seeds_add_up():
    """Independent parts of users (variance 4) and seeds (variance 1): the variances of their means are added."""
    rng = np.random.default_rng(1)
    users, seeds = 2 * rng.standard_normal((400, 1)), rng.standard_normal((1, 25))
    values = users + seeds
    found = two_way_difference(values, np.zeros_like(values), 4000, 0)
    deviation = np.sqrt(users.var() / 400 + seeds.var() / 25)
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * deviation, rel=0.05)
    only_users = two_way_difference(users, np.zeros_like(users), 4000, 0)
    assert only_users["high"] - only_users["low"] == pytest.approx(2 * 1.96 * users.std() / 20, rel=0.05)


def test_what_is_always_better_has_the_smallest_p_and_its_mirror_image_is_worse():
    better = two_way_difference(np.ones((9, 2)), np.zeros((9, 2)), 999, 0)
    worse = two_way_difference(np.zeros((9, 2)), np.ones((9, 2)), 999, 0)
    assert better["p"] == worse["p"] == 2 / 1000 and (better["verdict"], worse["verdict"]) == ("better", "worse")
    same = two_way_difference(np.ones((9, 2)), np.ones((9, 2)), 999, 0)
    assert same["p"] == 1 and same["verdict"] == "cannot tell"
    corrected = holm([better, same, worse])
    assert [row["p_holm"] for row in corrected] == pytest.approx([0.006, 1, 0.006])


def test_a_true_null_is_rejected_no_more_often_than_it_may_be():
    """Two hundred pairs of arms that do not differ, with parts of users, seeds and of both together."""
    rejected = 0
    for number in range(200):
        rng = np.random.default_rng(number)
        noise = rng.standard_normal((60, 1)) + 0.3 * rng.standard_normal((1, 5)) + rng.standard_normal((60, 5))
        rejected += two_way_difference(noise, np.zeros((60, 5)), 500, 0)["p"] < 0.05
    assert rejected <= 24, "a fair test has 10, and five seeds are few"


def test_other_users_or_seeds_are_not_compared():
    for other in (np.zeros((3, 3)), np.zeros((2, 2)), np.zeros((0, 0))):
        with pytest.raises(ValueError, match="same users and seeds"):
            two_way_difference(np.zeros((3, 2)) if other.size else other, other, 10, 0)
