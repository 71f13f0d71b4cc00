"""The small head that turns a reader's state into a ranking of the whole catalogue.

It is one linear map, then one product with the item table. The table is the sequence model's own (its items as that
model reads them), and stays as it is: the head has to learn where in that space a state points, not what each item
is, which a few thousand examples could not teach.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from dualrec.config import ReaderConfig
from dualrec.core.timing import spent
from dualrec.evaluation.ranks import ndcg
from dualrec.sequence.base import mask_seen, target_ranks, top_k
from dualrec.sequence.ranking import joined, row_batches
from dualrec.types import Cases, RankedLists, Sequences


class Head(nn.Module):
    """Scores every item of the catalogue from the state of a language model: (n, d) -> (n, N + 1).

    table: float32 (N + 1, width)
    mean: float32 (d,) of the training states
    scale: float32 (d,), their standard deviations, which differ a hundredfold between coordinates
    dropout: share of the coordinates of a state that training leaves out
    """

    table: torch.Tensor
    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, table: np.ndarray, mean: np.ndarray, scale: np.ndarray, dropout: float):
        super().__init__()
        self.register_buffer("table", torch.from_numpy(table))
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("scale", torch.from_numpy(scale))
        self.map = nn.Linear(len(mean), table.shape[1])
        self.bias = nn.Parameter(torch.zeros(len(table)))
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """(n, d) -> (n, N + 1)."""
        return self.map(self.dropout((states - self.mean) / self.scale)) @ self.table.T + self.bias

    @torch.inference_mode()
    def scores(self, states: np.ndarray, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1): log-probabilities over the catalogue; seen items and padding are -inf.

        states: float32 (n, d)
        histories: what each of the n users has seen
        """
        self.eval()
        return mask_seen(self(torch.from_numpy(states)).log_softmax(dim=1).numpy(), histories)

    def in_batches(self, states: np.ndarray, histories: Sequences) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows of users, in order, and the `scores` of them, see `ranking.in_batches`."""
        for rows in row_batches(len(states), len(self.table)):
            yield rows, self.scores(states[rows], histories.take(rows))

    def lists(self, states: np.ndarray, histories: Sequences, k: int) -> RankedLists:
        """The k best items of each of the n users.

        states: float32 (n, d)
        histories: what each of them has seen
        k: length of the lists
        """
        return joined([top_k(scores, k) for _, scores in self.in_batches(states, histories)])


@spent("training")
def fit_head(
    states: np.ndarray,
    targets: np.ndarray,
    table: np.ndarray,
    validation: tuple[np.ndarray, Cases],
    config: ReaderConfig,
    seed: int,
) -> tuple[Head, list[dict]]:
    """Learn a head and leave it at its best epoch by NDCG@10 on the validation cases.

    states: float32 (M, d)
    targets: int64 (M,)
    table: float32 (N + 1, width)
    validation: states float32 (n, d) and cases (n)
    config: optimiser and number of epochs
    seed: of the first weights, dropout and the order of the batches

    Returns the head and one dict per epoch: epoch (from 1), loss (nats per example), ndcg.
    """
    torch.manual_seed(seed)
    head = Head(table, states.mean(axis=0), states.std(axis=0) + 1e-3, config.dropout)
    n_batches = -(-len(states) // config.batch_size)
    optimiser = torch.optim.AdamW(head.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs * n_batches)
    inputs = torch.from_numpy(states)
    labels = torch.from_numpy(targets)
    rng = np.random.default_rng([seed, 3])
    validation_states, cases = validation
    history: list[dict] = []
    best = {}
    for epoch in range(1, config.epochs + 1):
        head.train()
        total_loss = 0.0
        for rows in np.array_split(rng.permutation(len(states)), n_batches):
            loss = F.cross_entropy(head(inputs[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total_loss += loss.item() * len(rows)
        scored = head.in_batches(validation_states, cases.history)
        ranks = np.concatenate([target_ranks(scores, cases.targets[rows]) for rows, scores in scored])
        accuracy = float(ndcg(ranks, 10).mean())
        if accuracy > max((row["ndcg"] for row in history), default=-1.0):
            best = {name: value.clone() for name, value in head.state_dict().items()}
        history.append({"epoch": epoch, "loss": total_loss / len(states), "ndcg": accuracy})
    head.load_state_dict(best)
    return head, history
