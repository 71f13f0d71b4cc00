# %% [markdown]
# # Exercises: try it
#
# A `Demo` holds a study, a sequence model and a language model, and any of them may be another one. These exercises put a Markov chain in
# the LSTM's place, which needs no training.

# %%
from itertools import permutations

import numpy as np

from dualrec.demo import Demo
from dualrec.llm.local import load_llm
from dualrec.sequence.base import hints_from_scores
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Sequences

study = open_study("smoke")
titles = study.catalogue.titles
demo = Demo(study, fit_sequence_model(study, "windowed_markov"), load_llm(study.profile.llm.model))
liked = demo.tastes()["Crime"]
answer = demo.answer(liked)
print("hint:", titles[answer.hint])

# %% [markdown]
# ## 1 · Who puts the title into the model's mouth?
#
# Take the hint out of `answer.prompt`, the whole line and nothing else, and call the result `bare`. What else in the prompt names a movie
# that is not among those you like?

# %% solution
bare = "\n".join(line for line in answer.prompt.split("\n") if not line.startswith("LSTM suggests: "))  # nothing else does

# %% check
assert titles[answer.hint] in answer.prompt and titles[answer.hint] not in bare
assert len(answer.prompt.split("\n")) - len(bare.split("\n")) == 1 and all(titles[item] in bare for item in liked)
print(bare)

# %% [markdown]
# ## 2 · Does it matter in which order you like them?
#
# Ask the sequence model for its hint after every order of the same movies, all in one call, and put the different hinted items into the
# set `found`. `Sequences.from_lists(users, lists)` makes histories; `hints_from_scores(scores, 1)` takes the best.

# %% solution
orders = [list(order) for order in permutations(liked)]
found = set(hints_from_scores(demo.model.scores(Sequences.from_lists(range(len(orders)), orders)), 1).items[:, 0].tolist())

# %% check
alone = {int(hints_from_scores(demo.model.scores(Sequences.from_lists([0], [order])), 1).items[0, 0]) for order in permutations(liked)}
assert found == alone and answer.hint in found and not found & set(liked)
print(len(found), "different hints:", "; ".join(titles[item] for item in sorted(found)))

# %% [markdown]
# ## 3 · Short titles are cheap
#
# A log-likelihood is a sum over tokens, so long titles pay more. Order the movies of `answer.language` by their score *per token* instead,
# the best first, and call the items `fair`. `demo.trie.depth[demo.trie.leaf_of[items]]` counts the tokens of titles.

# %% solution
items, scores = answer.language.items[0], answer.language.scores[0]
fair = items[np.argsort(-scores / demo.trie.depth[demo.trie.leaf_of[items]], kind="stable")]

# %% check
place = {int(item): score for item, score in zip(answer.language.items[0], answer.language.scores[0], strict=True)}
per_token = [place[int(item)] / demo.trie.depth[demo.trie.leaf_of[item]] for item in fair]
assert sorted(fair.tolist()) == sorted(place) and per_token == sorted(per_token, reverse=True)
print(f"{np.mean(fair == answer.language.items[0]):.0%} of the places stay as they were")
