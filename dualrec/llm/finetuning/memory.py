"""What LoRA training needs in memory, from a model's configuration alone: no weights are loaded.

Activations are counted as what autograd keeps of a layer of the Llama family (Touvron et al. 2023) for its backward
pass, in the way of Korthikanti et al. (2022) but with frozen weights, whose inputs need not be kept, and attention that
keeps no scores (Dao et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import psutil
import torch
from accelerate import init_empty_weights
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from dualrec.config import LoRAConfig
from dualrec.core.errors import StudyError
from dualrec.llm.contract import decoder_layers, require_linear_modules
from dualrec.llm.finetuning.loss import PAD_TO

FLOAT = 4  # bytes; adapters, their gradients and Adam's two moments are in float32
FOUR_BITS = 0.5 + (8 + 32 / 256) / 64 / 8  # bytes of a weight: 4 bits, 8 for each 64 weights, 32 for each 256 of those
GIB = 2**30


@dataclass(frozen=True)
class Memory:
    """Bytes of one process.

    weights: of the model
    adapter: with its gradient and Adam's two moments
    activations: what the layers keep for the backward pass
    logits: with what the loss makes of them
    """

    weights: float
    adapter: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """All of it, in bytes."""
        return sum(vars(self).values())

    def __str__(self) -> str:
        parts = " + ".join(f"{name} {value / GIB:.2f}" for name, value in vars(self).items())
        return f"{self.total / GIB:.2f} GiB = {parts}"


def skeleton(config: PreTrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    """The causal LM of a configuration on the meta device: names, shapes and types without weights."""
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.tie_weights()  # shared weights count once; the way to the meta device parts them
    return model


def estimate(model: PreTrainedModel, lora: LoRAConfig, rows: int, tokens: int, answers: int) -> Memory:
    """What a training step needs, per process.

    model: loaded in whole weights or a `skeleton`, without adapters
    lora: the settings of the training
    rows: sequences per batch
    tokens: of each sequence
    answers: tokens of each sequence that the loss counts

    - weights: every weight in the model's type; where quantised, those of the decoder's linear layers at FOUR_BITS
    - adapter: rank * (inputs + outputs) weights per adapted linear layer, in float32, four times
    - activations: bytes per token and layer, b bytes a number: two norms' float32 inputs, 8 * hidden; queries, keys and
      values as attention sees them and its result, 4 * b * heads * head size; the MLP's gate before and after its
      activation and the other factor, 3 * b * intermediate; and per adapted linear layer its input with dropout, the
      factors of dropout, and the inner product, b * (2 * inputs + rank), where quantised in float32. With
      checkpointing: one such layer, and b * hidden for each
    - logits: three float32 numbers per answer token and word: the log-probability and two gradients
    Raises StudyError where lora names modules that the layers do not have.
    """
    require_linear_modules(model, lora.modules)
    config = model.config
    layers = decoder_layers(model)
    size = model.dtype.itemsize
    linear = [m for m in model.get_decoder().modules() if isinstance(m, torch.nn.Linear)]
    quantised = sum(m.in_features * m.out_features for m in linear) if lora.quantise else 0
    named = [(name.rpartition(".")[2], m) for name, m in layers[0].named_modules() if isinstance(m, torch.nn.Linear)]
    targets = [m for name, m in named if name in lora.modules]
    adapter = lora.rank * sum(m.in_features + m.out_features for m in targets) * len(layers)
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    attention = 4 * config.num_attention_heads * head_size
    layer = 8 * config.hidden_size + size * (attention + 3 * config.intermediate_size)
    layer += sum((FLOAT if lora.quantise else size) * (2 * m.in_features + lora.rank) for m in targets)
    kept = layer + len(layers) * size * config.hidden_size if lora.checkpointing else len(layers) * layer
    length = -(-tokens // PAD_TO) * PAD_TO
    weights = sum(p.numel() for p in model.parameters())
    return Memory(
        weights=(weights - quantised) * size + quantised * FOUR_BITS,
        adapter=4.0 * FLOAT * adapter,
        activations=float(rows * length * kept),
        logits=3.0 * FLOAT * rows * answers * config.vocab_size,
    )


def free_memory(device: torch.device) -> float:
    """Bytes that are free on a device; on a CPU, in the whole machine."""
    return torch.cuda.mem_get_info()[0] if device.type == "cuda" else psutil.virtual_memory().available


def require_memory(needed: Memory, free: float) -> None:
    """Raise StudyError where less than `needed` is free."""
    if needed.total > free:
        raise StudyError(
            f"LoRA training needs about {needed} per process, but {free / GIB:.2f} GiB are free; in [lora] of the "
            "profile lower batch_size and raise accumulation as much, set checkpointing = true, or, on a GPU with "
            'bitsandbytes, quantise = "4bit"'
        )
