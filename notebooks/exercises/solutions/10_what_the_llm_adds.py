# %% [markdown]
# # Exercises: what a second model adds
#
# A cheap stand-in for the language model, item-kNN, shows the mechanics of fusion; the trie is the real one.

# %%
import numpy as np

from dualrec.llm.inference.title_trie import trie_of
from dualrec.rerank.fusion import search_weight, weighed
from dualrec.sequence.base import top_k
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model

study = open_study("smoke")
validation, test = study.split.validation, study.split.test

# %% [markdown]
# ## 1 · A trie by hand
#
# Three titles in tokens: `[1, 2, 9]`, `[1, 3, 9]`, `[4, 9]`; 9 ends a line. How many nodes does their trie have, the root included?
# Put it into `nodes`.

# %% solution
nodes = 8  # root; 1, 4; 2, 3, 9; 9, 9

# %% check
trie = trie_of([[1, 2, 9], [1, 3, 9], [4, 9]])
assert len(trie) == nodes
print(trie.token, trie.depth)

# %% [markdown]
# ## 2 · A second opinion must be chosen where it is not judged
#
# Weigh item-kNN beside the windowed Markov chain. `search_weight` gives the validation NDCG@10 for each weight; put the best one into
# `weight`, the smallest where several are equal.

# %%
chain, neighbours = fit_sequence_model(study, "windowed_markov"), fit_sequence_model(study, "item_knn")


def log_shares(model, histories) -> np.ndarray:
    """Scores as log-probabilities over unseen movies."""
    scores = model.scores(histories)
    counts = np.where(np.isfinite(scores), scores, 0).clip(min=0) + 1e-3
    return np.where(np.isfinite(scores), np.log(counts / counts.sum(axis=1, keepdims=True)), -np.inf)


searched = search_weight(log_shares(chain, validation.history), log_shares(neighbours, validation.history), validation.targets)

# %% solution
weight = float(searched.sort_values(["ndcg", "weight"], ascending=[False, True]).weight.iloc[0])

# %% check
assert searched.set_index("weight").ndcg[weight] == searched.ndcg.max()
assert weight == searched[searched.ndcg == searched.ndcg.max()].weight.min()
print(searched.round(4).to_string(index=False))

# %% [markdown]
# ## 3 · And now the test, once
#
# Apply that weight to the test histories and compute `gain`: per user 1, 0 or -1, whether the fused list of ten has the target and the
# chain's own has not, or the other way round.

# %% solution
own = log_shares(chain, test.history)
fused = weighed(own, log_shares(neighbours, test.history), weight)
in_own, in_fused = ((top_k(s, 10).items == test.targets[:, None]).any(axis=1).astype(int) for s in (own, fused))
gain = in_fused - in_own

# %% check
assert set(np.unique(gain)) <= {-1, 0, 1} and len(gain) == len(test)
print(f"{(gain > 0).sum()} users won, {(gain < 0).sum()} lost, of {len(gain)}")
