"""The whole system for one person: LSTM, prompt, language model and Sentence-BERT, every step kept and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from dualrec.core.errors import StudyError
from dualrec.llm.inference.likelihood import score_titles
from dualrec.llm.inference.title_trie import Trie, build_trie
from dualrec.llm.local import LLM, load_llm
from dualrec.llm.written_lists import read_title
from dualrec.rerank.fusion import Opinions
from dualrec.rerank.similarity import rerank_by_hint
from dualrec.sequence.base import SequenceModel
from dualrec.sequence.ranking import Scorer, best_hints, best_lists
from dualrec.study import Study
from dualrec.systems.best import best_on_validation, fit_whole
from dualrec.systems.catalogue_writer import search_catalogue
from dualrec.systems.names import LABELS, SYSTEMS
from dualrec.systems.sequence_models import fit_sequence_model
from dualrec.types import Hints, RankedLists, Sequences

NEAR = 75  # of 100, from which a title is offered for what was typed
FAMOUS = 5  # items of the one example where the catalogue knows none of TASTES
TASTES = {
    "Space opera": ("Star Wars (1977)", "The Empire Strikes Back (1980)", "Return of the Jedi (1983)", "Alien (1979)"),
    "Romance": ("Sleepless in Seattle (1993)", "Four Weddings and a Funeral (1994)", "Sense and Sensibility (1995)"),
    "For children": ("Aladdin (1992)", "The Lion King (1994)", "Beauty and the Beast (1991)", "Toy Story (1995)"),
    "Crime": ("Pulp Fiction (1994)", "Reservoir Dogs (1992)", "The Usual Suspects (1995)", "Fargo (1996)"),
}


@dataclass(frozen=True)
class Answer:
    """What each part of the system recommends to one person.

    Lists are of one case, (1, k), and hold -1 where nothing is left to recommend.

    liked: items of the history, oldest first
    recommended: by the best system on validation; scores are its own
    candidates: the LSTM's best unseen items (1, C) with probabilities; the first of them is the hint
    prompt: as the language model reads it
    lstm: the first of the candidates; scores are probabilities
    language: the candidates in the language model's order; scores are log-likelihoods in nats
    reranked: that list by similarity to the hint; scores are cosines
    seconds: by step
    """

    liked: list[int]
    recommended: RankedLists
    candidates: Hints
    prompt: str
    lstm: RankedLists
    language: RankedLists
    reranked: RankedLists
    seconds: dict[str, float]

    @property
    def hint(self) -> int:
        """The LSTM's best unseen item."""
        return int(self.candidates.items[0, 0])


@dataclass
class Demo:
    """The system in memory, ready for requests; `load_demo` makes one from a study.

    study: whose catalogue is recommended from
    model: fitted; any sequence model may take the LSTM's place
    llm: any language model on this machine
    best: fitted, what recommends by itself; the best system on validation
    best_name: what it is called, and why it is the one
    """

    study: Study
    model: SequenceModel
    llm: LLM
    best: Scorer
    best_name: str

    @cached_property
    def trie(self) -> Trie:
        """Every title of the catalogue as the language model would write it."""
        return build_trie(self.llm.tokenizer, self.study.catalogue.titles)

    def search(self, typed: str, n: int) -> list[int]:
        """The n items that were typed, or whose titles are nearest to it; none where none is near."""
        matcher, written = self.study.matcher, read_title(typed)
        items = [*matcher.meant(written.title, written.year), *matcher.nearest(typed, n, NEAR)]
        return list(dict.fromkeys(items))[:n]

    def tastes(self) -> dict[str, list[int]]:
        """Histories to start from, items by name: the TASTES the catalogue has, or else what is most popular."""
        titles = self.study.catalogue.titles
        tastes = {name: taste for name, taste in TASTES.items() if set(taste) <= set(titles)}
        if not tastes:
            return {"Most popular": self.study.matcher.by_popularity[:FAMOUS]}
        return {name: [titles.index(title) for title in taste] for name, taste in tastes.items()}

    def answer(self, liked: Sequence[int]) -> Answer:
        """Recommend to one person.

        liked: items of the catalogue, oldest first

        Raises StudyError where there are none, one is not in the catalogue, or none is left to recommend.
        """
        config = self.study.profile.llm
        k = self.study.profile.evaluation.k
        seconds: dict[str, float] = {}
        history = self._history(liked)
        with _timed(seconds, "Recommending"):
            recommended = best_lists(self.best, history, k)
        with _timed(seconds, "LSTM"):
            candidates = best_hints(self.model, history, config.candidates)
        if candidates.items[0, 0] < 1:
            picked = f"you picked all {self.study.words.items} of the catalogue"
            raise StudyError(f"{picked}, so none is left to recommend; take one away")
        with _timed(seconds, "Prompt"):
            prompts = self.study.prompts_for(self.llm, history, candidates)
        with _timed(seconds, "Language model"):
            likelihoods = score_titles(self.llm, prompts, self.trie, candidates.items, config.score_batch)
            opinions = Opinions.of(candidates, likelihoods)
            language = opinions.ranked(opinions.language, k)
        with _timed(seconds, "Sentence-BERT"):
            reranked = rerank_by_hint(language, candidates, self.study.title_vectors)
        lstm = RankedLists(candidates.items[:, :k], candidates.probabilities[:, :k])
        return Answer([*map(int, liked)], recommended, candidates, prompts[0], lstm, language, reranked, seconds)

    def write(self, answer: Answer) -> tuple[RankedLists, float]:
        """Let the language model write any unseen titles of the catalogue after an answer's prompt.

        This takes longer than an answer: the model reads on for every word of every list.

        Returns the list (1, k), whose scores are log-likelihoods in nats, and the seconds.
        """
        started = time.perf_counter()
        history = self._history(answer.liked)
        lists = search_catalogue(self.study, self.llm, [answer.prompt], history, self.study.profile.evaluation.k)
        return lists, time.perf_counter() - started

    def _history(self, liked: Sequence[int]) -> Sequences:
        words = self.study.words
        if not len(liked):
            advice = "type a few letters of its title, or start from an example"
            raise StudyError(f"pick at least one {words.item} you like: {advice}")
        size = len(self.study.catalogue)
        for item in liked:
            if not 1 <= item <= size:
                unknown = f"there is no {words.item} number {item} in the catalogue of {size}"
                raise StudyError(f"{unknown}; pick {words.items} by their titles")
        return Sequences.from_lists([0], [liked], self.study.split.test.history.repeats)


def load_demo(study: Study) -> Demo:
    """Load all that requests need, once: best system, LSTM, language model as it is, title vectors and trie.

    Networks are trained first where no run has left them.

    Raises StudyError where the language model is behind a server, which tells no probabilities.
    """
    name, why = best_on_validation(study)
    best = fit_whole(study, SYSTEMS[name])
    lstm = fit_sequence_model(study, "lstm")
    demo = Demo(study, lstm, load_llm(study.profile.llm.model), best, f"{LABELS[name]} ({why})")
    demo.answer(demo.study.matcher.by_popularity[:1])  # a first request makes what later ones find ready
    return demo


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    """Put the time that the block takes into `seconds[step]`."""
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started
