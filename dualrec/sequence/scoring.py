"""What a trained network makes of histories: scores to be ranked with, and the accuracy that ends its training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from dualrec.config import TrainingConfig
from dualrec.core.batching import sorted_batches
from dualrec.evaluation.ranks import ndcg
from dualrec.sequence.base import NextItemNetwork, mask_seen
from dualrec.sequence.ranking import ndcg_at_10
from dualrec.types import Cases, Sequences


class _AsTrained(NamedTuple):
    """A network as far as it is trained, to be ranked with."""

    network: NextItemNetwork
    config: TrainingConfig

    def scores(self, histories: Sequences) -> np.ndarray:
        return score(self.network, histories, self.config)


@torch.inference_mode()
def score(model: NextItemNetwork, histories: Sequences, config: TrainingConfig, batch_size: int = 256) -> np.ndarray:
    """float32 (n, N + 1): logits after the last item of each history; seen items and padding are -inf.

    The network sees as much of a history as of a training sample; an empty history counts as one padding item.
    """
    model.eval()
    scores = np.empty((len(histories), len(model.item_table())), np.float32)
    for rows, logits in _logits(model, histories, config, batch_size):
        scores[rows] = logits.cpu().numpy()
    return mask_seen(scores, histories)


def network_ndcg(model: NextItemNetwork, cases: Cases, config: TrainingConfig) -> float:
    """Mean NDCG@10 of the targets among all items, after each epoch.

    On a GPU ranks are counted where the scores are: to copy those of all users takes longer than an epoch.
    """
    if next(model.parameters()).device.type == "cpu":
        return ndcg_at_10(_AsTrained(model, config), cases)
    return float(ndcg(ranks_on_device(model, cases, config), 10).mean())


@torch.inference_mode()
def ranks_on_device(model: NextItemNetwork, cases: Cases, config: TrainingConfig, batch_size: int = 256) -> np.ndarray:
    """int64 (n,): the 1-based rank of each target among all items, as `base.target_ranks` says it of `score`."""
    model.eval()
    device = next(model.parameters()).device
    ranks = torch.empty(len(cases), dtype=torch.int64, device=device)
    for rows, logits in _logits(model, cases.history, config, batch_size):
        seen = cases.history.take(rows).excluded
        users = np.repeat(np.arange(len(rows)), seen.lengths)
        logits[torch.tensor(users, device=device), torch.tensor(seen.items, device=device)] = -torch.inf
        logits[:, 0] = -torch.inf
        targets = torch.tensor(cases.targets[rows, None], device=device)  # (B, 1)
        own = logits.gather(1, targets)
        before = torch.arange(logits.shape[1], device=device) < targets  # ties go to the lower index
        ahead = ((logits > own) | ((logits == own) & before)).sum(dim=1)
        found = torch.where(torch.isfinite(own[:, 0]), ahead + 1, logits.shape[1])
        ranks[torch.tensor(rows, device=device)] = found
    return ranks.cpu().numpy()


def _logits(
    model: NextItemNetwork, histories: Sequences, config: TrainingConfig, batch_size: int
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """Rows of histories, and the logits after their last items, float32 (rows, N + 1), where the network computes."""
    device = next(model.parameters()).device
    table = model.item_table()
    lengths = np.clip(histories.lengths, 1, config.window)
    for rows in sorted_batches(lengths, batch_size):
        width = lengths[rows].max()
        left_padded = histories.take(rows).recent(width)  # (B, T)
        right_padded = np.take_along_axis(left_padded, (np.arange(width) - lengths[rows, None]) % width, axis=1)
        states = model(torch.tensor(right_padded, device=device), table)  # (B, T, dim)
        last_states = states[range(len(rows)), lengths[rows] - 1]  # (B, dim)
        yield rows, model.logits(last_states, table)
