"""Every size and hyper-parameter of a run, as dataclasses that refuse what cannot be meant.

`profiles` reads them from TOML. Why a value was chosen stands beside it there, in `profiles/laptop.toml`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

REMOTE = "openai"  # as `llm.model`: the model behind a server that the environment names, see `llm/remote.py`
LANGUAGE_MODEL = "smollm2-135m"  # the embedded ones, see `assets`
SENTENCE_ENCODER = "all-minilm-l6-v2"
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Count = Annotated[int, Field(ge=1)]
Subset = Annotated[int, Field(ge=0)]  # how many of something; 0 = all
Rate = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Word = Annotated[str, Field(min_length=1)]
TieRule = Annotated[str, Field(pattern=r"^(file|id_up|id_down|random:\d{1,9})$")]


@dataclass(frozen=True, config=STRICT)
class DomainConfig:
    """What is recommended, in the words of prompts, figures and pages; a profile names all but `items`, or none."""

    item: Word  # one of them
    verb: Word  # what a person did with those of the history: "watched", "listened to"
    infinitive: Word  # of the verb
    items: Word = Field(default_factory=lambda words: f"{words['item']}s")


MOVIES = DomainConfig("movie", "watched", "watch")


@dataclass(frozen=True, config=STRICT)
class SplitConfig:
    """Leave-one-out: `tie_rule` orders events with the same timestamp, `repeats` says what items met again are."""

    tie_rule: TieRule = "file"
    min_events: Count = 5  # shorter users are left out
    # "first": only the first encounter is an event; "allow": what was seen may be recommended again;
    # "drop": as it stands, without the users whose target was seen before and so can never be recommended
    repeats: Literal["first", "allow", "drop"] = "first"


@dataclass(frozen=True, config=STRICT)
class TrainingConfig:
    """What the fit loop reads of any next-item network: its training targets and its optimiser."""

    targets: Literal["all", "windows"] = "all"  # "all": every position; "windows": one sample per window, as published
    window: Count = 30  # items the network looks back on, in training and when it ranks
    learning_rate: Rate = 1e-3
    warmup: Share = 0.0  # share of the steps; with any, the rate then falls linearly to zero, else it is constant
    weight_decay: NonNegative = 0.0
    batch_size: Count = 128  # sequences where every position is a target, else windows
    # Sequences of any length together, so that every position counts alike; else those of similar length, which is
    # faster, and where lengths differ much a short sequence's position weighs more.
    mixed_batches: bool = False
    epochs: Count = 10
    patience: Count = 3  # epochs without a better validation NDCG@10 before training ends
    precision: Literal["float32", "bfloat16"] = "float32"  # of training; what bfloat16 costs: `make precision`


@dataclass(frozen=True, config=STRICT)
class ItemConfig(TrainingConfig):
    """What stands for an item, whichever network reads it: id, title and genres side by side."""

    title_dim: Subset = 0  # 0: titles are not read, or only where the ids begin
    genre_dim: Subset = 0  # 0: genres are not read
    years: bool = False  # genres are read together with the year
    # learned word tokens, mean-pooled; or frozen vectors, see `systems/item_features.py`
    title_side: Literal[
        "words", "sbert", "tfidf", "language_model", "tokens", "random_weights", "permuted", "gaussian"
    ] = "words"
    title_layers: Subset = 0  # of the language model that reads titles, the lowest; 0 = all
    # how vectors come in: through a trained layer; as frozen principal components; as what the ids begin with
    title_way: Literal["linear", "frozen_pca", "pca_init"] = "linear"

    def _require_items(self, id_dim: int) -> None:
        """Raise ValueError where an item would be nothing, or what shall be read of its title is not there."""
        if id_dim + self.title_dim + self.genre_dim < 1:
            raise ValueError("an item is neither id nor title nor genres; give one of them a dimension")
        if self.years and not self.genre_dim:
            raise ValueError("years are read together with genres; set genre_dim, or years = false")
        if self.title_way != "linear" and self.title_side == "words":
            raise ValueError(f"title_way '{self.title_way}' takes vectors, and title_side 'words' has none")
        if self.title_way == "pca_init" and (self.title_dim or not id_dim):
            raise ValueError("title_way 'pca_init' is about ids alone; set title_dim = 0 and give ids a dimension")


@dataclass(frozen=True, config=STRICT)
class LSTMConfig(ItemConfig):
    """One LSTM (PAPER §3 as defaults)."""

    id_dim: Subset = 128  # 0: ids are not read
    title_dim: Subset = 64
    genre_dim: Subset = 64
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (256, 128)
    dense: Subset = 256  # 0: no layer between the last LSTM and the output
    dropout: Dropout = 0.3
    input_dropout: Dropout = 0.0
    tied: bool = False  # output weights = the item table

    @model_validator(mode="after")
    def _have_items(self) -> Self:
        self._require_items(self.id_dim)
        return self


@dataclass(frozen=True, config=STRICT)
class SASRecConfig(ItemConfig):
    """One SASRec (Kang and McAuley 2018)."""

    dim: Count = 128  # of an item; its id has what titles and genres leave
    blocks: Count = 2
    heads: Count = 2
    dropout: Dropout = 0.2

    @property
    def id_dim(self) -> int:
        """Numbers of an item's id."""
        return self.dim - self.title_dim - self.genre_dim

    @model_validator(mode="after")
    def _share_the_dimensions(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim ({self.dim}) must be a multiple of heads ({self.heads})")
        if self.id_dim < 0:
            raise ValueError(f"dim ({self.dim}) must be at least title_dim and genre_dim ({self.dim - self.id_dim})")
        self._require_items(self.id_dim)
        return self


@dataclass(frozen=True, config=STRICT)
class TitlesConfig:
    """The LSTMs of chapter 13, an item half as wide as in the LSTM: what stands for it, and how they are trained.

    A third of the LSTM's arithmetic and fewer epochs: twelve of them take minutes. Chosen on validation, with titles.
    """

    arms: tuple[str, ...] = ("ids", "ids_genres_years", "permuted", "sbert")  # none where even that takes too long
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (128,)
    dropout: Dropout = 0.2
    learning_rate: Rate = 5e-3
    batch_size: Count = 32
    epochs: Count = 8


@dataclass(frozen=True, config=STRICT)
class GridConfig:
    """What `make grid_search` tries for every network: each value of a setting with each of the others.

    `make representation` tries the rates and dropouts for every arm, too.
    """

    learning_rate: Annotated[tuple[Rate, ...], Field(min_length=1)] = (1e-3, 3e-3)
    dropout: Annotated[tuple[Dropout, ...], Field(min_length=1)] = (0.2, 0.4)
    weight_decay: Annotated[tuple[NonNegative, ...], Field(min_length=1)] = (0.01, 0.3)


@dataclass(frozen=True, config=STRICT)
class WindowConfig:
    """The windowed Markov chain: steps it looks back, and what is left of a step's weight one step further."""

    window: Count = 12
    decay: Annotated[float, Field(gt=0, le=1)] = 0.85


@dataclass(frozen=True, config=STRICT)
class NeighbourConfig:
    """Item-kNN: neighbours per item, shrinkage in users, items of the history that vote."""

    neighbours: Count = 50
    shrinkage: NonNegative = 10.0
    history: Count = 5


@dataclass(frozen=True, config=STRICT)
class EASEConfig:
    """EASE: the penalty on squared weights, in users."""

    l2: Rate = 500.0


@dataclass(frozen=True, config=STRICT)
class IALSConfig:
    """iALS: numbers per user and item, their penalty, how much an event outweighs none, and passes over the data."""

    factors: Count = 64
    regularisation: Rate = 0.01
    alpha: Rate = 1.0
    epochs: Count = 15


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


@dataclass(frozen=True, config=STRICT)
class EvaluationConfig:
    """List length and bootstrap resamples behind each interval."""

    k: Count = 10
    resamples: Count = 2000
    # A gain below this share of what the LSTM has on the validation targets is none that matters. It was chosen after
    # most test results had been seen, those on MovieLens-100K before all.
    margin: Share = 0.04


@dataclass(frozen=True, config=STRICT)
class AuditConfig:
    """The audit of the released evaluation: users (a seeded subset, 0 = all) and titles per list."""

    users: Subset = 0
    titles: Count = 5


@dataclass(frozen=True, config=STRICT)
class ProtocolsConfig:
    """The comparison of protocols: random tie orders, and the tie rules under which the LSTM is trained again."""

    random_ties: Count = 5
    lstm_ties: tuple[TieRule, ...] = ("file", "id_down", "random:0")


@dataclass(frozen=True, config=STRICT)
class Profile:
    """One complete setting of the study."""

    name: str
    summary: str
    data: str
    core: Subset = 0  # events that every user and every item of the data must have (their k-core); 0 = any number
    domain: DomainConfig = MOVIES
    users: Subset = 0  # test users of systems that do not write freely, a seeded subset; 0 = all
    split: SplitConfig = field(default_factory=SplitConfig)
    recent_events: Count = 20  # last events of a user that recent popularity counts
    windowed_markov: WindowConfig = field(default_factory=WindowConfig)
    item_knn: NeighbourConfig = field(default_factory=NeighbourConfig)
    ease: EASEConfig = field(default_factory=EASEConfig)
    ials: IALSConfig = field(default_factory=IALSConfig)
    lstm: LSTMConfig = field(default_factory=LSTMConfig)
    paper_lstm: LSTMConfig = field(default_factory=LSTMConfig)
    lstm_ids: LSTMConfig = field(default_factory=LSTMConfig)  # on ids alone: an opponent in side runs
    sasrec: SASRecConfig = field(default_factory=SASRecConfig)
    grid: GridConfig = field(default_factory=GridConfig)
    llm: LLMConfig = field(default_factory=LLMConfig)
    lora: LoRAConfig = field(default_factory=LoRAConfig)
    reader: ReaderConfig = field(default_factory=ReaderConfig)
    rerank: RerankConfig = field(default_factory=RerankConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    protocols: ProtocolsConfig = field(default_factory=ProtocolsConfig)
    seeds: Count = 3  # seeds of the improved LSTM within a run; the first one makes the hints
    titles: TitlesConfig = field(default_factory=TitlesConfig)
    arm_patience: Count = 5  # as `patience` of a network, for the arms of `make representation`
    needs_memory_gib: NonNegative = 7.0
    needs_gpu_memory_gib: NonNegative = 0.0
