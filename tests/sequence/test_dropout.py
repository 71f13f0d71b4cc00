"""Dropout by 16 bits a number: what the library's promises, with draws of its own."""

import pytest
import torch

from dualrec.sequence.dropout import Dropout


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_each_number_is_dropped_with_its_probability_and_the_mean_stays(p):
    torch.manual_seed(0)
    x = torch.ones(1001, 999)  # no multiple of four
    dropped = Dropout(p)(x)
    assert dropped.shape == x.shape and dropped.unique().tolist() == pytest.approx([0, 1 / (1 - p)], rel=1e-3)
    assert (dropped == 0).float().mean().item() == pytest.approx(p, abs=2e-3)  # four standard deviations
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    neighbours = (dropped[:, 1:] == 0) & (dropped[:, :-1] == 0)
    assert neighbours.float().mean().item() == pytest.approx(p * p, abs=3e-3)  # bits of one word are independent


def test_gradients_take_the_same_mask():
    torch.manual_seed(0)
    x = torch.randn(50, 7, requires_grad=True)
    dropped = Dropout(0.4)(x)
    dropped.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x, dropped)


def test_a_seed_repeats_the_draws():
    draws = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        draws.append(Dropout(0.5)(torch.ones(100)))
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


def test_nothing_is_dropped_in_use_or_at_probability_zero():
    x = torch.randn(5, 3)
    assert Dropout(0.5).eval()(x) is x and Dropout(0.0)(x) is x
