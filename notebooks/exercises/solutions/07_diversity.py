# %% [markdown]
# # Exercises: diversity

# %%
import numpy as np

from dualrec.rerank.diversity import mmr
from dualrec.sequence.base import top_k
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model

study = open_study("smoke")
cases = study.split.validation.take(np.arange(100))
wide = top_k(fit_sequence_model(study, "windowed_markov").scores(cases.history), 50)
vectors = study.title_vectors

# %% [markdown]
# ## 1 · Measure it
#
# Write `diversity(items)`: for each list (row of `items`, all valid) one minus the mean cosine over all pairs of different places.
# Rows of `vectors` have length one.


# %% solution
def diversity(items: np.ndarray) -> np.ndarray:
    """float (n,)."""
    likeness = np.einsum("nid,njd->nij", vectors[items], vectors[items])
    k = items.shape[1]
    return 1 - (likeness.sum(axis=(1, 2)) - k) / (k * (k - 1))


# %% check
same = np.tile(wide.items[:1, :1], (1, 5))
assert np.allclose(diversity(same), 0, atol=1e-5)
assert diversity(wide.items[:, :10]).shape == (100,)
print(f"{diversity(wide.items[:, :10]).mean():.3f}")

# %% [markdown]
# ## 2 · One list, by hand
#
# MMR takes the movie with the largest `trade_off * relevance - (1 - trade_off) * likeness to the closest one chosen`. With
# `trade_off = 0` relevance does not count. Which place of the list will be taken first, and which movie second? Compute `second`, the
# movie of user 0's fifty that is least like the first.

# %% solution
likeness = vectors[wide.items[0]] @ vectors[wide.items[0, 0]]
second = wide.items[0, np.argmin(likeness)]

# %% check
chosen = mmr(wide.items[:1], wide.scores[:1], vectors, 0.0, 2)
assert chosen[0, 0] == wide.items[0, 0] and chosen[0, 1] == second
print(study.catalogue.titles[chosen[0, 0]], "and then", study.catalogue.titles[second])

# %% [markdown]
# ## 3 · Variety for free?
#
# Find `free`: the smallest trade-off among 0, 0.1, …, 1 whose HR@10 on validation is not below that of relevance alone.

# %% solution
steps = [round(0.1 * step, 1) for step in range(11)]
hits = {step: (mmr(wide.items, wide.scores, vectors, step, 10) == cases.targets[:, None]).any(axis=1).mean() for step in steps}
free = min(step for step in steps if hits[step] >= hits[1.0])

# %% check
assert 0 <= free <= 1 and (mmr(wide.items, wide.scores, vectors, 1.0, 10) == wide.items[:, :10]).all()
varied = diversity(mmr(wide.items, wide.scores, vectors, free, 10)).mean()
assert varied >= diversity(wide.items[:, :10]).mean() - 1e-6
print(f"trade-off {free}: diversity {diversity(wide.items[:, :10]).mean():.3f} -> {varied:.3f} at no fewer hits of {len(cases)} users")
