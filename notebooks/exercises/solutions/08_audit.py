# %% [markdown]
# # Exercises: the audit
#
# Small lists by hand show what each switch of the released evaluation does.

# %%
from dataclasses import replace

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from dualrec.evaluation.released import AUDITED, RELEASED, Outputs, Truth, evaluate

# %% [markdown]
# ## 1 · Nearly the same title
#
# The released code takes two titles for the same item where at least 0.8 of their characters are equal. Find a title
# `sequel` that counts as a hit for `Die Hard (1988)` although it is another one.

# %% solution
sequel = "Die Hard 2 (1990)"

# %% check
assert fuzz.ratio(sequel.lower(), "die hard (1988)") >= 80 and sequel != "Die Hard (1988)"
print(f"{fuzz.ratio(sequel.lower(), 'die hard (1988)'):.0f} % alike")

# %% [markdown]
# ## 2 · The answer among the references
#
# One user, five titles, the true one *last*. The re-ranker orders them by similarity to its references. Predict HR@1
# with the true title among the references (`hit_with_truth`) and without (`hit_without_truth`): 0 or 1 each.

# %%
titles = ["", "Hint", "One", "Two", "Three", "True"]
vectors = dict(zip(titles, np.eye(6), strict=True))  # no two titles are alike at all
written = Outputs([["One", "Two", "Three", "Hint", "True"]], [[2, 3, 4, 1, 5]], ["Hint"])
truth = Truth(np.array([7]), np.array([[5, 0, 0, 0, 0]]), titles, np.ones(6), np.array([True]))

# %% solution
hit_with_truth = 0  # "Hint" and "True" are equally like the references; "Hint" stood before, so it stays before
hit_without_truth = 0

# %% check
protocol = replace(AUDITED, truth_in_references=True)
assert evaluate(written, truth, vectors, protocol, 0)["HR@1"].item() == hit_with_truth
assert evaluate(written, truth, vectors, AUDITED, 0)["HR@1"].item() == hit_without_truth
hintless = Outputs([["One", "Two", "Three", "True"]], [[2, 3, 4, 5]], ["Hint"])
hit = evaluate(hintless, truth, vectors, protocol, 0)["HR@1"].item()
assert hit == 1, "without the hint in the list nothing stands before the true title"
print("HR@1 from the last place to the first, by looking at the answer")

# %% [markdown]
# ## 3 · Failures that vanish
#
# Of ten users, three get their true item in the first place, five get something else, for two nothing readable was
# written. Build `outputs` for them and compute HR@1 where failures are dropped and where they count:
# `hit_rate_dropped`, `hit_rate_counted`.

# %%
users = np.arange(10)
ten_users = Truth(users, np.tile([[5, 0, 0, 0, 0]], (10, 1)), titles, np.ones(6), np.ones(10, bool))

# %% solution
lists = [["True"]] * 3 + [["One"]] * 5 + [[]] * 2
items = [[5]] * 3 + [[2]] * 5 + [[]] * 2
outputs = Outputs(lists, items, ["Hint"] * 10)
hit_rate_dropped = 3 / 8
hit_rate_counted = 3 / 10

# %% check
frames = [evaluate(outputs, ten_users, vectors, replace(AUDITED, drop_failures=drop), 0) for drop in (True, False)]
assert [frame["HR@1"].mean() for frame in frames] == [hit_rate_dropped, hit_rate_counted]
assert isinstance(frames[0], pd.DataFrame) and RELEASED.drop_failures
print(f"{hit_rate_dropped:.3f} or {hit_rate_counted:.3f}, from the same lists")
