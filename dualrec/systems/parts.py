"""The models that systems are built on: loaded when they are first needed, and then shared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dualrec.config import REMOTE
from dualrec.study import Study
from dualrec.systems.sequence_models import fit_network

if TYPE_CHECKING:  # transformers takes seconds to import: systems that only count do without it
    from dualrec.llm.local import LLM
    from dualrec.sequence.neural import NeuralRecommender
    from dualrec.systems.free_writer import Writer


@dataclass
class Parts:
    """The models of a study; set one of them to put another model in its place."""

    study: Study

    @cached_property
    def lstm(self) -> NeuralRecommender:
        """The improved LSTM: it names the candidates, the first of which is the hint."""
        return fit_network(self.study, "lstm")

    @cached_property
    def language_model(self) -> LLM:
        """The untuned language model of the profile, on this machine."""
        from dualrec.llm.local import load_llm

        return load_llm(self.study.profile.llm.model)

    @cached_property
    def fine_tuned(self) -> LLM:
        """The language model with its LoRA adapter, which is trained first where that has not been done."""
        from dualrec.systems.lora import fine_tuned_llm

        return fine_tuned_llm(self.study)

    @cached_property
    def writer(self) -> LLM | Writer:
        """What writes lists freely: the untuned model, or a server's where the profile says REMOTE."""
        config = self.study.profile.llm
        if config.model != REMOTE:
            return self.language_model
        from dualrec.llm.remote import connect  # here, since openai takes seconds to import

        return connect(config, self.study.prompts.system)
