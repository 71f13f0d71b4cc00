"""LoRA fine-tuning (Hu et al. 2022, via peft): loss on the answer tokens only, best epoch kept, resumable.

The released code pads to 512 tokens and takes the loss on prompt and padding too; here batches are padded to their
longest member, formed by length, and the vocabulary projection is computed at answer positions alone.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from tqdm import tqdm
from transformers import get_cosine_schedule_with_warmup

from dualrec.artifacts import atomic_path, file_sha256, write_json
from dualrec.batching import length_batches
from dualrec.checkpoints import load_checkpoint, save_checkpoint
from dualrec.language.examples import Example
from dualrec.language.local import LLM
from dualrec.profiles import LoRAConfig

IGNORE = -100
PAD_TO = 32  # few different shapes: what is freed after one step fits the next, so that memory does not creep up
ADAPTER_FILE = "adapter_model.safetensors"


def fine_tune(llm: LLM, train: list[Example], validation: list[Example], config: LoRAConfig, seed: int, folder: Path) -> list[dict]:
    """Train an adapter on `llm` and leave the best epoch's in `folder/adapter`.

    Returns one dict per epoch (epoch 0 = untuned): train_loss and validation_loss in nats per answer token, seconds.
    An interrupted call goes on after its last finished epoch and ends with the same weights.
    """
    torch.manual_seed(seed)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.modules),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(llm.model, lora)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    encoded, held_out = encode(llm, train), encode(llm, validation)
    steps = -(-len(encoded) // (config.batch_size * config.accumulation))
    optimiser = torch.optim.AdamW(trained.values(), lr=config.learning_rate, weight_decay=0.0)
    history = load_checkpoint(folder / "checkpoint", trained, optimiser)
    if not history:
        history = [{"epoch": 0, "train_loss": None, "validation_loss": evaluate_loss(llm, held_out, config), "seconds": 0.0}]
    schedule = get_cosine_schedule_with_warmup(
        optimiser, round(config.warmup * steps * config.epochs), steps * config.epochs, last_epoch=steps * (len(history) - 1) - 1
    )
    for epoch in range(len(history), config.epochs + 1):
        started = time.perf_counter()
        loss = _epoch(llm, encoded, model, trained, optimiser, schedule, config, np.random.default_rng([seed, epoch]))
        validation_loss = evaluate_loss(llm, held_out, config)
        best = min((row["validation_loss"] for row in history[1:]), default=float("inf"))
        if validation_loss < best:
            with atomic_path(folder / "adapter") as path:
                model.save_pretrained(path)
        seconds = time.perf_counter() - started
        history.append({"epoch": epoch, "train_loss": loss, "validation_loss": validation_loss, "seconds": seconds})
        save_checkpoint(folder / "checkpoint", trained, optimiser, history)
    write_json(folder / "history.json", history)
    model.unload()
    return history


def merged(llm: LLM, folder: Path) -> LLM:
    """The model with the best epoch's adapter folded into its weights, as fast as the untuned one."""
    adapter = folder / "adapter"
    model = PeftModel.from_pretrained(llm.model, adapter).merge_and_unload().eval()
    model.requires_grad_(True)  # as loaded: with the frozen weights that peft leaves, a CPU takes three times the memory to read prompts
    return LLM(f"{llm.identity}+{file_sha256(adapter / ADAPTER_FILE)}", model, llm.tokenizer)


def read_history(folder: Path) -> list[dict]:
    """The epochs that `fine_tune` recorded."""
    return json.loads((folder / "history.json").read_text(encoding="utf-8"))


def encode(llm: LLM, examples: list[Example]) -> list[tuple[list[int], list[int]]]:
    """(token ids, labels) per example; labels are IGNORE on the prompt. The answer ends with the end-of-turn token."""
    prompts = llm.tokenizer([e.prompt for e in examples], add_special_tokens=False).input_ids
    answers = llm.tokenizer([e.answer for e in examples], add_special_tokens=False).input_ids
    end = [llm.tokenizer.eos_token_id]
    return [(p + a + end, [IGNORE] * len(p) + a + end) for p, a in zip(prompts, answers, strict=True)]


def answer_loss(llm: LLM, batch: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, int]:
    """Summed cross-entropy over the answer tokens of a batch, and their number."""
    longest = max(len(ids) for ids, _ in batch)
    length = -(-longest // PAD_TO) * PAD_TO
    pad = llm.tokenizer.pad_token_id
    device = llm.model.device
    ids = torch.tensor([ids + [pad] * (length - len(ids)) for ids, _ in batch], device=device)  # (B, T)
    labels = torch.tensor([row + [IGNORE] * (length - len(row)) for _, row in batch], device=device)  # (B, T)
    mask = torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids, _ in batch], device=device)
    hidden = llm.model.get_decoder()(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state  # (B, T, d)
    wanted = labels[:, 1:] != IGNORE  # position t predicts token t + 1
    logits = llm.model.get_output_embeddings()(hidden[:, :-1][wanted]).float()  # (answer tokens, vocabulary)
    return F.cross_entropy(logits, labels[:, 1:][wanted], reduction="sum"), int(wanted.sum())


@torch.no_grad()
def evaluate_loss(llm: LLM, encoded: list, config: LoRAConfig) -> float:
    """Mean cross-entropy per answer token, in nats."""
    llm.model.eval()
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i][0]))
    parts = [
        answer_loss(llm, [encoded[i] for i in order[start : start + config.batch_size]])
        for start in range(0, len(order), config.batch_size)
    ]
    return float(sum(loss for loss, _ in parts) / sum(n for _, n in parts))


def _epoch(llm: LLM, encoded: list, model, trained: dict, optimiser, schedule, config: LoRAConfig, rng: np.random.Generator) -> float:
    """One pass over the examples; returns the mean loss per answer token."""
    model.train()
    parts = length_batches([len(ids) for ids, _ in encoded], config.batch_size, rng)
    total, tokens = 0.0, 0
    for step, rows in enumerate(tqdm(parts, desc="LoRA", unit="batch", mininterval=10), start=1):
        loss, n = answer_loss(llm, [encoded[i] for i in rows])
        (loss / n / config.accumulation).backward()
        total, tokens = total + loss.item(), tokens + n
        if step % config.accumulation == 0 or step == len(parts):
            torch.nn.utils.clip_grad_norm_(trained.values(), config.max_grad_norm)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
    return total / tokens
