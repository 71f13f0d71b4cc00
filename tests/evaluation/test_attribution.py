"""Shapley values by hand, and what holds for any numbers: they add up, and what does nothing is worth nothing."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.evaluation.attribution import shapley_values, subsets


def test_a_pair_that_works_together_shares_what_it_brings():
    """Alone left brings 1 and right 2; together 7, so that each gets half of the 4 that neither brings alone."""
    values = dict(zip(subsets(["left", "right"]), [10.0, 11.0, 12.0, 17.0], strict=True))
    assert shapley_values(values, ["left", "right"]) == {"left": 3.0, "right": 4.0}


def test_the_empty_set_is_first_and_the_whole_last():
    found = subsets("abc")
    assert len(found) == 8 and found[0] == frozenset() and found[-1] == frozenset("abc") and len(set(found)) == 8


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=8))
def test_they_are_the_mean_over_all_orders(numbers):
    values = dict(zip(subsets("abc"), numbers, strict=True))
    found = shapley_values(values, "abc")
    assert sum(found.values()) == pytest.approx(numbers[-1] - numbers[0], abs=1e-9)
    for switch in "abc":
        orders = [order[: order.index(switch)] for order in permutations("abc")]
        changes = [values[frozenset({*before, switch})] - values[frozenset(before)] for before in orders]
        assert found[switch] == pytest.approx(np.mean(changes), abs=1e-9)


def test_arrays_are_taken_elementwise_and_a_switch_that_does_nothing_is_worth_nothing():
    values = {turned: np.array([0.5 * ("b" in turned), -1.0 * ("b" in turned)]) for turned in subsets("ab")}
    found = shapley_values(values, "ab")
    assert found["a"].tolist() == [0, 0] and found["b"].tolist() == [0.5, -1.0]
