"""Vectors of a study's items by the names under which networks ask for them: `title_side` in their settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dualrec.config import LSTMConfig, SASRecConfig
from dualrec.core.artifacts import cached_arrays
from dualrec.core.fingerprint import cache_key
from dualrec.core.machine import pick_device
from dualrec.data import item_vectors
from dualrec.sequence.neural import reads_title_vectors
from dualrec.study import Study

if TYPE_CHECKING:  # transformers takes seconds to import
    from dualrec.llm.local import LLM

DECIMALS = 4  # of a language model's vectors; a number of them is about .04


class Draw(NamedTuple):
    """What vectors may depend on beside the study.

    layers: of the language model, the lowest; 0 for all
    seed: of what is drawn at random
    """

    layers: int
    seed: int


def _tfidf(study: Study, draw: Draw) -> np.ndarray:
    return item_vectors.tfidf_vectors(study.catalogue.titles, study.title_vectors.shape[1])


def _language_model(study: Study, draw: Draw) -> np.ndarray:
    from dualrec.llm.inference.title_states import mean_states

    return _read(study, ("states", draw.layers), lambda llm, titles: mean_states(llm, titles, draw.layers))


def _tokens(study: Study, draw: Draw) -> np.ndarray:
    from dualrec.llm.inference.title_states import mean_tokens

    return _read(study, ("tokens",), mean_tokens)


def _random_weights(study: Study, draw: Draw) -> np.ndarray:
    from dualrec.llm.inference.title_states import mean_states, untrained

    def read(llm: LLM, titles: list[str]) -> np.ndarray:
        return mean_states(untrained(llm, draw.seed), titles, draw.layers)

    return _read(study, ("random weights", *draw), read)


def _read(study: Study, how: tuple, read: Callable[[LLM, list[str]], np.ndarray]) -> np.ndarray:
    """float32 (N + 1, d): what a language model makes of the titles, less what all of them share; kept on disk.

    The profile's model reads in float32 everywhere, and of a vector of unit length as many decimals are kept as do not
    depend on the processor, but for the rare number that lies between two of them.

    how: all that `read` depends on beside model and titles
    """
    from dualrec.llm.inference import title_states
    from dualrec.llm.local import load_llm, model_identity

    spec, titles = study.profile.llm.model, study.catalogue.titles
    key = cache_key(titles, model_identity(spec), how, pick_device().type, code=title_states)

    def build() -> dict[str, np.ndarray]:
        import torch

        states = read(load_llm(spec, torch.float32), titles[1:])
        return {"states": np.vstack([np.zeros_like(states[:1]), states])}

    states = cached_arrays(study.cache(f"titles-{key}"), key, build)[0]["states"]
    return np.round(item_vectors.centred(states), DECIMALS)


KINDS: dict[str, Callable[[Study, Draw], np.ndarray]] = {
    "sbert": lambda study, draw: study.title_vectors,
    "tfidf": _tfidf,
    "language_model": _language_model,
    "tokens": _tokens,
    "random_weights": _random_weights,
    "permuted": lambda study, draw: item_vectors.permuted(study.title_vectors, draw.seed),
    "gaussian": lambda study, draw: item_vectors.gaussian(study.title_vectors.shape, draw.seed),
}
BY_LANGUAGE_MODEL = ("language_model", "tokens", "random_weights")  # kinds that the profile's language model reads


def network_vectors(study: Study, config: LSTMConfig | SASRecConfig, seed: int) -> np.ndarray | None:
    """float32 (N + 1, d): the vectors that a network reads, row 0 zero; None where it reads none.

    config: names their kind
    seed: of the network; what is drawn at random is drawn anew with each

    Raises StudyError where the language model that shall read is not there or has fewer layers.
    """
    if not reads_title_vectors(config):
        return None
    return KINDS[config.title_side](study, Draw(config.title_layers, seed))
