# %% [markdown]
# # Exercises: the data
#
# Each exercise has a cell for you and a cell that checks what you wrote. Run them in order.

# %%
import numpy as np
import pandas as pd

from dualrec.study import open_study

study = open_study("smoke")
events = study.data.interactions
catalogue = study.catalogue

# %% [markdown]
# ## 1 · How long is the tail?
#
# Compute `rare_share`: the share of the items of the catalogue that have fewer than ten events.
# `events.item` holds the item of each event, numbered from 1 to `len(catalogue)`.

# %% solution
counts = np.bincount(events.item, minlength=len(catalogue) + 1)[1:]
rare_share = (counts < 10).mean()

# %% check
assert 0.3 < rare_share < 0.45, "count every item of the catalogue, and compare with < 10"
print(f"{rare_share:.0%} of the {study.words.items} have fewer than ten events")

# %% [markdown]
# ## 2 · Sittings instead of events
#
# Many ratings are given in one sitting. Count the sittings of every user: a new one begins where more than an hour has
# passed since the user's last rating. `sittings` is a series indexed by `user_id`.

# %% solution
ordered = events.sort_values(["user_id", "timestamp"], kind="stable")
pause = ordered.groupby("user_id").timestamp.diff()
sittings = (pause.isna() | (pause > 3600)).groupby(ordered.user_id).sum()

# %% check
assert len(sittings) == events.user_id.nunique() and sittings.min() == 1
assert sittings.sum() < len(events) / 10, "most ratings follow the one before within the hour"
ratings_per_sitting = len(events) / sittings.sum()
print(
    f"the median user came {sittings.median():.0f} times; a sitting has {ratings_per_sitting:.0f} ratings in the mean"
)

# %% [markdown]
# ## 3 · A tie rule of your own
#
# Events of the same second have no order, and any rule that invents one is a choice. Write `popular_first(events)`:
# the same events, those of one user and second ordered by how many events their item has, most first. Then see what
# share of the test targets (the last event of every user) changes.


# %% solution
def popular_first(events: pd.DataFrame) -> pd.DataFrame:
    """Events by user and time, ties by falling popularity."""
    rarity = -events.groupby("item").item.transform("size")
    ordered = events.assign(rarity=rarity).sort_values(["user_id", "timestamp", "rarity"], kind="stable")
    return ordered.drop(columns="rarity")


# %% check
before = events.sort_values(["user_id", "timestamp"], kind="stable").groupby("user_id").item.last()
after = popular_first(events).groupby("user_id").item.last()
assert len(popular_first(events)) == len(events) and (before.index == after.index).all()
changed = (before != after).mean()
assert 0.2 < changed < 0.5
print(f"{changed:.0%} of the users have another target")
