"""(b) LoRA: examples per second against the recipe of the released code; (f) its share of the machine's peak."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from benchmarks.flops import multiply, passes, squares, training_passes
from benchmarks.material import Material
from benchmarks.measure import in_turns, letter
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.lora import fine_tune
from dualrec.llm.finetuning.loss import encode
from dualrec.llm.local import LLM, load_llm

PADDED = 512  # tokens of every row of the released recipe


def lora(
    material: Material, released: LLM | None = None, examples: int = 32, rows: int = 8, repetitions: int = 3
) -> dict:
    """Examples per second in all epochs of `fine_tune`, with all it does before and after.

    The baseline are plain steps of the released recipe.

    released: the model in float32, which the released code computes in; loaded where it is not given
    examples: that `fine_tune` learns from
    rows: examples that the released recipe learns from
    """
    llm = material.llm
    config = material.study.profile.lora
    model = released or load_llm(material.study.profile.llm.model, torch.float32)
    pairs = material.examples(examples)
    few = pairs[:rows]
    ours, baseline = in_turns(_fine_tune(material, pairs), lambda: released_epoch(material, model, few), repetitions)
    facts = {"examples": [len(pairs), len(few)], "precision": [_precision(llm), _precision(model)]}
    facts |= {"padded_to": PADDED, "epochs": [config.epochs, 1]}
    return letter("b", "LoRA", config.epochs * len(pairs) / ours, len(few) / baseline, "examples/s", 8, **facts)


def lora_share(material: Material, examples: int = 32, side: int = 4096, repetitions: int = 3) -> dict:
    """FLOP per second of `fine_tune` against those of a product of two square matrices in the same precision.

    The tokens of prompts and answers are counted, and neither padding nor what the optimiser does.

    examples: that `fine_tune` learns from
    side: rows and columns of the matrices
    """
    llm = material.llm
    config = material.study.profile.lora
    pairs = material.examples(examples)
    encoded = encode(llm, pairs)
    lengths = [len(e) for e in encoded]
    answered = [sum(label >= 0 for label in e.labels) for e in encoded]
    work = training_passes(llm.model.config, lengths, answered, config.epochs)
    # the loss of one held-out example is measured before training and after each epoch
    work += (1 + config.epochs) * passes(llm.model.config, lengths[:1], answered[:1])
    matrices = squares(llm, side)
    ours, peak = in_turns(_fine_tune(material, pairs), lambda: multiply(*matrices), repetitions)
    facts = {"examples": len(pairs), "precision": _precision(llm), "side": side}
    return letter("f", "LoRA, share of peak", work / ours / 1e9, 2 * side**3 / peak / 1e9, "GFLOP/s", 0.45, **facts)


def _fine_tune(material: Material, pairs: list[Example]) -> Callable[[], None]:
    """All epochs on the examples, as the study fine-tunes."""
    study = material.study

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            fine_tune(material.llm, pairs, pairs[:1], study.profile.lora, study.seed, Path(folder))

    return run


def released_epoch(material: Material, llm: LLM, pairs: list[Example]) -> None:
    """Train as the released code does: batches of 2, a step after every second one, rows of 512 tokens.

    The loss is taken on every position: prompt, answer and padding.
    """
    config = material.study.profile.lora
    adapter = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.modules),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(llm.model, adapter).train()
    optimiser = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=config.learning_rate)
    pad = llm.tokenizer.pad_token_id
    device = llm.model.device
    encoded = [e.ids[:PADDED] for e in encode(llm, pairs)]
    for step, first in enumerate(range(0, len(encoded), 2), start=1):
        batch = encoded[first : first + 2]
        ids = torch.tensor([row + [pad] * (PADDED - len(row)) for row in batch], device=device)  # (2, 512)
        mask = torch.tensor([[1] * len(row) + [0] * (PADDED - len(row)) for row in batch], device=device)
        (model(input_ids=ids, attention_mask=mask, labels=ids).loss / 2).backward()
        if step % 2 == 0:
            optimiser.step()
            optimiser.zero_grad()
    model.unload()


def _precision(llm: LLM) -> str:
    return str(llm.model.dtype).removeprefix("torch.")
