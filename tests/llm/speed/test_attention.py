import pytest
import torch
import torch.nn.functional as F

from dualrec.llm.speed.attention import attend


def heads(
    tokens: int, seen: int, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Six query heads, and two of keys and values, for two rows."""
    torch.manual_seed(0)
    return (
        torch.randn(2, 6, tokens, 8, dtype=dtype),
        torch.randn(2, 2, seen, 8, dtype=dtype),
        torch.randn(2, 2, seen, 8, dtype=dtype),
    )


def test_by_hand():
    """Two tokens, one head: the first sees itself; the second both, whose keys it likes equally."""
    query, key = torch.tensor([[[[1.0], [1.0]]]]), torch.tensor([[[[2.0], [2.0]]]])
    value = torch.tensor([[[[10.0], [20.0]]]])
    found, _ = attend(None, query, key, value, None, scaling=1.0)
    assert found.flatten().tolist() == [10.0, 15.0]


def test_a_mask_says_who_is_seen():
    query, key, value = heads(4, 5)
    mask = torch.rand(2, 1, 4, 5) < 0.5
    mask[..., 0] = True
    found, _ = attend(None, query, key, value, torch.zeros(mask.shape).masked_fill(~mask, -torch.inf), scaling=0.3)
    wanted = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=0.3, enable_gqa=True)
    torch.testing.assert_close(found, wanted.transpose(1, 2))


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.bfloat16, 0.05)])
def test_without_one_no_token_sees_what_comes_later_and_gradients_are_torchs_own(dtype, atol):
    ours, theirs = ([x.requires_grad_() for x in heads(7, 7, dtype)] for _ in range(2))
    found, _ = attend(None, *ours, None, scaling=0.3)
    wanted = F.scaled_dot_product_attention(*theirs, is_causal=True, scale=0.3, enable_gqa=True).transpose(1, 2)
    torch.testing.assert_close(found, wanted, atol=atol, rtol=0)
    for each in (found, wanted):
        each.square().sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=20 * atol, rtol=0)
