"""What a language model makes of a title that it reads by itself: one vector, the mean over the title's tokens."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from dualrec.core.timing import spent
from dualrec.llm.inference.layer_slice import only_layers
from dualrec.llm.inference.prefix_cache import prompt_batches, token_ids
from dualrec.llm.local import LLM
from dualrec.llm.prompts import harmless
from dualrec.llm.speed.threads import in_threads


@spent("reading")
def mean_states(llm: LLM, titles: Sequence[str], layers: int, batch_size: int = 64) -> np.ndarray:
    """float32 (n, d): the mean of the model's states over a title's tokens.

    States are those behind the last norm, which gives each of them about the same length. Without it the first token,
    on which the others rest their attention, would outweigh the whole title (Xiao et al. 2024, ICLR).

    titles: each of at least one token
    layers: how many of the model's layers read, the lowest; 0 for all
    batch_size: titles at once

    Raises StudyError where the model has fewer layers.
    """
    ids = token_ids(llm, harmless(llm.tokenizer, list(titles)))
    vectors = np.empty((len(ids), llm.model.config.hidden_size), np.float32)

    @torch.inference_mode()
    def read(thread_llm: LLM, rows: np.ndarray) -> None:
        padded = thread_llm.tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")
        mask = padded.attention_mask.to(thread_llm.model.device)  # (B, T)
        states = thread_llm.model.get_decoder()(
            input_ids=padded.input_ids.to(thread_llm.model.device),
            attention_mask=mask,
            position_ids=(mask.cumsum(dim=1) - 1).clamp(min=0),
            use_cache=False,
        ).last_hidden_state  # (B, T, d)
        sums = (states.float() * mask[:, :, None]).sum(dim=1)
        vectors[rows] = (sums / mask.sum(dim=1, keepdim=True)).cpu().numpy()

    with only_layers(llm.model, layers):
        in_threads(llm, prompt_batches(ids, batch_size), read, "read titles")
    return vectors


@torch.inference_mode()
def mean_tokens(llm: LLM, titles: Sequence[str]) -> np.ndarray:
    """float32 (n, d): the mean of the model's static vectors of a title's tokens: what it knows before any layer.

    titles: each of at least one token
    """
    embeddings = cast(torch.nn.Embedding, llm.model.get_input_embeddings())
    table = embeddings.weight.float().cpu().numpy()
    return np.stack([table[row].mean(axis=0) for row in token_ids(llm, harmless(llm.tokenizer, list(titles)))])


def untrained(llm: LLM, seed: int) -> LLM:
    """A model of the same architecture and tokenizer that has learned nothing, in float32 on the same device.

    seed: of its weights, drawn as its library draws them before training
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(copy.deepcopy(llm.model.config), dtype=torch.float32)
    cast(torch.nn.Module, model).to(llm.model.device)  # transformers' own `to` hides its type hints
    return LLM(f"{llm.identity}, random weights {seed}", model.eval(), llm.tokenizer)
