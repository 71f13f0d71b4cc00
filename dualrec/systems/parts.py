"""The models that systems are built on: loaded when they are first needed, and then shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from dualrec.config import REMOTE
from dualrec.study import Study

if TYPE_CHECKING:  # transformers takes seconds to import: systems that only count do without it
    from dualrec.llm.local import LLM
    from dualrec.llm.writer import Writer
    from dualrec.sequence.neural import NeuralRecommender


class Loaders(NamedTuple):
    """How each model of a study is loaded, or trained where that has not been done; see `lazy_parts`."""

    lstm: Callable[[Study], NeuralRecommender]
    language_model: Callable[[Study], LLM]
    fine_tuned: Callable[[Study], LLM]
    server: Callable[[Study], Writer]


@dataclass
class Parts:
    """The models of a study; set one of them to put another model in its place."""

    study: Study
    loaders: Loaders

    @cached_property
    def lstm(self) -> NeuralRecommender:
        """The improved LSTM: it names the candidates, the first of which is the hint."""
        return self.loaders.lstm(self.study)

    @cached_property
    def language_model(self) -> LLM:
        """The untuned language model of the profile, on this machine."""
        return self.loaders.language_model(self.study)

    @cached_property
    def fine_tuned(self) -> LLM:
        """The language model with its LoRA adapter."""
        return self.loaders.fine_tuned(self.study)

    @cached_property
    def writer(self) -> LLM | Writer:
        """What writes lists freely: the untuned model, or a server's where the profile says REMOTE."""
        return self.loaders.server(self.study) if self.study.profile.llm.model == REMOTE else self.language_model
