# %% [markdown]
# # Exercises: re-ranking
#
# A re-ranker is a function of lists and hints that returns the same lists in another order.

# %%
import numpy as np

from dualrec.rerank.similarity import rerank_by_hint
from dualrec.sequence.ranking import best_hints, best_lists
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Hints, RankedLists

study = open_study("smoke")
cases = study.split.validation.take(np.arange(50))
chain = fit_sequence_model(study, "windowed_markov")
lists = best_lists(chain, cases.history, 10)
hints = best_hints(chain, cases.history, 1)

# %% [markdown]
# ## 1 · What does the hint do to itself?
#
# Re-rank the lists of the windowed Markov chain by similarity to its own favourite. Before you look: at which place
# will the favourite stand? Put it into `place` (from 1).

# %% solution
place = 1  # nothing is more like a title than the title itself

# %% check
reranked = rerank_by_hint(lists, hints, study.title_vectors)
assert (reranked.items[:, place - 1] == hints.items[:, 0]).all()
print("the others moved in", (reranked.items[:, 1:] != lists.items[:, 1:]).any(axis=1).sum(), "of 50 lists")

# %% [markdown]
# ## 2 · A re-ranker of your own
#
# Write `by_genre(lists, hints)`: items that share more genres with the hint come first, equal ones stay in their
# order, empty places (-1) go last. `study.catalogue.genres` is 0 or 1 for each item and genre.


# %% solution
def by_genre(lists: RankedLists, hints: Hints) -> RankedLists:
    """Order every list by the number of genres in common with its hint."""
    genres = study.catalogue.genres
    shared = np.einsum("nkg,ng->nk", genres[np.maximum(lists.items, 0)], genres[hints.items[:, 0]])
    order = np.argsort(-np.where(lists.items < 0, -1, shared), axis=1, kind="stable")
    return RankedLists(np.take_along_axis(lists.items, order, axis=1))


# %% check
genre_lists = by_genre(lists, hints)
genres = study.catalogue.genres
assert (np.sort(genre_lists.items, axis=1) == np.sort(lists.items, axis=1)).all()
for row in range(50):
    shared = genres[genre_lists.items[row]] @ genres[hints.items[row, 0]]
    assert (np.diff(shared) <= 0).all()
print("ordered")

# %% [markdown]
# ## 3 · Does it help?
#
# Compare HR@1 and HR@5 of `lists` and of `genre_lists` on the validation targets. `hit_rate(lists, k)` returns the
# share of users whose target is among the first k.


# %% solution
def hit_rate(lists: RankedLists, k: int) -> float:
    """Hit rate at k."""
    return float((lists.items[:, :k] == cases.targets[:, None]).any(axis=1).mean())


# %% check
assert hit_rate(genre_lists, 10) == hit_rate(lists, 10), "the same items in another order"
print({k: (hit_rate(lists, k), hit_rate(genre_lists, k)) for k in (1, 5, 10)})
