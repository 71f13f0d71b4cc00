"""The key of every cached result changes with all it depends on, and with nothing else.

Nothing is computed here: what makes a result is replaced, and the name under which it would be kept is read.
"""

import dataclasses
from collections.abc import Callable
from typing import get_type_hints

import numpy as np
import pytest

from dualrec.config import Profile
from dualrec.core import sources
from dualrec.data import title_vectors
from dualrec.llm.inference import beam_search, generate, hidden_states, likelihood
from dualrec.llm.inference.beam_search import Beams
from dualrec.llm.inference.generate import Generation
from dualrec.llm.inference.title_trie import build_trie
from dualrec.study import Study
from dualrec.systems import lora
from dualrec.systems.catalogue_writer import write_from_catalogue
from dualrec.systems.free_writer import write_lists
from dualrec.systems.lora import lora_data
from dualrec.systems.reader import read_histories
from dualrec.systems.second_opinion import likelihoods
from dualrec.systems.sequence_models import network_key

PROMPT = {"llm.history", "llm.titles", "llm.max_prompt_tokens", "llm.prompt", "domain.items"}
PROMPT |= {"domain.verb", "domain.infinitive"}
MADE_BY = {
    "lstm": "dualrec.sequence.neural",
    "sasrec": "dualrec.sequence.neural",
    "texts": "dualrec.llm.inference.generate",
    "beams": "dualrec.llm.inference.beam_search",
    "likelihoods": "dualrec.llm.inference.likelihood",
    "states": "dualrec.llm.inference.hidden_states",
    "adapter": "dualrec.llm.finetuning.lora",
    "title vectors": "dualrec.data.title_vectors",
}


def table(name: str) -> set[str]:
    """Every setting of one table of the profile."""
    return {f"{name}.{field.name}" for field in dataclasses.fields(get_type_hints(Profile)[name])}


DEPENDS = {
    "lstm": table("lstm"),
    "sasrec": table("sasrec"),
    "texts": PROMPT | {"llm.batch_size"},
    "beams": PROMPT | {"llm.batch_size", "llm.beam"},
    "likelihoods": PROMPT | {"llm.score_batch"},
    "states": {"reader.window", "reader.read_batch", "reader.layers", "llm.prompt"} | table("domain"),
    "adapter": PROMPT | table("lora"),
    "title vectors": {"rerank.encoder"},
}
# What takes another model or another machine to change, and what is changed on the way to a result in tests of its own.
ELSEWHERE = {"llm.model", "lora.quantise"}


@pytest.fixture
def key_of(study, tiny, monkeypatch) -> Callable[[str, Study], str]:
    """The name under which a result would be kept in a study."""
    histories = study.cases.take(range(3)).history
    vectors = np.random.default_rng(0).normal(size=(len(study.catalogue) + 1, 4)).astype(np.float32)
    few = smaller(study)
    few.title_vectors = vectors
    examples = lora_data(few, tiny)
    kept: list[str] = []
    monkeypatch.setattr(Study, "cache", lambda self, name: kept.append(name) or self.folder / "cache" / name)
    monkeypatch.setattr(generate, "generate", lambda llm, texts, *_: Generation([""] * len(texts), 0.0))
    none = np.full((3, 5), -1)
    monkeypatch.setattr(beam_search, "beam_search", lambda *_: Beams(none, none.astype(np.float32)))
    monkeypatch.setattr(likelihood, "score_titles", lambda *_: np.zeros((3, 1), np.float32))
    monkeypatch.setattr(hidden_states, "read_states", lambda *_: np.zeros((3, 4), np.float32))
    monkeypatch.setattr(lora, "fine_tune", lambda *_: [])
    monkeypatch.setattr(title_vectors, "cached", lambda folder, key, *_, **__: kept.append(key))

    def key(result: str, changed: Study) -> str:
        if result in ("lstm", "sasrec"):
            changed.title_vectors = vectors
            return network_key(changed, result, 0, changed.split)
        if result == "texts":
            write_lists(changed, tiny, histories, None, 5)
        elif result == "beams":
            write_from_catalogue(changed, tiny, histories, None, 5)
        elif result == "likelihoods":
            trie = build_trie(tiny.tokenizer, changed.catalogue.titles)
            likelihoods(changed, tiny, changed.prompts_for(tiny, histories, None), trie, np.array([[4]]))
        elif result == "states":
            read_histories(changed, tiny, histories, {"none": np.zeros(3, np.int64)}, changed.catalogue.titles)
        elif result == "adapter":
            prompts = changed.prompts_for(tiny, examples.cases.history, examples.hints)
            same_answers = [dataclasses.replace(e, prompt=p) for e, p in zip(examples.train, prompts, strict=False)]
            lora.train_adapter(changed, tiny, dataclasses.replace(examples, train=same_answers))
        elif result == "title vectors":
            title_vectors.title_vectors(changed.catalogue, changed.profile.rerank.encoder, changed.folder)
        return kept[-1]

    return key


def smaller(study: Study) -> Study:
    config = dataclasses.replace(study.profile.lora, users=6, validation_users=5)
    llm = dataclasses.replace(study.profile.llm, titles=2)
    return dataclasses.replace(study, profile=dataclasses.replace(study.profile, lora=config, llm=llm))


def other_value(value):
    """Something else of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(value - 1, 1) if value > 1 else value + 1
    if isinstance(value, float):
        return value / 2 + 0.01
    if isinstance(value, tuple):
        return (*value, value[-1]) if value else (0.1, 0.2)
    return {"all": "windows", "windows": "all", "words": "sbert", "sbert": "words", "file": "id_up"}.get(
        value, f"{value}2"
    )


def variants(study: Study) -> dict[str, Study]:
    """Setting -> the study with another value of it, for every setting of every table of the profile."""
    found = {}
    for name, kind in get_type_hints(Profile).items():
        if not dataclasses.is_dataclass(kind):
            continue
        config = getattr(study.profile, name)
        for field in dataclasses.fields(kind):
            value = getattr(config, field.name)
            changed = object.__new__(type(config))  # without the checks of a table: what counts is that it is another
            for other in dataclasses.fields(kind):
                object.__setattr__(changed, other.name, getattr(config, other.name))
            object.__setattr__(changed, field.name, other_value(value))
            profile = dataclasses.replace(study.profile)
            object.__setattr__(profile, name, changed)
            found[f"{name}.{field.name}"] = dataclasses.replace(study, profile=profile)
    return found


@pytest.mark.parametrize("result", DEPENDS)
def test_a_key_changes_with_the_settings_that_enter_and_no_others(study, key_of, result, monkeypatch):
    from dualrec.llm import prompts

    other = dataclasses.replace(prompts.STYLES["default"], request="Name {n} {items}.")
    monkeypatch.setitem(prompts.STYLES, "default2", other)
    before = key_of(result, study)
    for setting, changed in variants(study).items():
        if setting in ELSEWHERE:
            continue
        if setting == "llm.max_prompt_tokens":  # a smaller budget that cuts these short prompts
            config = dataclasses.replace(study.profile.llm, max_prompt_tokens=80)
            changed = dataclasses.replace(study, profile=dataclasses.replace(study.profile, llm=config))
        assert (key_of(result, changed) != before) == (setting in DEPENDS[result]), setting


@pytest.mark.parametrize("result", DEPENDS)
def test_a_key_changes_with_the_sources_that_are_reached_and_no_others(study, key_of, result, monkeypatch):
    before, hashed = key_of(result, study), sources._tree_hash
    within = {name for name in sources.closure([MADE_BY[result]]) if not f"{name}.".startswith(f"{sources.VALUES}.")}
    assert {"dualrec.core.artifacts", MADE_BY[result]} <= within or result != "lstm"
    for name in sources.module_names():
        edited = sources.file_of(name)
        monkeypatch.setattr(sources, "_tree_hash", lambda file, edited=edited: hashed(file) + "!" * (file == edited))
        assert (key_of(result, study) != before) == (name in within), name


def test_what_the_holes_were(study):
    """Modules that lists kept by hand had forgotten."""
    assert "dualrec.core.batching" in sources.closure([MADE_BY["lstm"]])
    assert "dualrec.core.batching" in sources.closure([MADE_BY["beams"]])
    assert "dualrec.llm.prompts" in sources.closure([MADE_BY["beams"]])


def test_other_title_vectors_are_another_network(study):
    study.title_vectors = np.zeros((len(study.catalogue) + 1, 4), np.float32)
    before = {name: network_key(study, name, 0, study.split) for name in ("lstm", "paper_lstm", "sasrec")}
    study.title_vectors = np.ones((len(study.catalogue) + 1, 4), np.float32)
    after = {name: network_key(study, name, 0, study.split) for name in before}
    assert {name for name in before if before[name] != after[name]} == {"lstm"}


def test_other_libraries_are_another_key(study, monkeypatch):
    from dualrec.core import fingerprint

    study.title_vectors = np.zeros((len(study.catalogue) + 1, 4), np.float32)
    before = network_key(study, "lstm", 0, study.split)
    for library in ("torch", "transformers"):
        monkeypatch.setattr(fingerprint.metadata, "version", lambda name, library=library: f"9.{name == library}")
        assert network_key(study, "lstm", 0, study.split) != before
