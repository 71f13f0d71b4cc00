# %% [markdown]
# # Exercises: the sequence model
#
# Everything here is judged on *validation* targets: `study.split.validation`. The test targets are for the end of a
# study.

# %%
import numpy as np
import torch
from torch import nn

from dualrec.evaluation.ranks import ndcg
from dualrec.sequence.base import NextItemNetwork, mask_seen, target_ranks
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model

study = open_study("smoke")
validation = study.split.validation
n_items = len(study.catalogue)

# %% [markdown]
# ## 1 · From scores to a hit rate
#
# `scores` below has one row per user and one column per item (column 0 is padding). Compute `hit_rate`, the share of
# the users whose validation target is among the ten best. `target_ranks(scores, targets)` gives the place of each
# target.

# %%
markov = fit_sequence_model(study, "markov")
scores = markov.scores(validation.history)

# %% solution
hit_rate = (target_ranks(scores, validation.targets) <= 10).mean()

# %% check
top_ten = np.argsort(-scores, axis=1, kind="stable")[:, :10]
assert np.isclose(hit_rate, (top_ten == validation.targets[:, None]).any(axis=1).mean())
print(f"HR@10 of the Markov chain on validation: {hit_rate:.3f}")

# %% [markdown]
# ## 2 · Two opinions are better than one?
#
# Mix the Markov chain with popularity: `mixed(weight)` returns `(1 - weight) * p_markov + weight * p_popular`, where
# each row of both is divided by its sum over unseen items. Choose the best of the weights on validation.

# %% solution
popularity_scores = fit_sequence_model(study, "popularity").scores(validation.history)


def shares(scores: np.ndarray) -> np.ndarray:
    """Scores (n, N + 1) as shares: each row adds up to one, and what was seen has none."""
    counts = np.where(np.isfinite(scores), scores, 0).clip(min=0)
    return counts / counts.sum(axis=1, keepdims=True).clip(min=1e-9)


def mixed(weight: float) -> np.ndarray:
    """Scores of the mixture: float (n, N + 1), -inf where an item was seen."""
    return mask_seen((1 - weight) * shares(scores) + weight * shares(popularity_scores), validation.history)


# %% check
weights = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
ndcg_of = {weight: ndcg(target_ranks(mixed(weight), validation.targets), 10).mean() for weight in weights}
assert abs(ndcg_of[1.0] - ndcg(target_ranks(popularity_scores, validation.targets), 10).mean()) < 0.005
assert max(ndcg_of.values()) >= ndcg_of[0.0]
print({weight: round(float(accuracy), 4) for weight, accuracy in ndcg_of.items()})

# %% [markdown]
# ## 3 · Replace the LSTM by a network of your own
#
# Any `NextItemNetwork` (in `dualrec/sequence/base.py`) with the methods `item_table`, `forward` and `head` can be
# trained by the study's loop. Write `Average`, which predicts from the *mean* of the embeddings of all items so far;
# no memory, no order. Its output weights are its item table.


# %% solution
class Average(NextItemNetwork):
    """The mean of what was seen so far, then one layer."""

    def __init__(self, n_items: int, dim: int):
        super().__init__()
        self.items = nn.Embedding(n_items + 1, dim, padding_idx=0)
        self.layer = nn.Linear(dim, dim)
        self.bias = nn.Parameter(torch.zeros(n_items + 1))

    def item_table(self) -> torch.Tensor:
        """The embeddings, (N + 1, dim)."""
        return self.items.weight

    def forward(self, items: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """(B, T) -> (B, T, dim); a position sees itself and what came before."""
        total = nn.functional.embedding(items, table).cumsum(dim=1)
        return self.layer(total / (items > 0).cumsum(dim=1).clamp(min=1)[..., None])

    def head(self, states: torch.Tensor, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(M, dim) states, the item table and a bias: an item's score is state · embedding + bias."""
        return states, table, self.bias


# %% check
network = Average(n_items, 32)
table = network.item_table()
items = torch.tensor([[3, 5, 7, 0], [3, 5, 9, 4]])
states = network(items, table)
assert states.shape == (2, 4, 32) and network.logits(states[:, -1], table).shape == (2, n_items + 1)
assert torch.allclose(states[0, 1], states[1, 1]), "what comes later must not change what is predicted here"
assert not torch.allclose(states[0, 2], states[1, 2])
print("ready for dualrec.sequence.training.fit")
