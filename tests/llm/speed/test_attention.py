"""Attention as plain products gives what torch's own gives, and refuses what it cannot do."""

import pytest
import torch
import torch.nn.functional as F

from dualrec.core.errors import StudyError
from dualrec.llm.speed.attention import GROUPED, AttentionFeature, attend, grouped_attention

CAUSAL = torch.tensor([[0.0, -torch.inf], [0.0, 0.0]])


def test_by_hand():
    """Two tokens, one head: the first sees itself; the second both, whose keys it likes equally."""
    query = torch.tensor([[[[1.0], [1.0]]]])
    key = torch.tensor([[[[2.0], [2.0]]]])
    value = torch.tensor([[[[10.0], [20.0]]]])
    attended, _ = attend(None, query, key, value, CAUSAL, scaling=1.0)
    assert attended.flatten().tolist() == [10.0, 15.0]


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-6), (torch.bfloat16, 0.02)])
def test_a_mask_says_who_is_seen(dtype, atol):
    """Four tokens of six query heads, five that they may see of two key heads, two rows."""
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, heads, n, 8, dtype=dtype) for heads, n in ((6, 4), (2, 5), (2, 5)))
    sees = torch.rand(2, 1, 4, 5) < 0.5
    sees[..., 0] = True
    mask = torch.zeros(sees.shape, dtype=dtype).masked_fill(~sees, -torch.inf)
    attended, _ = attend(None, query, key, value, mask, scaling=0.3)
    wanted = F.scaled_dot_product_attention(query, key, value, attn_mask=sees, scale=0.3, enable_gqa=True)
    torch.testing.assert_close(attended, wanted.transpose(1, 2), atol=atol, rtol=0)


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ({"sliding_window": 4}, "in a window of 4 tokens"),
        ({"softcap": 50.0}, "with scores capped at 50"),
        ({"s_aux": torch.zeros(1)}, "with attention sinks"),
    ],
)
def test_what_is_more_than_products_is_refused_and_named(tiny, feature, message):
    heads = torch.zeros(1, 1, 2, 1)
    with pytest.raises(AttentionFeature, match=message):
        attend(None, heads, heads, heads, CAUSAL, scaling=1.0, **feature)
    with (
        pytest.raises(StudyError, match=f"LlamaForCausalLM attends {message}, .* set llm.model"),
        grouped_attention(tiny.model),
    ):
        attend(None, heads, heads, heads, CAUSAL, scaling=1.0, **feature)
    assert tiny.model.config._attn_implementation == "sdpa"


def test_a_model_attends_so_within_the_block_alone(tiny):
    with pytest.raises(ZeroDivisionError), grouped_attention(tiny.model):
        assert tiny.model.config._attn_implementation == GROUPED
        raise ZeroDivisionError
    assert tiny.model.config._attn_implementation == "sdpa"
