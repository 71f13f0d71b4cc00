"""The language model in its roles, what teaches it, and the re-ranker."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from dualrec.config.values import STRICT, Count, Dropout, NonNegative, Rate, Share, Subset

REMOTE = "openai"  # as `llm.model`: the model behind a server that the environment names, see `llm/remote.py`
LANGUAGE_MODEL = "smollm2-135m"  # the embedded ones, see `assets`
SENTENCE_ENCODER = "all-minilm-l6-v2"


@dataclass(frozen=True, config=STRICT)
class LLMConfig:
    """The language model and what it is asked."""

    model: str = LANGUAGE_MODEL  # the embedded one, a folder, "hub-id@revision", or REMOTE
    prompt: str = "default"  # the style of its prompts, one of `llm.prompts.STYLES`
    history: Count = 5  # titles in the prompt
    titles: Count = 10  # titles asked for
    users: Subset = 0  # evaluated users, a seeded subset; 0 = all
    batch_size: Count = 32
    max_prompt_tokens: Count = 256
    beam: Count = 10  # titles in the making per user, where only the catalogue may be written; never fewer than wanted
    candidates: Count = 20  # of the LSTM, where the language model gives a second opinion
    score_batch: Count = 16  # prompts per batch where titles are scored: fewer, since each carries a tree of titles
    validation_users: Subset = 0  # on whom the second opinion's weight is chosen, a seeded subset; 0 = all
    others: Count = 4  # people after whose prompts titles are scored, for what a title is worth whoever asks
    prior_titles: Subset = 0  # titles that are scored so, those with most events; 0 = all
    concurrency: Count = 8  # requests under way at once, where a server writes
    prices: tuple[NonNegative, ...] = ()  # what a server takes per million tokens read and written; empty: not known

    @model_validator(mode="after")
    def _price_both_ways(self) -> Self:
        if len(self.prices) not in (0, 2):
            raise ValueError(f"prices must be two, per million tokens read and written, not {list(self.prices)}")
        return self


@dataclass(frozen=True, config=STRICT)
class LoRAConfig:
    """LoRA fine-tuning (PAPER §2: r=8, alpha=16, dropout 0.1, q_proj + v_proj, 3 epochs)."""

    rank: Count = 8
    alpha: Count = 16
    dropout: Dropout = 0.1
    modules: Annotated[tuple[str, ...], Field(min_length=1)] = ("q_proj", "v_proj")
    epochs: Count = 3
    users: Subset = 0  # training users, a seeded subset; 0 = all
    positions: Count = 1  # training examples per user, each one event later than the one before
    validation_users: Count = 64
    learning_rate: Rate = 5e-4
    warmup: Share = 0.1  # share of the steps
    batch_size: Count = 8
    accumulation: Count = 1
    max_grad_norm: Rate = 1.0
    # "4bit": train on a base model in 4 bit (QLoRA, Dettmers et al. 2023); takes CUDA and bitsandbytes
    quantise: Literal["", "4bit"] = ""
    checkpointing: bool = False  # compute activations again instead of keeping them: less memory, one more forward pass


@dataclass(frozen=True, config=STRICT)
class ReaderConfig:
    """The language model as a reader, and the head on top of it."""

    window: Count = 20  # items that are read
    layers: Subset = 0  # lower layers of the language model that read; 0 = all
    positions: Count = 10  # last training events of every user that the head learns from; fewer than the window
    read_batch: Count = 16  # histories read at once
    epochs: Count = 20
    learning_rate: Rate = 3e-3
    weight_decay: NonNegative = 1.0
    dropout: Dropout = 0.5
    batch_size: Count = 256  # training positions
    training_sizes: tuple[Count, ...] = (250, 1000, 4000)  # positions for heads that learn from fewer of them

    @model_validator(mode="after")
    def _fit_into_the_window(self) -> Self:
        if self.positions >= self.window:
            raise ValueError(f"positions ({self.positions}) must be fewer than window ({self.window})")
        return self


@dataclass(frozen=True, config=STRICT)
class RerankConfig:
    """Sentence encoder and the trade-off of MMR (1 = relevance only)."""

    encoder: str = SENTENCE_ENCODER
    mmr_lambda: Annotated[tuple[Share, ...], Field(min_length=1)] = tuple(tenths / 10 for tenths in range(10, -1, -1))
