"""`python -m dualrec.language.lora`: a profile's LoRA adapter, trained by one process or, under `accelerate launch`, by several."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Annotated

import typer
from accelerate import PartialState

from dualrec import doctor, paths, systems
from dualrec.errors import StudyError
from dualrec.language.local import load_llm
from dualrec.language.lora import read_history
from dualrec.study import open_study

PATIENCE = timedelta(days=1)  # how long a process may wait for the main one, which fits the LSTM first


def tune(
    profile: Annotated[str, typer.Option(help="A profile's name or a .toml file.")] = paths.DEFAULT_PROFILE,
    seed: Annotated[int, typer.Option(help="Seed of adapter, batches, dropout and subsets.")] = 0,
) -> None:
    """Train a profile's LoRA adapter, or go on where an earlier call stopped; the notebooks and `evaluate` read it back.

    Examples:

      python -m dualrec.language.lora --profile laptop

      accelerate launch --num_processes 4 -m dualrec.language.lora --profile paper
    """
    processes = PartialState(timeout=PATIENCE)
    with processes.main_process_first():  # downloads, converts and fits once; the others read what it kept
        study = open_study(profile, seed)
        doctor.require(study.profile)
        llm = load_llm(study.profile.llm.model)
        data = systems.lora_data(study, llm)
    folder = systems.tune(study, llm, data)
    if processes.is_main_process:
        for row in read_history(folder):
            train = "" if row["train_loss"] is None else f"training loss {row['train_loss']:.4f}, "
            print(f"epoch {row['epoch']}: {train}validation loss {row['validation_loss']:.4f}, NDCG {row['ndcg']:.4f}")
        print(f"adapter and history in {paths.readable(folder)}")


def main() -> None:
    """Run the command; an error the user can mend is one line on stderr and exit code 1 (wrong usage: 2)."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(tune)
    try:
        app(prog_name="dualrec.language.lora")
    except StudyError as error:
        print(f"dualrec.language.lora: {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        PartialState().destroy_process_group()
