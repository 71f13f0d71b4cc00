"""What each switch of an evaluation does to a number, whichever is turned first: Shapley values.

Shapley (1953), A Value for n-Person Games. Turned one after the other, a switch gets what it changes at its place in
the order; its Shapley value is the mean of that over all orders.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain, combinations

import numpy as np


def subsets(switches: Sequence[str]) -> list[frozenset[str]]:
    """All sets of the switches, the empty one first and the whole one last."""
    sizes = range(len(switches) + 1)
    return [frozenset(names) for names in chain.from_iterable(combinations(switches, size) for size in sizes)]


def shapley_values(
    values: Mapping[frozenset[str], float | np.ndarray], switches: Sequence[str]
) -> dict[str, float | np.ndarray]:
    """Switch -> its mean change over all orders; together they are the change from none turned to all of them.

    values: set of turned switches -> what is measured then, a number or an array of any shape; of every subset
    """
    n = len(switches)
    share = [math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n) for size in range(n)]
    without = {switch: [turned for turned in values if switch not in turned] for switch in switches}
    return {
        switch: sum(share[len(turned)] * (values[turned | {switch}] - values[turned]) for turned in sets)
        for switch, sets in without.items()
    }
