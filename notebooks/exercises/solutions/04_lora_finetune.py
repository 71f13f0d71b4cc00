# %% [markdown]
# # Exercises: teaching a language model
#
# What LoRA changes and what it learns from can be worked out without training.

# %%
import numpy as np

from dualrec.llm.finetuning.examples import slices, training_cases
from dualrec.llm.prompts import answer
from dualrec.profiles.load import load_profile
from dualrec.study import open_study

study = open_study("smoke")
lora = load_profile("laptop").lora
HIDDEN, HEADS, KEY_HEADS, HEAD, LAYERS = 576, 9, 3, 64, 30  # SmolLM2-135M

# %% [markdown]
# ## 1 · How much is trained?
#
# LoRA adds to a weight matrix of shape (out, in) the product of (out, r) and (r, in). In every layer of SmolLM2 it is
# added to `q_proj`, HIDDEN → HEADS · HEAD, and `v_proj`, HIDDEN → KEY_HEADS · HEAD. Compute `trained(rank)`, the number
# of trained weights.


# %% solution
def trained(rank: int) -> int:
    """Weights of all adapters."""
    return LAYERS * sum(rank * (HIDDEN + out) for out in (HEADS * HEAD, KEY_HEADS * HEAD))


# %% check
assert trained(8) == 460_800 and trained(16) == 2 * trained(8)
print(f"rank {lora.rank}: {trained(lora.rank):,} of 134,515,008 weights, {trained(lora.rank) / 134_515_008:.2%}")

# %% [markdown]
# ## 2 · What is the right answer?
#
# An example's answer is the list of the next titles. Write it as the text `completion` for those below, as it
# follows the prompt, which ends in `1.` already.

# %%
next_titles = ["Heat (1995)", "Fargo (1996)", "Alien (1979)"]

# %% solution
completion = " Heat (1995)\n2. Fargo (1996)\n3. Alien (1979)\n"

# %% check
assert completion == answer(next_titles)
print("1." + completion)

# %% [markdown]
# ## 3 · Nothing of the test
#
# A training example is cut from training events only. Take the first hundred users of the training data, cut off their
# last three events as an answer, and show that no answer reaches into validation or test: compute `leaks`, the number
# of answers that hold the user's validation or test target *as an event of its own*, not because an earlier event was
# of the same item.

# %% solution
split = study.split
leaks = 0
for row in range(100):
    last_three = split.train.sequence(row)[-3:]
    held_out = {int(split.validation.targets[row]), int(split.test.targets[row])}
    leaks += bool(held_out & set(last_three.tolist()))

# %% check
assert leaks == 0, "nothing is met twice in these data, so none may be there"
first_cases = training_cases(study.split.train, study.split.validation.take(np.arange(5)), 1)
assert slices(study.split.train, first_cases, 3).shape[1] == 3
print("none of a hundred answers")
