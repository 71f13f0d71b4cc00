"""The small head that turns a reader's state into a ranking of the whole catalogue: one linear map, then one product with the item table.

The table is the sequence model's own (its items as that model reads them), and stays as it is: the head has to learn where in that
space a state points, not what each movie is, which a few thousand examples could not teach.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from dualrec.config import ReaderConfig
from dualrec.evaluation.ranks import ndcg
from dualrec.sequence.base import mask_seen, target_ranks
from dualrec.types import Cases, Sequences


class Head(nn.Module):
    """States (n, d) -> scores (n, N + 1).

    table: float32 (N + 1, width); mean, scale: float32 (d,) of the training states, which differ a hundredfold between coordinates
    """

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
        """float32 (n, N + 1): log-probabilities over the catalogue; seen items and padding are -inf."""
        self.eval()
        return mask_seen(self(torch.from_numpy(states)).log_softmax(dim=1).numpy(), histories)


def fit_head(
    states: np.ndarray, targets: np.ndarray, table: np.ndarray, validation: tuple[np.ndarray, Cases], config: ReaderConfig, seed: int
) -> tuple[Head, list[dict]]:
    """Learn a head and leave it at its best epoch by NDCG@10 on the validation states and cases.

    states: float32 (M, d); targets: int64 (M,); table: float32 (N + 1, width)
    Returns the head and one dict per epoch: epoch (from 1), loss (nats per example), ndcg.
    """
    torch.manual_seed(seed)
    head = Head(table, states.mean(axis=0), states.std(axis=0) + 1e-3, config.dropout)
    optimiser = torch.optim.AdamW(head.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.epochs * -(-len(states) // config.batch_size))
    x, y, rng = torch.from_numpy(states), torch.from_numpy(targets), np.random.default_rng([seed, 3])
    history, best = [], {}
    for epoch in range(1, config.epochs + 1):
        head.train()
        total = 0.0
        for rows in np.array_split(rng.permutation(len(states)), -(-len(states) // config.batch_size)):
            loss = F.cross_entropy(head(x[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(rows)
        told, cases = validation
        gain = float(ndcg(target_ranks(head.scores(told, cases.history), cases.targets), 10).mean())
        if gain > max((row["ndcg"] for row in history), default=-1.0):
            best = {name: value.clone() for name, value in head.state_dict().items()}
        history.append({"epoch": epoch, "loss": total / len(states), "ndcg": gain})
    head.load_state_dict(best)
    return head, history
