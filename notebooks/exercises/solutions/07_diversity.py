# %% [markdown]
# # Exercises: diversity

# %%
import numpy as np

from dualrec.rerank.diversity import mmr
from dualrec.sequence.ranking import best_lists
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model

study = open_study("smoke")
cases = study.split.validation.take(np.arange(100))
lists = best_lists(fit_sequence_model(study, "windowed_markov"), cases.history, 50)
vectors = study.title_vectors

# %% [markdown]
# ## 1 · Measure it
#
# Write `diversity(items)`: for each list (row of `items`, all valid) one minus the mean cosine over all pairs of
# different places. Rows of `vectors` have length one.


# %% solution
def diversity(items: np.ndarray) -> np.ndarray:
    """One number per list, float (n,); items: int64 (n, k)."""
    similarity = np.einsum("nid,njd->nij", vectors[items], vectors[items])
    k = items.shape[1]
    return 1 - (similarity.sum(axis=(1, 2)) - k) / (k * (k - 1))


# %% check
top_ten = lists.items[:, :10]
five_times_the_same = np.tile(lists.items[:1, :1], (1, 5))
assert np.allclose(diversity(five_times_the_same), 0, atol=1e-5)
assert diversity(top_ten).shape == (100,)
print(f"{diversity(top_ten).mean():.3f}")

# %% [markdown]
# ## 2 · One list, by hand
#
# MMR takes the item with the largest `trade_off * relevance - (1 - trade_off) * similarity to the closest one chosen`.
# With `trade_off = 0` relevance does not count. Which place of the list will be taken first, and which item second?
# Compute `second`, the item of user 0's fifty that is least similar to the first.

# %% solution
similarity = vectors[lists.items[0]] @ vectors[lists.items[0, 0]]
second = lists.items[0, np.argmin(similarity)]

# %% check
chosen = mmr(lists.items[:1], lists.scores[:1], vectors, 0.0, 2)
assert chosen[0, 0] == lists.items[0, 0] and chosen[0, 1] == second
print(study.catalogue.titles[chosen[0, 0]], "and then", study.catalogue.titles[second])

# %% [markdown]
# ## 3 · Variety for free?
#
# Find `trade_off`: the smallest among 0, 0.1, …, 1 whose HR@10 on validation is not below that of relevance alone.
# `diversified(trade_off)` gives the ten items of every list that MMR chooses.


# %%
def diversified(trade_off: float) -> np.ndarray:
    """int64 (n, 10)."""
    return mmr(lists.items, lists.scores, vectors, trade_off, 10)


# %% solution
trade_offs = [round(0.1 * step, 1) for step in range(11)]
hit_rates = {step: (diversified(step) == cases.targets[:, None]).any(axis=1).mean() for step in trade_offs}
trade_off = min(step for step in trade_offs if hit_rates[step] >= hit_rates[1.0])

# %% check
assert 0 <= trade_off <= 1 and (diversified(1.0) == top_ten).all()
before = diversity(top_ten).mean()
after = diversity(diversified(trade_off)).mean()
assert after >= before - 1e-6
print(f"trade-off {trade_off}: diversity {before:.3f} -> {after:.3f} at no fewer hits of {len(cases)} users")
