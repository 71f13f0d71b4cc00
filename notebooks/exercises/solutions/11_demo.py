# %% [markdown]
# # Exercises: try it
#
# A `Demo` holds a study, a sequence model and a language model, and any of them may be another one. These exercises put
# a Markov chain in the LSTM's place, which needs no training.

# %%
from itertools import permutations

import numpy as np

from dualrec.demo import Demo
from dualrec.llm.local import load_llm
from dualrec.sequence.ranking import best_hints
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Sequences

study = open_study("smoke")
titles = study.catalogue.titles
chain = fit_sequence_model(study, "windowed_markov")
demo = Demo(study, chain, load_llm(study.profile.llm.model), chain, "the chain")
liked = demo.tastes()["Crime"]
answer = demo.answer(liked)
print("hint:", titles[answer.hint])

# %% [markdown]
# ## 1 · Who puts the title into the model's mouth?
#
# Take the hint out of `answer.prompt`, the whole line and nothing else, and call the result `hintless_prompt`. What
# else in the prompt names an item that is not among those you like?

# %% solution
lines = answer.prompt.split("\n")
hintless_prompt = "\n".join(line for line in lines if not line.startswith("LSTM suggests: "))  # nothing else does

# %% check
assert titles[answer.hint] in answer.prompt and titles[answer.hint] not in hintless_prompt
assert len(answer.prompt.split("\n")) - len(hintless_prompt.split("\n")) == 1
assert all(titles[item] in hintless_prompt for item in liked)
print(hintless_prompt)

# %% [markdown]
# ## 2 · Does it matter in which order you like them?
#
# Ask the sequence model for its hint after every order of the same items, all in one call, and put the different
# hinted items into the set `hints`. `Sequences.from_lists(users, lists)` makes histories and
# `best_hints(model, histories, 1)` takes the best.

# %% solution
orders = [list(order) for order in permutations(liked)]
histories = Sequences.from_lists(range(len(orders)), orders)
hints = set(best_hints(demo.model, histories, 1).items[:, 0].tolist())

# %% check
single_hints = set()
for order in permutations(liked):
    history = Sequences.from_lists([0], [order])
    single_hints.add(int(best_hints(demo.model, history, 1).items[0, 0]))
assert hints == single_hints and answer.hint in hints and not hints & set(liked)
print(len(hints), "different hints:", "; ".join(titles[item] for item in sorted(hints)))

# %% [markdown]
# ## 3 · Short titles are cheap
#
# A log-likelihood is a sum over tokens, so long titles pay more. Order the items of `answer.language` by their score
# *per token* instead, the best first, and call the items `by_token`. `demo.trie.depth[demo.trie.leaf_of[items]]` counts
# the tokens of titles.

# %% solution
items = answer.language.items[0]
tokens = demo.trie.depth[demo.trie.leaf_of[items]]
by_token = items[np.argsort(-answer.language.scores[0] / tokens, kind="stable")]

# %% check
score_of = {int(item): score for item, score in zip(answer.language.items[0], answer.language.scores[0], strict=True)}
per_token = [score_of[int(item)] / demo.trie.depth[demo.trie.leaf_of[item]] for item in by_token]
assert sorted(by_token.tolist()) == sorted(score_of) and per_token == sorted(per_token, reverse=True)
print(f"{np.mean(by_token == answer.language.items[0]):.0%} of the places stay as they were")
