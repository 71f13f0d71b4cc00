"""The roles a language model can play beside a sequence model: free writer, catalogue writer, second opinion.

Each is handed a study, a model and histories, builds the prompts itself and keeps what it computes by a hash of all it depends on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from safetensors.numpy import load_file, save_file

from dualrec.config import REMOTE
from dualrec.core import batching
from dualrec.core.artifacts import cached, fingerprint, write_json
from dualrec.llm.grounding import ground
from dualrec.llm.inference import (
    beam_search as decoding,
)
from dualrec.llm.inference import (
    generate,
)
from dualrec.llm.inference import (
    likelihood as scoring,
)
from dualrec.llm.inference import (
    prefix_cache as reading,
)
from dualrec.llm.inference import (
    title_trie as trie,
)
from dualrec.llm.inference.beam_search import beam_search
from dualrec.llm.inference.generate import Generation
from dualrec.llm.inference.likelihood import score_titles
from dualrec.llm.inference.title_trie import Trie, build_trie
from dualrec.llm.local import LLM, load_llm
from dualrec.llm.prompts import build_prompts, question, wishes
from dualrec.llm.speed import attention
from dualrec.llm.speed import kv_cache as cache
from dualrec.rerank.fusion import Opinions, search
from dualrec.sequence.base import SequenceModel, hints_from_scores
from dualrec.study import Study
from dualrec.types import Hints, RankedLists, Sequences


class Writer(Protocol):
    """Anything that writes lists without showing its probabilities, such as a model behind a server (`remote.RemoteLLM`).

    Write a class with this method to add a language backend of your own and hand it to `write_lists`.
    """

    def write(self, questions: list[str], titles: int, seed: int, folder: Path) -> Generation:
        """One text after each question (`prompts.question`), a title per line.

        titles: how many are asked for; folder: where answers may be kept from one call to the next
        """
        ...


def writer(study: Study) -> LLM | Writer:
    """The untuned model that writes lists freely: a local one, or a server's where the profile says REMOTE."""
    config = study.profile.llm
    if config.model != REMOTE:
        return load_llm(config.model)
    from dualrec.llm.remote import connect  # here, since openai takes seconds to import

    return connect(config)


def prompts_for(study: Study, llm: LLM, histories: Sequences, hints: Hints | None, titles: int | None = None) -> list[str]:
    """Prompts as the profile wants them; titles: how many to ask for, the profile's number if left out."""
    asked = study.profile.llm
    return build_prompts(llm.tokenizer, study.catalogue, histories, hints, asked.history, titles or asked.titles, asked.max_prompt_tokens)


def write_lists(
    study: Study, llm: LLM | Writer, histories: Sequences, hints: Hints | None, k: int, titles: int | None = None
) -> tuple[RankedLists, Generation]:
    """Let the model write a list for each history and ground it to (n, k); what was written before is read back.

    titles: how many to ask for, the profile's number if left out
    """
    config = study.profile.llm
    titles = titles or config.titles
    if isinstance(llm, LLM):
        texts = prompts_for(study, llm, histories, hints, titles)
        key = fingerprint(
            texts, llm.identity, str(llm.model.dtype), titles, config.batch_size, batching, generate, reading, attention, cache
        )
        written = generate.generate(llm, texts, titles, config.batch_size, study.cache(f"texts/{key}.jsonl"))
    else:
        asked = [question(watched, hint, titles) for watched, hint in wishes(study.catalogue, histories, hints, config.history)]
        written = llm.write(asked, titles, study.seed, study.cache("remote"))
    return ground(written.texts, histories, study.grounder, titles, k), written


def search_catalogue(study: Study, llm: LLM, prompts: list[str], histories: Sequences, k: int) -> RankedLists:
    """The k unseen titles (n, k) that the model, as it is now, finds most likely after each prompt, by constrained beam search."""
    config, titles = study.profile.llm, build_trie(llm.tokenizer, study.catalogue.titles)
    width = max(config.beam, k)  # a narrower beam may end with fewer than k titles
    beams = beam_search(llm, prompts, titles, histories, k, width, config.batch_size)
    return RankedLists(titles.unseen_items(beams.leaves, histories, study.popularity), beams.scores)


def write_from_catalogue(study: Study, llm: LLM, histories: Sequences, hints: Hints | None, k: int) -> tuple[RankedLists, float]:
    """`search_catalogue` after the prompts for these histories, kept; and the seconds it took."""
    prompts, config = prompts_for(study, llm, histories, hints), study.profile.llm
    weights, settings = (llm.identity, str(llm.model.dtype)), (k, config.beam, config.batch_size)
    key = fingerprint(
        prompts, weights, settings, study.catalogue.titles, histories, study.popularity, decoding, reading, attention, cache, trie
    )

    def build() -> dict[str, np.ndarray]:
        lists = search_catalogue(study, llm, prompts, histories, k)
        return {"items": lists.items, "scores": lists.scores}

    found, seconds = kept_arrays(study.cache(f"beams-{key}"), key, build)
    return RankedLists(found["items"], found["scores"]), seconds


def likelihoods(study: Study, llm: LLM, prompts: list[str], titles: Trie, items: np.ndarray) -> tuple[np.ndarray, float]:
    """float32 (n, C): log-likelihood of the title of each item after each prompt, see `scoring.score_titles`; and the seconds it took."""
    batch_size = study.profile.llm.score_batch
    key = fingerprint(prompts, llm.identity, str(llm.model.dtype), titles, items, batch_size, scoring, reading, attention, cache)
    found, seconds = kept_arrays(
        study.cache(f"likelihoods-{key}"), key, lambda: {"scores": score_titles(llm, prompts, titles, items, batch_size)}
    )
    return found["scores"], seconds


def opinions(study: Study, llm: LLM, model: SequenceModel, histories: Sequences) -> tuple[Opinions, float]:
    """Both models on the sequence model's best candidates, the first of which is the hint in the prompt; and the seconds it took."""
    candidates = hints_from_scores(model.scores(histories), study.profile.llm.candidates)
    titles = build_trie(llm.tokenizer, study.catalogue.titles)
    scores, seconds = likelihoods(study, llm, prompts_for(study, llm, histories, candidates), titles, candidates.items)
    return Opinions.of(candidates, scores), seconds


def priors(study: Study, llm: LLM, model: SequenceModel) -> dict[str, np.ndarray]:
    """What the model thinks of a title whoever asks, each float32 (N + 1,) in nats; nan where the profile leaves a title out.

    "no history": after a prompt without movies and hint; "other people": the mean over the validation prompts of a few seeded users
    """
    wanted = study.profile.llm.prior_titles or len(study.catalogue)
    some = study.validation.sample(study.profile.llm.others, study.seed).history
    nobody = Sequences.from_lists([0], [[]])
    prompts = {
        "no history": prompts_for(study, llm, nobody, None),
        "other people": prompts_for(study, llm, some, hints_from_scores(model.scores(some), 1)),
    }
    titles = build_trie(llm.tokenizer, study.catalogue.titles)
    scored = np.sort(1 + np.argsort(-study.popularity[1:], kind="stable")[:wanted])
    known = {name: np.full(len(study.catalogue) + 1, np.nan, np.float32) for name in prompts}
    for name, texts in prompts.items():
        known[name][0] = 0
        known[name][scored] = likelihoods(study, llm, texts, titles, scored[None])[0].mean(axis=0)
    return known


@dataclass(frozen=True)
class Fusion:
    """How a language model's opinion is weighed; searched: validation NDCG@10 of every way, as `fusion.search` returns it."""

    searched: pd.DataFrame
    name: str  # of the prior, "none" for none
    prior: np.ndarray
    beta: float
    weight: float


def choose_fusion(study: Study, llm: LLM, model: SequenceModel) -> Fusion:
    """The way of fusing with the best NDCG@10 on the profile's validation users; of equal ones the smallest weight."""
    validation = study.validation.sample(study.profile.llm.validation_users, study.seed)
    known = priors(study, llm, model)
    searched = search(opinions(study, llm, model, validation.history)[0], validation.targets, known)
    best = searched.sort_values(["ndcg", "weight"], ascending=[False, True], kind="stable").iloc[0]
    return Fusion(searched, best.prior, known.get(best.prior, np.zeros(len(study.catalogue) + 1)), float(best.beta), float(best.weight))


def kept_arrays(path: Path, key: str, build: Callable[[], dict[str, np.ndarray]]) -> tuple[dict[str, np.ndarray], float]:
    """Arrays as safetensors with the seconds that building them took."""

    def timed() -> tuple[dict[str, np.ndarray], float]:
        started = time.perf_counter()
        return build(), time.perf_counter() - started

    def save(value: tuple[dict[str, np.ndarray], float], folder: Path) -> None:
        save_file(value[0], folder / "arrays.safetensors")
        write_json(folder / "seconds.json", value[1])

    def load(folder: Path) -> tuple[dict[str, np.ndarray], float]:
        return load_file(folder / "arrays.safetensors"), json.loads((folder / "seconds.json").read_text(encoding="utf-8"))

    return cached(path, key, timed, save, load)
