"""Ranks that are counted where the network computes are those that are read off its scores."""

import numpy as np
import pytest
import torch

from dualrec.config import SASRecConfig, TrainingConfig
from dualrec.evaluation.ranks import ndcg
from dualrec.sequence.base import NextItemNetwork, target_ranks
from dualrec.sequence.sasrec import SASRec
from dualrec.sequence.scoring import network_ndcg, ranks_on_device, score
from dualrec.types import Cases, Sequences

N = 40
ATTENTION = SASRec(*2 * [torch.zeros(N + 1, 0)], SASRecConfig(dim=8, window=5))


class Coarse(NextItemNetwork):
    """Scores of three values at most, so that nearly all are tied, and NaN for one item."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randint(0, 3, (N + 1, 4), generator=torch.Generator().manual_seed(0)) / 1)

    def item_table(self):
        return self.table

    def forward(self, items, table):
        return table[items]

    def head(self, states, table):
        bias = torch.zeros(N + 1)
        bias[7] = torch.nan
        return states.clamp(0, 1) * torch.tensor([1.0, 0, 0, 0]), table, bias


def cases(repeats: bool) -> Cases:
    draws = np.random.default_rng(3)
    histories = [draws.permutation(N)[: draws.integers(0, 12)] + 1 for _ in range(60)]
    targets = draws.integers(1, N + 1, 60)  # some are seen, and may not be recommended
    targets[:3] = 7
    return Cases(Sequences.from_lists(range(60), histories, repeats), targets)


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 256])
@pytest.mark.parametrize("model", [Coarse(), ATTENTION], ids=["ties", "sasrec"])
def test_ranks_are_those_of_the_scores(model, batch_size, repeats):
    config, asked = TrainingConfig(window=5), cases(repeats)
    expected = target_ranks(score(model, asked.history, config, batch_size), asked.targets)
    np.testing.assert_array_equal(ranks_on_device(model, asked, config, batch_size), expected)
    if not repeats:
        assert (expected == N + 1).any()
    assert network_ndcg(model, asked, config) == pytest.approx(ndcg(expected, 10).mean())
