# %% [markdown]
# # Exercises: prompts, and what a model writes
#
# No model has to write here: the exercises are about what it is asked and how its text is read.

# %%
from rapidfuzz import fuzz

from dualrec.llm.grounding import ground, parse_list
from dualrec.llm.prompts import question
from dualrec.study import open_study
from dualrec.types import Sequences

study = open_study("smoke")
movies = study.catalogue

# %% [markdown]
# ## 1 · Another prompt
#
# Write `polite(titles, hint, n)`: a question that names the titles *newest first*, in one line, separated by semicolons, asks for n movies,
# and mentions the hint, if there is one, as "A friend suggests …". Compare with `question`, the study's own.

# %%
print(question(["Alien (1979)", "Heat (1995)"], "Fargo (1996)", 3))


# %% solution
def polite(titles: list[str], hint: str | None, n: int) -> str:
    """One line of titles, one of advice, one of request."""
    lines = [f"I watched, newest first: {'; '.join(reversed(titles))}."]
    if hint:
        lines.append(f"A friend suggests {hint}.")
    return "\n".join([*lines, f"Please name {n} more movies, one per line, as `Title (Year)`."])


# %% check
text = polite(["Alien (1979)", "Heat (1995)"], "Fargo (1996)", 3)
assert "Heat (1995); Alien (1979)" in text and "A friend suggests Fargo (1996)" in text and "3" in text
assert "friend" not in polite(["Alien (1979)"], None, 3)
print(text)

# %% [markdown]
# ## 2 · What counts as written?
#
# `parse_list` reads a list however it is decorated. Write a `text` of five lines from which it reads exactly these three movies, and in
# which none of the lines is a bare `Title (Year)`.

# %%
wanted = ["Heat", "Fargo", "Alien"]

# %% solution
text = "1. Heat (1995), a thriller\n\n- **Fargo** (1996)\n\n3) “Alien” (1979)"

# %% check
read = parse_list(text, 10)
assert [movie.title for movie in read] == wanted and [movie.year for movie in read] == [1995, 1996, 1979]
assert len(text.split("\n")) == 5 and not {"Heat (1995)", "Fargo (1996)", "Alien (1979)"} & set(text.split("\n"))
print(read)

# %% [markdown]
# ## 3 · Inventions
#
# A list is written for a user who has seen Heat. Predict its fate before you run the check: `expected` holds how many of its titles are
# listed, seen, duplicate and invalid.

# %%
written = "1. Heat (1995)\n2. Fargo (1996)\n3. Fargo\n4. The Big Leopard (1997)\n5. Alien (1979)"
heat = movies.titles.index("Heat (1995)")

# %% solution
expected = {"listed": 2, "seen": 1, "duplicate": 1, "invalid": 1}

# %% check
lists = ground([written], Sequences.from_lists([1], [[heat]]), study.grounder, 5, 5)
found = {name: int(lists.counts[name][0]) for name in ("seen", "duplicate", "invalid")}
found["listed"] = int((lists.items > 0).sum())
assert expected == found, f"it is {found}"
print(found, "closest to the invention:", max(movies.titles[1:], key=lambda title: fuzz.ratio(title, "The Big Leopard (1997)")))
