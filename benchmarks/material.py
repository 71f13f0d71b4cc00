"""What is measured on: the profile's study, its language model, and hints that need no training.

Speed does not depend on how good a hint is, so the hints are those of a first-order Markov chain: no LSTM and no
adapter has to be trained before anything can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dualrec.data.splits import Split
from dualrec.llm.finetuning.examples import Example, build_examples, earlier_split, slices
from dualrec.llm.inference.title_trie import Trie, build_trie
from dualrec.llm.local import LLM
from dualrec.sequence.markov import Markov
from dualrec.sequence.ranking import best_hints
from dualrec.study import Study
from dualrec.types import Hints, Sequences


@dataclass
class Material:
    """A study and the language model that is measured on it."""

    study: Study
    llm: LLM

    def histories(self, users: int) -> Sequences:
        """The first histories of the language systems' test users, again from the start where there are fewer."""
        tested = self.study.llm_cases.history
        return tested.take(np.arange(users) % len(tested))

    def hints(self, histories: Sequences, n: int = 1, split: Split | None = None) -> Hints:
        """The Markov chain's n best unseen items per user.

        split: that the chain learns from, the study's if left out
        """
        split = split or self.study.split
        chain = Markov(len(self.study.catalogue)).fit(split.train, split.validation)
        return best_hints(chain, histories, n)

    def prompts(self, histories: Sequences) -> list[str]:
        """Prompts with a hint, as the profile wants them."""
        return self.study.prompts_for(self.llm, histories, self.hints(histories))

    @cached_property
    def trie(self) -> Trie:
        """The catalogue's titles."""
        return build_trie(self.llm.tokenizer, self.study.catalogue.titles)

    def examples(self, n: int) -> list[Example]:
        """LoRA examples, cut as `systems.lora.lora_data` cuts them."""
        study = self.study
        titles = study.profile.llm.titles
        earlier = earlier_split(study.split.train, titles, study.profile.split.min_events)
        cases = earlier.test.sample(n, study.seed)
        prompts = study.prompts_for(self.llm, cases.history, self.hints(cases.history, split=earlier))
        return build_examples(prompts, slices(study.split.train, cases, titles), study.catalogue)


def invented_titles(titles: list[str], n: int, seed: int) -> list[str]:
    """Different titles `Words (Year)` with the words, the lengths and the years of real ones, recombined at random.

    titles: real ones, all of them `Words (Year)`; a word is as common among the invented ones as here
    n: how many
    """
    rng = np.random.default_rng(seed)
    names, years = zip(*(title.rsplit(" (", 1) for title in titles), strict=True)
    words = [name.split() for name in names]
    pool = [word for name in words for word in name]
    invented: dict[str, None] = {}  # a set that keeps its order
    while len(invented) < n:
        length = len(words[rng.integers(len(words))])
        name = " ".join(pool[i] for i in rng.integers(len(pool), size=length))
        invented[f"{name} ({years[rng.integers(len(years))]}"] = None
    return list(invented)


def misspelt(title: str, rng: np.random.Generator) -> str:
    """The title with one letter changed for its neighbour in the alphabet, as a model that nearly knows it writes."""
    place = int(rng.integers(max(1, len(title) - len(" (1990)"))))
    return title[:place] + chr(ord(title[place]) + 1) + title[place + 1 :]
