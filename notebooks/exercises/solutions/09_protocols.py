# %% [markdown]
# # Exercises: protocols

# %%
import numpy as np

from dualrec.config import SplitConfig
from dualrec.data.splits import leave_one_out
from dualrec.evaluation.candidates import keep_candidates
from dualrec.sequence.base import target_ranks
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model

study = open_study("smoke")
cases = study.split.validation
scores = {name: fit_sequence_model(study, name).scores(cases.history) for name in ("popularity", "markov")}

# %% [markdown]
# ## 1 · Luck among a hundred
#
# Many papers rank the target among a hundred random items. What is HR@10 of a system that knows *nothing*, there and
# in the full ranking? Compute both: `sampled` and `full` (take 1682 candidates).

# %% solution
sampled = 10 / 101
full = 10 / 1682

# %% check
rng = np.random.default_rng(0)
ranks = (rng.random((20_000, 100)) > rng.random((20_000, 1))).sum(axis=1) + 1
assert abs((ranks <= 10).mean() - sampled) < 0.01 and full < sampled / 10
print(f"{sampled:.3f} and {full:.4f}")

# %% [markdown]
# ## 2 · Which opponents?
#
# `keep_candidates` leaves the target and n sampled items. Compare popularity and the Markov chain by HR@10 with 100
# `uniform` and with 100 `popular` opponents. `hit_rates(kind)` returns a dictionary from system to hit rate.


# %% solution
def hit_rates(kind: str) -> dict[str, float]:
    """HR@10 of every system among sampled candidates."""
    rates = {}
    for name, full_scores in scores.items():
        rng = np.random.default_rng(0)
        candidate_scores = keep_candidates(full_scores, cases.targets, kind, study.popularity, 100, rng)
        rates[name] = float((target_ranks(candidate_scores, cases.targets) <= 10).mean())
    return rates


# %% check
uniform = hit_rates("uniform")
popular = hit_rates("popular")
assert uniform["popularity"] > 2 * popular["popularity"], "popularity shines where its opponents are unpopular"
print(uniform, popular)

# %% [markdown]
# ## 3 · The tie rule, for one user
#
# Find a user whose test target depends on the tie rule: `user`, an original user id whose last event under `file` is
# another item than under `id_up`.

# %% solution
by_file, by_id = (leave_one_out(study.data, SplitConfig(tie_rule=rule)).test for rule in ("file", "id_up"))
user = int(by_file.users[by_file.targets != by_id.targets][0])

# %% check
events = study.data.interactions.query("user_id == @user")
assert (events.timestamp == events.timestamp.max()).sum() > 1, "only a tie leaves a choice"
print(f"user {user}: {(events.timestamp == events.timestamp.max()).sum()} {study.words.items} in the last second")
