# %% [markdown]
# # Exercises: results
#
# Every number of the study can be computed from ledgers, with pandas alone.

# %%
import json

import numpy as np
import pandas as pd

from dualrec.core import paths
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.statistics import bootstrap_interval, paired_difference
from dualrec.sequence.ranking import best_lists
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model

study = open_study("smoke")
study.cases = study.split.test.take(np.arange(200))


def ledger_of(system: str) -> pd.DataFrame:
    """The system's lists for two hundred users, as a ledger."""
    lists = best_lists(fit_sequence_model(study, system), study.cases.history, 10)
    return study.save(f"exercise_{system}", study.cases, lists, 0.0)


markov = ledger_of("markov")
popularity = ledger_of("popularity")

# %% [markdown]
# ## 1 · NDCG by hand
#
# Compute `ndcg`, the mean NDCG@10 of `markov`, from its columns `user_id`, `target_id`, `rank`, `item_id` alone: with
# one true item a hit at rank r is worth 1 / log₂(r + 1).

# %% solution
hits = markov[markov.item_id == markov.target_id]
ndcg = (1 / np.log2(hits["rank"] + 1)).sum() / markov.user_id.nunique()

# %% check
assert np.isclose(ndcg, per_user(markov)["NDCG@10"].mean())
print(f"NDCG@10 = {ndcg:.4f}")

# %% [markdown]
# ## 2 · Why paired?
#
# `paired` compares Markov and popularity user by user. Compute `unpaired_width`, the width of the 95 % interval of the
# difference if the two had been measured on *different* users: add up the variances of both means. (Normal
# approximation: 2 · 1.96 standard errors.)

# %%
a = per_user(markov)["NDCG@10"]
b = per_user(popularity)["NDCG@10"]
paired = paired_difference(a, b, 2000, 0)

# %% solution
unpaired_width = 2 * 1.96 * np.sqrt(a.var() / len(a) + b.var() / len(b))

# %% check
paired_width = paired["high"] - paired["low"]
assert 0.5 * paired_width < unpaired_width < 2 * paired_width
hit_by_both = ((a > 0) & (b > 0)).sum()
print(f"paired {paired_width:.3f}, unpaired {unpaired_width:.3f}")
print(f"{hit_by_both} users are hit by both, and only from them pairing gains")

# %% [markdown]
# ## 3 · How many users would it take?
#
# The published study tested 150 users. `difference` below is Markov minus popularity, per user. How many users would be
# needed for a 95 % interval whose half width is 0.005? Put the number into `users_needed`.

# %%
difference = a - b
interval = bootstrap_interval(difference, 2000, 0)

# %% solution
users_needed = int(np.ceil((1.96 * difference.std() / 0.005) ** 2))

# %% check
half_width = (interval["high"] - interval["low"]) / 2
assert 0.7 < users_needed / (len(difference) * (half_width / 0.005) ** 2) < 1.4
recorded = json.loads((paths.PACKAGE.parent / "figures/results.json").read_text(encoding="utf-8"))
print(f"{users_needed} users; MovieLens-100K has {recorded['systems']['markov']['n']}")
