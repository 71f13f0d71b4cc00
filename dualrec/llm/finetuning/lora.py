"""LoRA fine-tuning (Hu et al. 2022, via peft): loss on the answer tokens only, best epoch kept, resumable at any step.

Several processes (`accelerate launch -m dualrec.experiments.train_lora`) share the rows of every batch and add up
their gradients: the update is the one that a process alone makes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import reduce
from peft import LoraConfig, PeftModel, get_peft_model
from tqdm import tqdm
from transformers import PreTrainedModel, get_cosine_schedule_with_warmup

from dualrec.config import LoRAConfig
from dualrec.core.artifacts import atomic_path, file_sha256, write_json
from dualrec.core.batching import length_batches
from dualrec.core.checkpoints import load_checkpoint, save_checkpoint
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.loss import Encoded, answer_loss, answer_tokens, encode, evaluate_loss, read_below
from dualrec.llm.inference.layer_slice import require_layers
from dualrec.llm.local import LLM
from dualrec.llm.speed.dropout import quicken_dropout

ADAPTER_FILE = "adapter_model.safetensors"
CHECKPOINT_SECONDS = 60.0  # what a kill may cost


def fine_tune(
    llm: LLM,
    train: list[Example],
    validation: list[Example],
    config: LoRAConfig,
    seed: int,
    folder: Path,
    validate: Callable[[], dict[str, float]] | None = None,
) -> list[dict]:
    """Train an adapter on `llm` and leave the best epoch's in `folder/adapter`.

    validate: measures the model as it is, before training and after each epoch; what it returns joins the epoch's dict
    Returns one dict per epoch (epoch 0 = untuned): train_loss and validation_loss in nats per answer token, seconds.
    An interrupted call goes on after its last checkpoint, in mid-epoch too, and ends with the same weights.
    Of several processes all call it with the same arguments and each measures all of `validation`; the main one alone writes.
    Raises StudyError where the model has fewer layers than shall get adapters.
    """
    model, trained = _with_adapter(llm.model, config, seed)
    held_out, run = encode(llm, validation), _Run(llm, encode(llm, train), trained, config, seed, folder / "checkpoint")
    if config.layers and len(run.history) <= config.epochs:
        below = llm.model.config.num_hidden_layers - config.layers
        run.encoded, held_out = (read_below(llm, part, below, config.batch_size) for part in (run.encoded, held_out))

    def row(epoch: int, train_loss: float | None, started: float) -> dict:
        measured = {"validation_loss": evaluate_loss(llm, held_out, config.batch_size)} | (validate() if validate else {})
        return {"epoch": epoch, "train_loss": train_loss} | measured | {"seconds": time.perf_counter() - started}

    if not run.history:
        run.history.append(row(0, None, time.perf_counter()) | {"seconds": 0.0})
    for epoch in range(len(run.history), config.epochs + 1):
        started = time.perf_counter()
        loss, before = run.epoch(epoch)
        found = row(epoch, loss, started - before)
        # Chosen by loss: over some thousand answer tokens it tells epochs apart where the ranks of a few dozen users do not.
        best = found["validation_loss"] < min((r["validation_loss"] for r in run.history[1:]), default=float("inf"))
        if best and run.processes.is_main_process:
            with atomic_path(folder / "adapter") as path:
                model.save_pretrained(path)
        run.history.append(found)
        run.save()
    if run.processes.is_main_process:
        write_json(folder / "history.json", run.history)
    run.processes.wait_for_everyone()  # what a call leaves is there when it returns
    model.unload()
    llm.model.activation_checkpointing_disable()
    return run.history


def merged(llm: LLM, folder: Path) -> LLM:
    """The model with the best epoch's adapter folded into its weights, as fast as the untuned one."""
    adapter = folder / "adapter"
    model = PeftModel.from_pretrained(llm.model, adapter).merge_and_unload().eval()
    model.requires_grad_(True)  # as loaded: with the frozen weights that peft leaves, a CPU takes three times the memory to read prompts
    return LLM(f"{llm.identity}+{file_sha256(adapter / ADAPTER_FILE)}", model, llm.tokenizer)


def read_history(folder: Path) -> list[dict]:
    """The epochs that `fine_tune` recorded."""
    return json.loads((folder / "history.json").read_text(encoding="utf-8"))


def _with_adapter(base: PreTrainedModel, config: LoRAConfig, seed: int) -> tuple[PeftModel, dict[str, torch.nn.Parameter]]:
    """The model with a fresh adapter (float32 whatever the base is in) in its upper layers, and the adapter's weights by name."""
    require_layers(base, config.layers, "lora")
    layers = base.config.num_hidden_layers
    torch.manual_seed(seed)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.modules),
        layers_to_transform=list(range(layers - config.layers, layers)) if config.layers else None,
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(base, lora)
    quicken_dropout(model)
    if config.checkpointing:  # after peft, and without gradients at the inputs, which both libraries ask for and none needs here
        base.activation_checkpointing_enable({"use_reentrant": False})
        base.disable_input_require_grads()
    return model, {name: p for name, p in model.named_parameters() if p.requires_grad}


class _Run:
    """Optimiser, schedule and what has been done so far; goes on where `checkpoint` ends."""

    def __init__(self, llm: LLM, encoded: list[Encoded], trained: dict, config: LoRAConfig, seed: int, checkpoint: Path):
        self.llm, self.encoded, self.trained, self.config, self.seed, self.checkpoint = llm, encoded, trained, config, seed, checkpoint
        self.processes = PartialState()
        self.optimiser = torch.optim.AdamW(trained.values(), lr=config.learning_rate, weight_decay=0.0, fused=True)
        self.history = load_checkpoint(checkpoint, trained, self.optimiser)
        fresh = {"step": 0, "loss": 0.0, "seconds": 0.0}
        self.unfinished = self.history.pop() if self.history and "step" in self.history[-1] else fresh
        batches = -(-len(encoded) // config.batch_size)
        steps = -(-batches // config.accumulation)
        done = steps * max(len(self.history) - 1, 0) + self.unfinished["step"]
        total = steps * config.epochs
        self.schedule = get_cosine_schedule_with_warmup(self.optimiser, round(config.warmup * total), total, last_epoch=done - 1)

    def epoch(self, epoch: int) -> tuple[float, float]:
        """The rest of a pass over the examples; returns the mean loss per answer token, and the seconds an earlier call spent on it."""
        self.llm.model.train()
        config, at = self.config, self.unfinished
        started = saved = time.perf_counter()
        before = at["seconds"]
        parts = length_batches([len(e) for e in self.encoded], config.batch_size, np.random.default_rng([self.seed, epoch]))
        steps = [parts[start : start + config.accumulation] for start in range(0, len(parts), config.accumulation)]
        bar = {"desc": "LoRA", "unit": "step", "mininterval": 10, "disable": not self.processes.is_main_process}
        for step in tqdm(range(at["step"], len(steps)), **bar, initial=at["step"], total=len(steps)):
            # Dropout is drawn by the step's place, not by what was drawn before it: a resumed run needs no earlier one.
            # Every process draws its own; the first draws what a process alone does.
            rank = self.processes.process_index
            place = np.random.SeedSequence([self.seed, epoch, step], spawn_key=(rank,) if rank else ())
            torch.manual_seed(int(place.generate_state(1)[0]))
            at["loss"] += self._step([[self.encoded[i] for i in rows] for rows in steps[step]])
            at["step"], now = step + 1, time.perf_counter()
            at["seconds"] = before + now - started
            if now - saved >= CHECKPOINT_SECONDS:
                self.save()
                saved = now
        self.unfinished = {"step": 0, "loss": 0.0, "seconds": 0.0}
        return at["loss"] / answer_tokens(self.encoded), before

    def _step(self, batches: list[list[Encoded]]) -> float:
        """One update from the mean loss per answer token of all batches together; returns the summed loss."""
        tokens, total = sum(map(answer_tokens, batches)), 0.0
        rank, processes = self.processes.process_index, self.processes.num_processes
        for batch in batches:
            if share := batch[rank::processes]:  # every n-th row of rows sorted by length: about as much work for each
                loss, _ = answer_loss(self.llm, share)
                (loss / tokens).backward()
                total += loss.item()
        if processes > 1:
            for p in self.trained.values():
                p.grad = reduce(torch.zeros_like(p) if p.grad is None else p.grad, "sum")
            total = reduce(torch.tensor(total, device=self.llm.model.device), "sum").item()
        torch.nn.utils.clip_grad_norm_(self.trained.values(), self.config.max_grad_norm)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad()
        return total

    def save(self) -> None:
        """Checkpoint: the finished epochs, then how far an unfinished one is."""
        if self.processes.is_main_process:
            save_checkpoint(self.checkpoint, self.trained, self.optimiser, self.history + [self.unfinished] * bool(self.unfinished["step"]))
