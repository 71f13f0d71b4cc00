# %% [markdown]
# # Exercises: what a second model adds
#
# A cheap stand-in for the language model, item-kNN, shows the mechanics of fusion; the trie is the real one.

# %%
import numpy as np

from dualrec.llm.inference.title_trie import trie_of
from dualrec.rerank.fusion import search_weight, weighed
from dualrec.sequence.base import SequenceModel, top_k
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Sequences

study = open_study("smoke")
validation = study.split.validation
test = study.split.test

# %% [markdown]
# ## 1 · A trie by hand
#
# Three titles in tokens: `[1, 2, 9]`, `[1, 3, 9]`, `[4, 9]`; 9 ends a line. How many nodes does their trie have, the
# root included? Put it into `nodes`.

# %% solution
nodes = 8  # root; 1, 4; 2, 3, 9; 9, 9

# %% check
trie = trie_of([[1, 2, 9], [1, 3, 9], [4, 9]])
assert len(trie) == nodes
print(trie.token, trie.depth)

# %% [markdown]
# ## 2 · A second opinion must be chosen where it is not judged
#
# Weigh item-kNN beside the windowed Markov chain. `search_weight` gives the validation NDCG@10 for each weight; put the
# best one into `weight`, the smallest where several are equal.

# %%
chain = fit_sequence_model(study, "windowed_markov")
neighbours = fit_sequence_model(study, "item_knn")


def log_shares(model: SequenceModel, histories: Sequences) -> np.ndarray:
    """Scores as log-probabilities over unseen items."""
    scores = model.scores(histories)
    counts = np.where(np.isfinite(scores), scores, 0).clip(min=0) + 1e-3
    return np.where(np.isfinite(scores), np.log(counts / counts.sum(axis=1, keepdims=True)), -np.inf)


chain_shares = log_shares(chain, validation.history)
neighbour_shares = log_shares(neighbours, validation.history)
grid = search_weight([(chain_shares, neighbour_shares, validation.targets)])

# %% solution
weight = float(grid.sort_values(["ndcg", "weight"], ascending=[False, True]).weight.iloc[0])

# %% check
assert grid.set_index("weight").ndcg[weight] == grid.ndcg.max()
assert weight == grid[grid.ndcg == grid.ndcg.max()].weight.min()
print(grid.round(4).to_string(index=False))

# %% [markdown]
# ## 3 · And now the test, once
#
# Apply that weight to the test histories and compute `gain`: per user 1, 0 or -1, whether the fused list of ten has the
# target and the chain's own has not, or the other way round.


# %% solution
def hits(scores: np.ndarray) -> np.ndarray:
    """int (n,): 1 where the test target is among the ten best."""
    return (top_k(scores, 10).items == test.targets[:, None]).any(axis=1).astype(int)


chain_scores = log_shares(chain, test.history)
fused_scores = weighed(chain_scores, log_shares(neighbours, test.history), weight)
gain = hits(fused_scores) - hits(chain_scores)

# %% check
assert set(np.unique(gain)) <= {-1, 0, 1} and len(gain) == len(test)
print(f"{(gain > 0).sum()} users won, {(gain < 0).sum()} lost, of {len(gain)}")
