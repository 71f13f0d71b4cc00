# %% [markdown]
# # Exercises: prompts, and what a model writes
#
# In the first exercise the model writes for eight users, which takes seconds; the others are about how its text is
# read.

# %%
from dataclasses import replace

from rapidfuzz import fuzz

from dualrec.evaluation.metrics import fates
from dualrec.llm.grounding import ground
from dualrec.llm.local import load_llm
from dualrec.llm.prompts import STYLES
from dualrec.llm.written_lists import parse_list
from dualrec.study import open_study
from dualrec.systems.free_writer import write_lists
from dualrec.systems.sequence_models import lstm_hints
from dualrec.types import Sequences

study = open_study("smoke")
catalogue = study.catalogue
histories = study.llm_cases.history

# %% [markdown]
# ## 1 · Another prompt
#
# All words that a model reads are the templates of a *style*, and a profile names its style as `llm.prompt`. Add one to
# `STYLES`, "polite": like the default, but in its `hint` "A friend suggests …" and not the LSTM, and its `request` says
# please. A request still has to say how many items are wanted, `{n}`, and in which form, one `Title (Year)` per line.
# Then make `polite`: the same study with the new style in its profile. Do better manners make the model invent less?
# Eight users tell little; open the study `laptop` instead for an answer, which takes minutes.

# %%
print(STYLES["default"])
print(study.prompts.question(["Alien (1979)", "Heat (1995)"], "Fargo (1996)", 3))

# %% solution
STYLES["polite"] = replace(
    STYLES["default"],
    hint="A friend suggests {title}.",
    request="Could you please name {n} other {items} that I may {infinitive} next, one per line: number. Title (Year)",
)
polite = replace(study, profile=replace(study.profile, llm=replace(study.profile.llm, prompt="polite")))

# %% check
text = polite.prompts.question(["Alien (1979)", "Heat (1995)"], "Fargo (1996)", 3)
assert "Alien (1979)" in text and "A friend suggests Fargo (1996)" in text and "please" in text.lower() and "3" in text
assert "friend" not in polite.prompts.question(["Alien (1979)"], None, 3)
assert "LSTM suggests: Fargo (1996)" in study.prompts.question(["Alien (1979)"], "Fargo (1996)", 3)
llm = load_llm(study.profile.llm.model)
hints = lstm_hints(study, histories)
written = {one.profile.llm.prompt: write_lists(one, llm, histories, hints, 10) for one in (study, polite)}
assert written["polite"].raw != written["default"].raw
for style, lists in written.items():
    print(f"{style}: {1 - fates(lists)['invalid'].mean():.0%} of the titles exist; the first list is\n1.{lists.raw[0]}")

# %% [markdown]
# ## 2 · What counts as written?
#
# `parse_list` reads a list however it is decorated. Write a `text` of five lines from which it reads exactly these
# three titles, and in which none of the lines is a bare `Title (Year)`.

# %%
titles = ["Heat", "Fargo", "Alien"]

# %% solution
text = "1. Heat (1995), a thriller\n\n- **Fargo** (1996)\n\n3) “Alien” (1979)"

# %% check
parsed = parse_list(text, 10)
assert [written.title for written in parsed] == titles and [written.year for written in parsed] == [1995, 1996, 1979]
assert len(text.split("\n")) == 5 and not {"Heat (1995)", "Fargo (1996)", "Alien (1979)"} & set(text.split("\n"))
print(parsed)

# %% [markdown]
# ## 3 · Inventions
#
# A list is written for a user who has seen Heat. Predict its fate before you run the check: `expected` holds how many
# of its titles are listed, seen, duplicate and invalid.

# %%
written = "1. Heat (1995)\n2. Fargo (1996)\n3. Fargo\n4. The Big Leopard (1997)\n5. Alien (1979)"
heat = catalogue.titles.index("Heat (1995)")

# %% solution
expected = {"listed": 2, "seen": 1, "duplicate": 1, "invalid": 1}

# %% check
lists = ground([written], Sequences.from_lists([1], [[heat]]), study.grounder, 5, 5)
counts = {name: int(lists.counts[name][0]) for name in ("seen", "duplicate", "invalid")}
counts["listed"] = int((lists.items > 0).sum())
assert expected == counts, f"it is {counts}"
nearest = max(catalogue.titles[1:], key=lambda title: fuzz.ratio(title, "The Big Leopard (1997)"))
print(counts, "closest to the invention:", nearest)
