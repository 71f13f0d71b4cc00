"""LoRA fine-tuning (Hu et al. 2022, via peft): small matrices beside a frozen language model learn from examples.

The loss counts answer tokens only, the best epoch is kept, and an interrupted training goes on at its last checkpoint.
Several processes (`accelerate launch -m dualrec.experiments.train_lora`) share the rows of every batch and add up
their gradients: the update is the one that a process alone makes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

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
from dualrec.core.heap import return_free_memory
from dualrec.core.timing import spent
from dualrec.llm.contract import require_linear_modules
from dualrec.llm.finetuning.adapted_linear import AdaptedLinear
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.loss import Encoded, answer_loss, answer_tokens, encode, evaluate_loss
from dualrec.llm.local import LLM

ADAPTER_FILE = "adapter_model.safetensors"
CHECKPOINT_SECONDS = 60.0  # what a kill may cost


@spent("tuning")
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

    train: what is learned from
    validation: on which the loss is measured that chooses the epoch
    seed: of the adapter's first weights, the batches and dropout
    folder: where adapter, history and checkpoint are kept
    validate: measures the model as it is, before training and after each epoch; what it returns joins the epoch's dict
    Returns one dict per epoch (epoch 0 = untuned): train_loss and validation_loss in nats per answer token, seconds.
    An interrupted call goes on after its last checkpoint, in mid-epoch too, and ends with the same weights.
    Of several processes all call it with the same arguments and each measures all of `validation`; the main one writes.
    Raises StudyError where config names modules that the model's layers do not have.
    """
    model, trained = _with_adapter(llm.model, config, seed)
    held_out = encode(llm, validation)
    run = _Run(llm, encode(llm, train), trained, config, seed, folder / "checkpoint")

    def measured() -> dict[str, float]:
        loss = evaluate_loss(llm, held_out, config.batch_size)
        return {"validation_loss": loss} | (validate() if validate else {})

    if not run.history:
        run.history.append({"epoch": 0, "train_loss": None} | measured() | {"seconds": 0.0})
    for epoch in range(len(run.history), config.epochs + 1):
        started = time.perf_counter()
        train_loss, seconds_before = run.epoch(epoch)
        return_free_memory()  # validation reads in threads, which cannot use what training has freed
        row = {"epoch": epoch, "train_loss": train_loss} | measured()
        row["seconds"] = seconds_before + time.perf_counter() - started
        # By loss: over some thousand answer tokens it tells epochs apart where the ranks of a few dozen users do not.
        best_so_far = min((earlier["validation_loss"] for earlier in run.history[1:]), default=float("inf"))
        if row["validation_loss"] < best_so_far and run.processes.is_main_process:
            with atomic_path(folder / "adapter") as path:
                model.save_pretrained(str(path))
        run.history.append(row)
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
    # As loaded: with the frozen weights that peft leaves, a CPU takes three times the memory to read prompts.
    model.requires_grad_(True)
    return LLM(f"{llm.identity}+{file_sha256(adapter / ADAPTER_FILE)}", model, llm.tokenizer)


def read_history(folder: Path) -> list[dict]:
    """The epochs that `fine_tune` recorded."""
    return json.loads((folder / "history.json").read_text(encoding="utf-8"))


def _with_adapter(
    base: PreTrainedModel, config: LoRAConfig, seed: int
) -> tuple[PeftModel, dict[str, torch.nn.Parameter]]:
    """The model with a fresh adapter (float32 whatever the base is in), and the adapter's weights by name."""
    require_linear_modules(base, config.modules)
    torch.manual_seed(seed)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.modules),
        task_type="CAUSAL_LM",
    )
    if not getattr(base, "is_quantized", False):  # a 4-bit layer is a Linear too, but has no weights to multiply by
        lora._register_custom_module({torch.nn.Linear: AdaptedLinear})
    model = get_peft_model(base, lora)
    if config.checkpointing:
        # after peft, and without gradients at the inputs, which both libraries ask for and none needs here
        base.activation_checkpointing_enable({"use_reentrant": False})
        base.disable_input_require_grads()
    return model, {name: p for name, p in model.named_parameters() if p.requires_grad}


@dataclass
class _Progress:
    """How far an unfinished epoch is: its steps so far, the sum of their losses, and the seconds they took."""

    step: int = 0
    loss: float = 0.0
    seconds: float = 0.0


class _Run:
    """Optimiser, schedule and what has been done so far; goes on where `checkpoint` ends."""

    def __init__(
        self, llm: LLM, encoded: list[Encoded], trained: dict, config: LoRAConfig, seed: int, checkpoint: Path
    ):
        self.llm = llm
        self.encoded = encoded
        self.trained = trained
        self.config = config
        self.seed = seed
        self.checkpoint = checkpoint
        self.processes = PartialState()
        self.optimiser = torch.optim.AdamW(trained.values(), lr=config.learning_rate, weight_decay=0.0, fused=True)
        self.history = load_checkpoint(checkpoint, trained, self.optimiser)
        self.progress = _Progress()
        if self.history and "step" in self.history[-1]:
            self.progress = _Progress(**self.history.pop())
        batches = -(-len(encoded) // config.batch_size)
        steps = -(-batches // config.accumulation)
        done = steps * max(len(self.history) - 1, 0) + self.progress.step
        total = steps * config.epochs
        warmup = round(config.warmup * total)
        self.schedule = get_cosine_schedule_with_warmup(self.optimiser, warmup, total, last_epoch=done - 1)

    def epoch(self, epoch: int) -> tuple[float, float]:
        """The rest of a pass over the examples.

        Returns the mean loss per answer token, and the seconds that an earlier call spent on the pass.
        """
        self.llm.model.train()
        config = self.config
        progress = self.progress
        started = last_save = time.perf_counter()
        seconds_before = progress.seconds
        rng = np.random.default_rng([self.seed, epoch])
        batches = length_batches([len(example) for example in self.encoded], config.batch_size, rng)
        steps = [batches[first : first + config.accumulation] for first in range(0, len(batches), config.accumulation)]
        bar = {"desc": "LoRA", "unit": "step", "mininterval": 10, "disable": not self.processes.is_main_process}
        for step in tqdm(range(progress.step, len(steps)), **bar, initial=progress.step, total=len(steps)):
            # Dropout is drawn by the step's place, not by what was drawn before it: a resumed run needs no earlier one.
            # Every process draws its own; the first draws what a process alone does.
            rank = self.processes.process_index
            place = np.random.SeedSequence([self.seed, epoch, step], spawn_key=(rank,) if rank else ())
            torch.manual_seed(int(place.generate_state(1)[0]))
            progress.loss += self._step([[self.encoded[i] for i in rows] for rows in steps[step]])
            now = time.perf_counter()
            progress.step = step + 1
            progress.seconds = seconds_before + now - started
            if now - last_save >= CHECKPOINT_SECONDS:
                self.save()
                last_save = now
        self.progress = _Progress()
        return progress.loss / answer_tokens(self.encoded), seconds_before

    def _step(self, batches: list[list[Encoded]]) -> float:
        """One update from the mean loss per answer token of all batches together; returns the summed loss."""
        tokens = sum(map(answer_tokens, batches))
        rank = self.processes.process_index
        processes = self.processes.num_processes
        total = 0.0
        for batch in batches:
            if share := batch[rank::processes]:  # every n-th row of rows sorted by length: about as much work for each
                loss, _ = answer_loss(self.llm, share)
                (loss / tokens).backward()
                total += loss.item()
        if processes > 1:
            for p in self.trained.values():
                p.grad = reduce(torch.zeros_like(p) if p.grad is None else p.grad, "sum")
            total = cast(torch.Tensor, reduce(torch.tensor(total, device=self.llm.model.device), "sum")).item()
        torch.nn.utils.clip_grad_norm_(self.trained.values(), self.config.max_grad_norm)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad()
        return total

    def save(self) -> None:
        """Checkpoint: the finished epochs, then how far an unfinished one is."""
        if self.processes.is_main_process:
            unfinished = [vars(self.progress)] if self.progress.step else []
            save_checkpoint(self.checkpoint, self.trained, self.optimiser, self.history + unfinished)
