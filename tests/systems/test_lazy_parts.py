"""Models are loaded once, when they are first needed, and another may take a model's place."""

import dataclasses

import pytest

from dualrec.config import REMOTE
from dualrec.core.errors import StudyError
from dualrec.llm import local
from dualrec.systems.lazy_parts import lazy_parts


def test_a_model_is_loaded_once_and_only_when_it_is_needed(study, tiny, monkeypatch):
    loads = []
    monkeypatch.setattr(local, "load_llm", lambda spec: loads.append(spec) or tiny)
    parts = lazy_parts(study)
    assert loads == []
    assert parts.writer is parts.language_model is tiny
    assert loads == [study.profile.llm.model]


def test_another_model_takes_a_model_s_place(study, tiny, monkeypatch):
    monkeypatch.setattr(local, "load_llm", lambda spec: pytest.fail("loaded"))
    parts = lazy_parts(study)
    parts.language_model = tiny
    assert parts.writer is tiny


def test_a_writer_behind_a_server_is_no_language_model_of_this_machine(study, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("OPENAI_MODEL", "some-model")
    llm = dataclasses.replace(study.profile.llm, model=REMOTE)
    study.profile = dataclasses.replace(study.profile, llm=llm)
    parts = lazy_parts(study)
    assert parts.writer.system == study.prompts.system
    with pytest.raises(StudyError, match="needs the model's own probabilities"):
        _ = parts.language_model
