"""The one training loop: AdamW, gradient clipping, early stopping on validation NDCG@10, a checkpoint every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch.nn.utils.rnn import pad_sequence
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from tqdm import tqdm

from dualrec.config import TrainingConfig
from dualrec.core.artifacts import atomic_path
from dualrec.core.batching import length_batches, mixed_batches
from dualrec.core.checkpoints import load_checkpoint, save_checkpoint
from dualrec.core.errors import StudyError
from dualrec.core.parallel import limit_threads
from dualrec.core.timing import spent
from dualrec.sequence.base import NextItemNetwork
from dualrec.sequence.losses import next_item_loss
from dualrec.sequence.scoring import network_ndcg
from dualrec.types import Cases, Sequences

MAX_NORM = 1.0


@spent("training")
@limit_threads(1)
def fit(
    model: NextItemNetwork,
    train: Sequences,
    validation: Cases,
    config: TrainingConfig,
    seed: int,
    checkpoint: Path | None,
) -> list[dict]:
    """Train a network in place, on one thread, and leave it with the weights of its best epoch.

    With more threads the weights would differ in their last bits, and with every number of cores in others.

    model: as it is before its first epoch
    train: one sequence per user
    validation: cases on which the best epoch is chosen
    config: training targets, optimiser and precision; weights, gradients and validation are float32 in either
    seed: of dropout and the order of the batches
    checkpoint: a folder, None for none; an interrupted call goes on after its last finished epoch and ends with the
        same weights

    Returns one dict per epoch: epoch (from 1), loss (nats per target), ndcg (validation NDCG@10), seconds.
    Raises StudyError where there is nothing to learn from, the loss is no longer a number, or this processor cannot
    train the network in the precision of `config`.
    """
    torch.manual_seed(seed)
    _require_precision(model, config)
    weights: dict[str, torch.Tensor] = dict(model.named_parameters())
    optimiser = torch.optim.AdamW(
        weights.values(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    samples = training_samples(train, config)
    history: list[dict] = []
    best = _copy(weights)
    if checkpoint:
        history = load_checkpoint(checkpoint / "last", weights, optimiser)
        if history:
            best = load_file(checkpoint / "best.safetensors")
    finished = len(history)
    schedule = _schedule(optimiser, -(-len(samples) // config.batch_size), config, finished)
    epochs = range(finished, config.epochs)
    progress = tqdm(epochs, type(model).__name__, unit="epoch", initial=finished, total=config.epochs)
    for epoch in progress:
        if _is_over(history, config.patience):
            break
        started = time.perf_counter()
        loss = _epoch(model, samples, config, optimiser, schedule, np.random.default_rng([seed, epoch]))
        accuracy = network_ndcg(model, validation, config)
        if accuracy > max((row["ndcg"] for row in history), default=-1.0):
            best = _copy(weights)
        seconds = time.perf_counter() - started
        history.append({"epoch": epoch + 1, "loss": loss, "ndcg": accuracy, "seconds": seconds})
        progress.set_postfix(loss=f"{loss:.3f}", ndcg=f"{accuracy:.4f}")
        if checkpoint:
            with atomic_path(checkpoint / "best.safetensors") as path:
                save_file(best, path)
            save_checkpoint(checkpoint / "last", weights, optimiser, history)
    with torch.no_grad():
        for name, value in weights.items():
            value.copy_(best[name])
    return history


def trains_lstms_in_bfloat16() -> bool:
    """Whether PyTorch can train an LSTM in bfloat16 on this processor, for which it needs AVX-512 or the like."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _require_precision(model: NextItemNetwork, config: TrainingConfig) -> None:
    """Raise StudyError where the network cannot be trained in its precision here."""
    recurrent = any(isinstance(module, torch.nn.LSTM) for module in model.modules())
    on_processor = next(model.parameters()).device.type == "cpu"
    if config.precision == "bfloat16" and recurrent and on_processor and not trains_lstms_in_bfloat16():
        raise StudyError(
            'PyTorch cannot train an LSTM in bfloat16 on this processor; set precision = "float32" in its table of the '
            "profile, or use a processor with AVX-512"
        )


def training_samples(train: Sequences, config: TrainingConfig) -> list[torch.Tensor]:
    """The sequences cut into training samples, int64 (length,), each at least an input and a target.

    train: one sequence per user
    config: its `targets` say how the sequences are cut
        "all": consecutive pieces of up to `window` targets; a piece begins with the item before its first target
        "windows": one piece per target, as published: up to `window` items and the item that follows them

    Raises StudyError where no sequence has two events.
    """
    pieces: list[torch.Tensor] = []
    for row in range(len(train)):
        sequence = torch.tensor(train.sequence(row))
        if config.targets == "all":
            starts = range(0, len(sequence) - 1, config.window)
            pieces += [sequence[start : start + config.window + 1] for start in starts]
        else:
            pieces += [sequence[max(0, end - config.window) : end + 1] for end in range(1, len(sequence))]
    if not pieces:
        raise StudyError(
            "no training sequence has two events, so there is nothing to learn from; raise min_events in [split]"
        )
    return pieces


def batches(
    samples: list[torch.Tensor], config: TrainingConfig, rng: np.random.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Pairs of inputs and targets, both int64 (B, T), padded with 0 on the right.

    samples: as `training_samples` cuts them
    config: whether batches are mixed; with `targets` = "windows" only the last target of a sample counts, and the
        others are 0
    rng: draws the order of the batches
    """
    lengths, size = [len(sample) for sample in samples], config.batch_size
    for rows in mixed_batches(len(lengths), size, rng) if config.mixed_batches else length_batches(lengths, size, rng):
        padded = pad_sequence([samples[row] for row in rows], batch_first=True)  # (B, T + 1)
        inputs, targets = padded[:, :-1], padded[:, 1:].clone()
        if config.targets == "windows":
            last = torch.tensor([len(samples[row]) - 2 for row in rows])
            targets[torch.arange(targets.shape[1]) != last[:, None]] = 0
        yield inputs, targets


def _epoch(
    model: NextItemNetwork,
    samples: list[torch.Tensor],
    config: TrainingConfig,
    optimiser: Optimizer,
    schedule: LRScheduler,
    rng: np.random.Generator,
) -> float:
    """Train on every sample once; returns the mean loss per target."""
    model.train()
    device = next(model.parameters()).device
    total_loss = 0.0
    n_targets = 0
    for inputs, targets in batches(samples, config, rng):
        # The loss costs more than all else, so it is computed at real targets only.
        places = targets.flatten().nonzero()[:, 0]
        wanted = targets.flatten()[places]
        loss = _loss(model, inputs.to(device), places.to(device), wanted.to(device), config.precision)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimiser.step()
        schedule.step()
        value = loss.item()  # a GPU is waited for here alone
        if not math.isfinite(value):
            raise StudyError(
                f"the loss is no longer a number; lower learning_rate ({config.learning_rate}) in the profile"
            )
        total_loss += value * len(wanted)
        n_targets += len(wanted)
    return total_loss / n_targets


def _loss(
    model: NextItemNetwork, inputs: torch.Tensor, places: torch.Tensor, wanted: torch.Tensor, precision: str
) -> torch.Tensor:
    """The mean cross-entropy, in nats, of the targets that are no padding.

    inputs: int64 (B, T)
    places: int64 (M,), where the targets are among the B · T positions
    wanted: int64 (M,), the targets
    precision: "bfloat16" rounds what enters and leaves each product, the logits, too; their softmax is float32
    """
    if precision == "float32":
        table = model.item_table()
        states = model(inputs, table).flatten(0, 1).index_select(0, places)  # (M, dim)
        return next_item_loss(*model.head(states, table), wanted)
    with torch.autocast(inputs.device.type, torch.bfloat16):
        table = model.item_table()
        states = model(inputs, table).flatten(0, 1).index_select(0, places)
        logits = model.logits(states, table)  # (M, N + 1)
    return F.cross_entropy(logits.float(), wanted)


def _schedule(optimiser: Optimizer, steps: int, config: TrainingConfig, finished: int) -> LRScheduler:
    """Linear warm-up and decay over all epochs, or a constant rate.

    steps: per epoch
    finished: epochs that are already behind
    """
    total = steps * config.epochs
    risen = round(config.warmup * total)

    def share(step: int) -> float:
        """Of the rate. transformers offers the same schedule, and takes seconds to import."""
        if not config.warmup:
            return 1.0
        return step / risen if step < risen else (total - step) / max(1, total - risen)

    return LambdaLR(optimiser, share, last_epoch=steps * finished - 1)


def _is_over(history: list[dict], patience: int) -> bool:
    """Whether the last `patience` epochs brought nothing better than what was there before."""
    accuracies = [row["ndcg"] for row in history]
    return len(accuracies) > patience and max(accuracies[-patience:]) <= max(accuracies[:-patience])


def _copy(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights as they are now."""
    return {name: value.detach().clone() for name, value in weights.items()}
