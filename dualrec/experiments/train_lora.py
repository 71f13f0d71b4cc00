"""`python -m dualrec.experiments.train_lora`: a profile's LoRA adapter, trained by one process or by several.

`accelerate launch` starts one process for each GPU, `torchrun` as many as are asked for on processors.
"""

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
from dualrec.systems.lora import lora_cases, lora_data, train_adapter
from dualrec.workflow import doctor

TIMEOUT = timedelta(days=1)  # how long a process may wait for the main one, which fits the LSTM first
TITLE_TOKENS = 16  # of a line of an answer, at most in the mean


@dataclass(frozen=True)
class Plan:
    """What a training will take, known before a weight is loaded.

    train: training examples
    validation: validation examples
    batches: per epoch
    steps: updates in all epochs
    warmup: how many of the steps warm up
    rates: learning rate of every step
    memory: bytes per process
    """

    train: int
    validation: int
    batches: int
    steps: int
    warmup: int
    rates: list[float]
    memory: Memory

    def __str__(self) -> str:
        schedule = f"{self.batches} batches per epoch, {self.steps} steps, {self.warmup} of them warm-up"
        rates = f"{self.rates[0]:.2e} at first, {max(self.rates):.2e} at its peak, {self.rates[-1]:.2e} at last"
        return (
            f"data: {self.train} training and {self.validation} validation examples\n"
            f"schedule: {schedule}; learning rate {rates}\n"
            f"memory per process: {self.memory}"
        )


def plan(study: Study, processes: int = 1) -> Plan:
    """Count a training's examples, steps and memory from the data and the model's configuration.

    processes: among which the rows of a batch are shared

    Raises StudyError where the configuration is out of reach or no example is left to train on.
    """
    llm = study.profile.llm
    lora = study.profile.lora
    cases, validation = lora_cases(study)
    train = len(cases) - validation
    if train < 1:
        raise StudyError(
            f"of {study.data.name} {validation} users have enough events for LoRA's examples, and validation takes "
            "them all; lower validation_users in [lora] or titles in [llm]"
        )
    batches = -(-train // lora.batch_size)
    steps = -(-batches // lora.accumulation) * lora.epochs
    warmup = round(lora.warmup * steps)
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=lora.learning_rate)
    (factor,) = get_cosine_schedule_with_warmup(optimiser, warmup, steps).lr_lambdas
    rates = [lora.learning_rate * factor(step) for step in range(steps)]
    model = skeleton(load_config(llm.model), torch.bfloat16 if lora.quantise else pick_dtype(pick_device()))
    rows = -(-lora.batch_size // processes)
    answer_tokens = llm.titles * TITLE_TOKENS
    memory = estimate(model, lora, rows, llm.max_prompt_tokens + answer_tokens, answer_tokens)
    return Plan(train, validation, batches, steps, warmup, rates, memory)


def train(
    profile: Annotated[str, typer.Option(help="A profile's name or a .toml file.")] = paths.DEFAULT_PROFILE,
    seed: Annotated[int, typer.Option(help="Seed of adapter, batches, dropout and subsets.")] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count examples, steps and memory, load no weights, and stop.")
    ] = False,
) -> None:
    """Train a profile's LoRA adapter, or go on where an earlier call stopped; notebooks and `evaluate` read it back.

    Examples:

      python -m dualrec.experiments.train_lora --profile paper --dry-run

      python -m dualrec.experiments.train_lora --profile laptop

      accelerate launch --num_processes 4 -m dualrec.experiments.train_lora --profile paper

      torchrun --nproc-per-node 2 -m dualrec.experiments.train_lora --profile laptop
    """
    processes = PartialState(cpu=not torch.cuda.is_available(), timeout=TIMEOUT)
    free = _free_per_process(processes)  # before any of them loads
    with processes.main_process_first():  # downloads, converts and fits once; the others read what it kept
        study = open_study(profile, seed)
        training = plan(study, processes.num_processes)
        if processes.is_main_process:
            print(f"processes: {processes.num_processes}\n{training}; {free / GIB:.2f} GiB are free")
        if dry_run:
            return
        doctor.require(study.profile)
        require_memory(training.memory, free)
        llm = load_llm(study.profile.llm.model, quantise=study.profile.lora.quantise)
        data = lora_data(study, llm)
    folder = train_adapter(study, llm, data)
    if processes.is_main_process:
        _print_history(read_history(folder))
        print(f"adapter and history in {paths.readable(folder)}")


def _free_per_process(processes: PartialState) -> float:
    """Bytes for each process: a GPU is one's own, a machine's memory is shared."""
    device = pick_device()
    return free_memory(device) / (1 if device.type == "cuda" else processes.num_processes)


def _print_history(epochs: list[dict]) -> None:
    """One line per epoch; the first one, before any training, has no training loss."""
    for epoch in epochs:
        train_loss = "" if epoch["train_loss"] is None else f"training loss {epoch['train_loss']:.4f}, "
        validation = f"validation loss {epoch['validation_loss']:.4f}, NDCG {epoch['ndcg']:.4f}"
        print(f"epoch {epoch['epoch']}: {train_loss}{validation}")


def main() -> None:
    """Run the command, see `shell.run`."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(train)
    try:
        shell.run(app, "dualrec.experiments.train_lora")
    finally:
        PartialState().destroy_process_group()


if __name__ == "__main__":
    main()
