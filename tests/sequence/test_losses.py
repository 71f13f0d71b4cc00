"""The loss in chunks is the library's, and so are its gradients."""

import pytest
import torch
from torch.nn import functional as F

from dualrec.sequence import losses
from dualrec.sequence.losses import next_item_loss


def tensors(positions: int, items: int, width: int, dtype=torch.float64) -> list[torch.Tensor]:
    torch.manual_seed(positions)
    shapes = ((positions, width), (items + 1, width), (items + 1,))
    return [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("chunk", [1, 35, 100, 10**6])
@pytest.mark.parametrize("positions", [1, 7, 30])
def test_it_is_the_mean_cross_entropy_with_its_gradients(monkeypatch, chunk, positions):
    monkeypatch.setattr(losses, "CHUNK", chunk)
    queries, keys, bias = tensors(positions, 9, 5)
    targets = torch.randint(1, 10, (positions,))
    expected = F.cross_entropy(queries @ keys.T + bias, targets)
    wanted = torch.autograd.grad(3 * expected, (queries, keys, bias))
    loss = next_item_loss(queries, keys, bias, targets)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(3 * loss, (queries, keys, bias)), wanted)


def test_finite_differences_agree():
    assert torch.autograd.gradcheck(lambda *parts: next_item_loss(*parts, torch.tensor([1, 4, 4])), tensors(3, 4, 2))


def test_logits_beyond_the_range_of_exp_are_no_trouble():
    queries, keys, bias = (1e3 * part.detach() for part in tensors(4, 6, 3, torch.float32))
    targets = torch.tensor([1, 2, 3, 4])
    expected = F.cross_entropy(queries @ keys.T + bias, targets)
    assert torch.isfinite(expected)
    torch.testing.assert_close(next_item_loss(queries, keys, bias, targets), expected)
