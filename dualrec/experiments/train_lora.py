"""`python -m dualrec.experiments.train_lora`: a profile's LoRA adapter, trained by one process or by several.

`accelerate launch` starts one process for each GPU, `torchrun` as many as are asked for on processors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import torch
import typer
from accelerate import PartialState
from transformers import get_cosine_schedule_with_warmup

from dualrec.core import paths, shell
from dualrec.core.errors import StudyError
from dualrec.core.machine import pick_device, pick_dtype
from dualrec.llm.finetuning.lora import read_history
from dualrec.llm.finetuning.memory import GIB, Memory, estimate, free_memory, require_memory, skeleton
from dualrec.llm.local import load_config, load_llm
from dualrec.study import Study, open_study
from dualrec.systems import lora as teaching
from dualrec.workflow import doctor

PATIENCE = timedelta(days=1)  # how long a process may wait for the main one, which fits the LSTM first
TITLE_TOKENS = 16  # of a line of an answer, at most in the mean


@dataclass(frozen=True)
class Plan:
    """What a training will be, known before a weight is loaded."""

    train: int  # examples
    validation: int
    batches: int  # per epoch
    steps: int  # updates in all epochs
    warmup: int  # of them
    rates: list[float]  # learning rate of every step
    memory: Memory  # per process

    def __str__(self) -> str:
        return (
            f"data: {self.train} training and {self.validation} validation examples\n"
            f"schedule: {self.batches} batches per epoch, {self.steps} steps, {self.warmup} of them warm-up; learning rate "
            f"{self.rates[0]:.2e} at first, {max(self.rates):.2e} at its peak, {self.rates[-1]:.2e} at last\n"
            f"memory per process: {self.memory}"
        )


def plan(study: Study, processes: int = 1) -> Plan:
    """Count examples, steps and memory from the data and the model's configuration.

    Raises StudyError where the configuration is out of reach or no example is left to train on.
    """
    asked, config = study.profile.llm, study.profile.lora
    cases, validation = teaching.lora_cases(study)
    train = len(cases) - validation
    if train < 1:
        raise StudyError(
            f"of {study.data.name} {validation} users have enough events for LoRA's examples, and validation takes them all; lower "
            "validation_users in [lora] or titles in [llm]"
        )
    batches = -(-train // config.batch_size)
    steps = -(-batches // config.accumulation) * config.epochs
    warmup = round(config.warmup * steps)
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=config.learning_rate)
    (factor,) = get_cosine_schedule_with_warmup(optimiser, warmup, steps).lr_lambdas
    model = skeleton(load_config(asked.model), torch.bfloat16 if config.quantise else pick_dtype(pick_device()))
    rows, tokens = -(-config.batch_size // processes), asked.max_prompt_tokens + asked.titles * TITLE_TOKENS
    rates = [config.learning_rate * factor(step) for step in range(steps)]
    return Plan(train, validation, batches, steps, warmup, rates, estimate(model, config, rows, tokens, len(cases)))


def tune(
    profile: Annotated[str, typer.Option(help="A profile's name or a .toml file.")] = paths.DEFAULT_PROFILE,
    seed: Annotated[int, typer.Option(help="Seed of adapter, batches, dropout and subsets.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count examples, steps and memory, load no weights, and stop.")] = False,
) -> None:
    """Train a profile's LoRA adapter, or go on where an earlier call stopped; the notebooks and `evaluate` read it back.

    Examples:

      python -m dualrec.experiments.train_lora --profile paper --dry-run

      python -m dualrec.experiments.train_lora --profile laptop

      accelerate launch --num_processes 4 -m dualrec.experiments.train_lora --profile paper

      torchrun --nproc-per-node 2 -m dualrec.experiments.train_lora --profile laptop
    """
    processes = PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
    free = _free_per_process(processes)  # before any of them loads
    with processes.main_process_first():  # downloads, converts and fits once; the others read what it kept
        study = open_study(profile, seed)
        planned = plan(study, processes.num_processes)
        if processes.is_main_process:
            print(f"processes: {processes.num_processes}\n{planned}; {free / GIB:.2f} GiB are free")
        if dry_run:
            return
        doctor.require(study.profile)
        require_memory(planned.memory, free)
        llm = load_llm(study.profile.llm.model, quantise=study.profile.lora.quantise)
        data = teaching.lora_data(study, llm)
    folder = teaching.tune(study, llm, data)
    if processes.is_main_process:
        for row in read_history(folder):
            train = "" if row["train_loss"] is None else f"training loss {row['train_loss']:.4f}, "
            print(f"epoch {row['epoch']}: {train}validation loss {row['validation_loss']:.4f}, NDCG {row['ndcg']:.4f}")
        print(f"adapter and history in {paths.readable(folder)}")


def _free_per_process(processes: PartialState) -> float:
    """Bytes for each process: a GPU is one's own, a machine's memory is shared."""
    device = pick_device()
    return free_memory(device) / (1 if device.type == "cuda" else processes.num_processes)


def main() -> None:
    """Run the command, see `shell.run`."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(tune)
    try:
        shell.run(app, "dualrec.experiments.train_lora")
    finally:
        PartialState().destroy_process_group()


if __name__ == "__main__":
    main()
