# %% [markdown]
# # Exercises: more to learn from
#
# What `make lora_examples` measured is on record; nothing has to be trained.

# %%
import numpy as np
import pandas as pd
import scipy.stats

from dualrec.core import paths
from dualrec.evaluation.results import side_runs

recorded = side_runs(paths.results(paths.DEFAULT_PROFILE))[paths.DEFAULT_PROFILE]["lora_examples"]
rows = pd.DataFrame(recorded["rows"])
training = pd.DataFrame(recorded["training"])


def ndcg(role: str, examples: int) -> list[float]:
    """One mean NDCG@10 per seed."""
    row = rows[(rows.role == role) & (rows.examples == examples)].iloc[0]
    return row.per_seed["NDCG@10"]


# %% [markdown]
# ## 1 · Less loss, better lists?
#
# Every training has a loss after it (`training.tuned`) and, for its number of examples and its seed, an NDCG@10 in each
# role. Compute `correlation(role)`: Spearman's rank correlation of loss and NDCG@10 over all trainings. Below zero,
# less loss goes with better lists.


# %% solution
def correlation(role: str) -> float:
    """Spearman's rho of loss and NDCG@10."""
    gains = [ndcg(role, row.examples)[row.seed] for row in training.itertuples()]
    return float(scipy.stats.spearmanr(training.tuned, gains).statistic)


# %% check
correlations = {role: correlation(role) for role in rows.role.unique()}
assert all(-1 <= rho <= 1 for rho in correlations.values())
assert correlations["llm_lora_trie"] < 0
print({role: round(rho, 2) for role, rho in correlations.items()})

# %% [markdown]
# ## 2 · How many seeds are enough?
#
# With s seeds whose means have the standard deviation d, their mean is known to about d / √s. How many seeds does it
# take to know the NDCG@10 of `llm_lora_trie` with the most examples to 0.002? Compute `seeds_needed` from the seeds on
# record (divide by s − 1 under the root).

# %% solution
per_seed = ndcg("llm_lora_trie", rows.examples.max())
seeds_needed = int(np.ceil((np.std(per_seed, ddof=1) / 0.002) ** 2))

# %% check
deviation = np.std(ndcg("llm_lora_trie", rows.examples.max()), ddof=1)
assert deviation / np.sqrt(seeds_needed) <= 0.002 < deviation / np.sqrt(max(seeds_needed - 1, 1e-9))
print(f"{seeds_needed} seeds; {len(recorded['seeds'])} are on record")

# %% [markdown]
# ## 3 · An honest maximum
#
# Notebook 12 warns that the best of several amounts of examples flatters. Choose the amount for `fused` in a way that
# does not: for each seed, take the amount that is best by the mean of the *other* seeds, and keep what it has with this
# one. Compute `honest`, the mean of what was kept, and `flattering`, the mean over seeds of the best amount of each.

# %% solution
gains = np.array([ndcg("fused", examples) for examples in sorted(training.examples.unique())])  # (amounts, seeds)
kept = []
for seed in range(gains.shape[1]):
    best_of_others = np.delete(gains, seed, axis=1).mean(axis=1).argmax()
    kept.append(gains[best_of_others, seed])
honest = float(np.mean(kept))
flattering = float(gains.max(axis=0).mean())

# %% check
assert honest <= flattering
print(f"{honest:.4f} instead of {flattering:.4f}")
