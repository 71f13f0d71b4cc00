import pytest
import torch
from torch import nn

from dualrec.llm.speed.dropout import QuickDropout, quicken_dropout


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_share_of_p_is_dropped_and_the_mean_stays(p, dtype):
    torch.manual_seed(0)
    found = QuickDropout(p)(torch.ones(1001, 333, dtype=dtype)).float()
    assert (found == 0).float().mean().item() == pytest.approx(p, abs=4 * (p * (1 - p) / found.numel()) ** 0.5 + 2**-16)
    assert found.max().item() == pytest.approx(1 / (1 - p), rel=1e-2)
    assert found.mean().item() == pytest.approx(1, rel=1e-2)


def test_numbers_are_dropped_independently():
    """Four share one word of random bits."""
    torch.manual_seed(0)
    dropped = (QuickDropout(0.3)(torch.ones(100_000)) == 0).float().view(-1, 4)
    covariance = torch.cov(dropped.T) - 0.21 * torch.eye(4)
    assert covariance.abs().max() < 0.01


def test_it_is_drawn_from_the_seed_passes_gradients_and_rests_outside_of_training():
    layer, x = QuickDropout(0.4), torch.ones(3, 5, 7, requires_grad=True)
    torch.manual_seed(1)
    first = layer(x)
    torch.manual_seed(1)
    assert torch.equal(layer(x), first) and not torch.equal(layer(x), first)
    first.sum().backward()
    assert torch.equal(x.grad, first.detach())
    assert layer.eval()(x) is x


def test_it_takes_the_place_of_every_dropout():
    model = nn.Sequential(nn.Linear(2, 2), nn.ModuleDict({"default": nn.Dropout(0.25)}), nn.Identity())
    quicken_dropout(model)
    assert isinstance(model[1]["default"], QuickDropout) and model[1]["default"].threshold == 2**14
    assert isinstance(model[2], nn.Identity)
