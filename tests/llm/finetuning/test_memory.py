"""Memory estimates: hand-worked on a tiny model, and against what autograd really keeps."""

from dataclasses import replace

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from dualrec.config import LoRAConfig
from dualrec.core.errors import StudyError
from dualrec.llm.finetuning.lora import _with_adapter
from dualrec.llm.finetuning.memory import GIB, Memory, estimate, require_memory, skeleton
from dualrec.llm.local import ARCHITECTURES

TINY = LlamaConfig(
    vocab_size=100, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
    num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True,
)  # fmt: skip
LORA = LoRAConfig(rank=2)


def test_estimate_by_hand():
    model = skeleton(TINY, torch.bfloat16)
    assert model.device.type == "meta"
    found = estimate(model, LORA, rows=3, tokens=10, answers=6)
    # A layer: q 16*16, k and v 8*16 each, o 16*16, MLP 3*16*32, two norms of 16.
    # Model: two of them, table 100*16, last norm.
    layer = 256 + 128 + 128 + 256 + 1536 + 32
    assert found.weights == 2 * (2 * layer + 1600 + 16)
    # A and B of q_proj (16 -> 16) and v_proj (16 -> 8): 2 * 32 + 2 * 24 numbers a layer, four times in float32.
    assert found.adapter == 2 * (64 + 48) * 4 * 4
    # 3 rows padded to 16 tokens. Norms 8*16, attention 2*4*16, MLP 2*3*32, two adapted products of 2*(2*16 + 2) each.
    token = 128 + 128 + 192 + 2 * 68
    assert found.activations == 3 * 16 * 2 * token
    assert found.logits == 3 * 6 * 100 * 12
    assert found.total == found.weights + found.adapter + found.activations + found.logits


def test_checkpointing_and_four_bits_by_hand():
    model = skeleton(TINY, torch.bfloat16)
    token = 584  # as above
    whole, thrifty, quantised = (
        estimate(model, replace(LORA, **settings), rows=1, tokens=8, answers=1)
        for settings in ({}, {"checkpointing": True}, {"quantise": "4bit"})
    )
    assert thrifty.activations == 8 * (token + 2 * 2 * 16)
    assert quantised.activations - whole.activations == 8 * 2 * 2 * 68  # adapted products in float32
    linear = 2 * (256 + 128 + 128 + 256 + 1536)
    assert whole.weights - quantised.weights == pytest.approx(linear * (2 - 0.5159), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("settings", [{}, {"modules": ("q_proj", "k_proj", "v_proj", "o_proj", "down_proj")}])
def test_activations_are_what_autograd_keeps(settings, dtype):
    """Bytes of distinct storages that the decoder saves for its backward pass, weights aside: at most a quarter off."""
    config = LlamaConfig(
        vocab_size=100, hidden_size=128, intermediate_size=344, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=2,
    )  # fmt: skip
    base, lora = LlamaForCausalLM(config).to(dtype), replace(LORA, **settings)
    expected = estimate(base, lora, rows=2, tokens=64, answers=1).activations
    model, _ = _with_adapter(base, lora, 0)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that its address is not given away again
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        base.train().get_decoder()(input_ids=torch.ones(2, 64, dtype=torch.long), use_cache=False)
    assert sum(size for size, _ in kept.values()) == pytest.approx(expected, rel=0.25)


def test_mistral_has_the_weights_it_is_known_for():
    model = skeleton(ARCHITECTURES["mistralai/Mistral-7B-Instruct-v0.3"], torch.bfloat16)
    assert sum(p.numel() for p in model.parameters()) == 7_248_023_552


def test_too_little_memory_says_what_is_needed_what_there_is_and_what_to_change():
    needed = Memory(weights=4 * GIB, adapter=GIB / 4, activations=2 * GIB, logits=GIB / 4)
    require_memory(needed, 7 * GIB)
    message = r"about 6.50 GiB = weights 4.00 .* but 6.00 GiB are free; .*batch_size.*checkpointing.*quantise"
    with pytest.raises(StudyError, match=message):
        require_memory(needed, 6 * GIB)
