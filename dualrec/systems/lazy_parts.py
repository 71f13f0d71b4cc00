"""The study's own models, each loaded or trained when a system first needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualrec.study import Study
from dualrec.systems.parts import Loaders, Parts
from dualrec.systems.sequence_models import fit_network

if TYPE_CHECKING:  # transformers and openai take seconds to import: each is imported by the function that needs it
    from dualrec.llm.local import LLM
    from dualrec.llm.writer import Writer
    from dualrec.sequence.neural import NeuralRecommender


def lazy_parts(study: Study) -> Parts:
    """The models of a study, none of which is loaded yet."""
    return Parts(study, Loaders(_lstm, _language_model, _fine_tuned, _server))


def _lstm(study: Study) -> NeuralRecommender:
    return fit_network(study, "lstm")


def _language_model(study: Study) -> LLM:
    from dualrec.llm.local import load_llm

    return load_llm(study.profile.llm.model)


def _fine_tuned(study: Study) -> LLM:
    from dualrec.systems.lora import fine_tuned_llm

    return fine_tuned_llm(study)


def _server(study: Study) -> Writer:
    from dualrec.llm.remote import connect

    return connect(study.profile.llm, study.prompts.system)
