# %% [markdown]
# # Exercises: what a title is worth
#
# The vectors of the titles are all that is needed; no network has to be trained.

# %%
import numpy as np
import pandas as pd

from dualrec.data.item_vectors import permuted, tfidf_vectors
from dualrec.evaluation.two_way import two_way_difference
from dualrec.study import open_study

study = open_study("smoke")
titles = study.catalogue.titles
sbert = study.title_vectors  # (N + 1, d), rows of length 1, row 0 zero

# %% [markdown]
# ## 1 · The nearest title
#
# Write `nearest(vectors, item)`: the item whose vector has the largest cosine with that of `item`, and is neither
# `item` nor the padding, item 0.


# %% solution
def nearest(vectors: np.ndarray, item: int) -> int:
    """The most similar other item."""
    cosines = vectors @ vectors[item]
    cosines[[0, item]] = -np.inf
    return int(cosines.argmax())


# %% check
words = tfidf_vectors(titles, sbert.shape[1])
words = words / np.linalg.norm(words, axis=1, keepdims=True).clip(1e-9)
for item in study.matcher.by_popularity[:5]:
    assert nearest(sbert, item) not in (0, item)
    assert np.isclose(sbert[nearest(sbert, item)] @ sbert[item], np.sort(sbert[1:] @ sbert[item])[-2])
    print(f"{titles[item]}: SBERT says {titles[nearest(sbert, item)]}, TF-IDF {titles[nearest(words, item)]}")

# %% [markdown]
# ## 2 · What the control takes away, and what it leaves
#
# Permuted vectors are the same vectors at other items. Compute `agreement(vectors)`: the share of genres that an item
# and its nearest neighbour have in common, |both| / |either|, averaged over the 200 most popular items. Does the right
# title know something of the genre, and does the control?


# %% solution
def agreement(vectors: np.ndarray) -> float:
    """The mean Jaccard similarity of the genres of an item and of its nearest neighbour."""
    genres = study.catalogue.genres > 0
    shares = []
    for item in study.matcher.by_popularity[:200]:
        one, other = genres[item], genres[nearest(vectors, item)]
        shares.append((one & other).sum() / max((one | other).sum(), 1))
    return float(np.mean(shares))


# %% check
control = permuted(sbert, 0)
assert np.allclose(np.sort(control[1:].sum(axis=1)), np.sort(sbert[1:].sum(axis=1))), "the same vectors"
assert 0 < agreement(control) < agreement(sbert) <= 1
print(f"genres in common: {agreement(sbert):.2f} by the right titles, {agreement(control):.2f} by those of others")

# %% [markdown]
# ## 3 · Users, or users and seeds?
#
# `a` and `b` below are a metric of 300 users under two arms, with three seeds each. Compute `over_users`, the 95 %
# percentile interval of the mean difference when users alone are drawn with replacement (2,000 times; average over the
# seeds first). The chapter draws users *and* seeds. Which interval is wider, and what question does each answer?

# %%
rng = np.random.default_rng(0)
users, seeds = rng.normal(0, 0.2, (300, 1)), rng.normal(0, 0.02, (1, 3))
a = 0.3 + users + seeds + rng.normal(0, 0.1, (300, 3))
b = 0.29 + users - seeds + rng.normal(0, 0.1, (300, 3))

# %% solution
difference = (a - b).mean(axis=1)
drawn = [rng.choice(difference, len(difference)).mean() for _ in range(2000)]
over_users = tuple(np.percentile(drawn, [2.5, 97.5]))

# %% check
both = two_way_difference(a, b, resamples=2000, seed=0)
spread = pd.Series((a - b).mean(axis=1)).sem()
assert np.isclose(over_users[1] - over_users[0], 2 * 1.96 * spread, rtol=0.1)
assert over_users[0] < both["delta"] < over_users[1]
assert both["high"] - both["low"] > over_users[1] - over_users[0]
print(
    f"users: {over_users[0]:+.3f} to {over_users[1]:+.3f}; users and seeds: {both['low']:+.3f} to {both['high']:+.3f}"
)
