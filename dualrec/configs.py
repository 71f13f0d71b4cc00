"""Every size and hyper-parameter of a run, as plain dataclasses that refuse what cannot be meant; `profiles` reads them from TOML."""

from __future__ import annotations

from dataclasses import dataclass, field

from dualrec.errors import StudyError

REMOTE = "openai"  # as `llm.model`: the model behind a server that the environment names, see `language/remote.py`


@dataclass(frozen=True)
class SplitConfig:
    """Leave-one-out: `tie_rule` orders events with the same timestamp, shorter users are left out."""

    tie_rule: str = "file"
    min_events: int = 5


@dataclass(frozen=True)
class TrainingConfig:
    """What the fit loop reads of any next-item network: its training targets and its optimiser."""

    targets: str = "all"  # "all": every position; "windows": one sample per window, as published
    window: int = 30  # movies the network looks back on, in training and when it ranks
    learning_rate: float = 1e-3
    warmup: float = 0.0  # share of the steps; with any, the rate then falls linearly to zero, else it is constant
    weight_decay: float = 0.0
    batch_size: int = 128  # sequences where every position is a target, else windows
    epochs: int = 10
    patience: int = 3  # epochs without a better validation NDCG@10 before training ends

    def __post_init__(self):
        _one_of("a network's targets", self.targets, ("all", "windows"))


@dataclass(frozen=True)
class LSTMConfig(TrainingConfig):
    """One LSTM (PAPER §3 as defaults)."""

    id_dim: int = 128
    title_dim: int = 64
    genre_dim: int = 64
    hidden: tuple[int, ...] = (256, 128)
    dense: int = 256
    dropout: float = 0.3
    input_dropout: float = 0.0
    title_side: str = "words"  # "words": learned word tokens, mean-pooled; "sbert": frozen title embeddings
    tied: bool = False  # output weights = the item table

    def __post_init__(self):
        super().__post_init__()
        _one_of("an LSTM's title_side", self.title_side, ("words", "sbert"))


@dataclass(frozen=True)
class SASRecConfig(TrainingConfig):
    """One SASRec (Kang and McAuley 2018), on item ids alone."""

    dim: int = 128
    blocks: int = 2
    heads: int = 2
    dropout: float = 0.2


@dataclass(frozen=True)
class WindowConfig:
    """The windowed Markov chain: steps it looks back, and what is left of a step's weight one step further.

    The best of 63 settings by NDCG@10 on ML-100K's validation targets: windows 1, 3, 5, 8, 12, 20, decays 0.6, 0.75, 0.85, 0.95,
    and pair counts divided by the popularity of the first movie to the power 0, 0.5 or 1 (kept: 1).
    """

    window: int = 12
    decay: float = 0.85


@dataclass(frozen=True)
class NeighbourConfig:
    """Item-kNN: neighbours per item, shrinkage in users, movies of the history that vote.

    The best of 36 settings by NDCG@10 on ML-100K's validation targets: neighbours 20, 50, 100 or all, shrinkage 0, 10 or 50,
    the last 5, 20 or all movies.
    """

    neighbours: int = 50
    shrinkage: float = 10.0
    history: int = 5


@dataclass(frozen=True)
class LLMConfig:
    """The language model and what it is asked."""

    model: str = "smollm2-135m"  # the embedded one, a folder, "hub-id@revision", or REMOTE
    history: int = 5  # titles in the prompt
    titles: int = 10  # titles asked for
    users: int = 0  # evaluated users, a seeded subset; 0 = all
    batch_size: int = 32
    max_prompt_tokens: int = 256
    match_threshold: int = 90  # rapidfuzz ratio (0-100) a written title must reach
    beam: int = 10  # titles in the making per user, where only the catalogue may be written; never fewer than are wanted
    candidates: int = 20  # of the LSTM, where the language model gives a second opinion
    score_batch: int = 16  # prompts per batch where titles are scored: fewer, since each carries a tree of titles
    validation_users: int = 0  # on whom the second opinion's weight is chosen, a seeded subset; 0 = all
    others: int = 4  # people after whose prompts the whole catalogue is scored, for what a title is worth whoever asks
    concurrency: int = 8  # requests under way at once, where a server writes
    prices: tuple[float, ...] = ()  # what a server takes per million tokens read and written; empty: not known

    def __post_init__(self):
        if self.concurrency < 1:
            raise StudyError("llm.concurrency must be at least 1")
        if len(self.prices) not in (0, 2) or min(self.prices, default=0) < 0:
            raise StudyError(f"llm.prices must be two prices, per million tokens read and written, not {list(self.prices)}")


@dataclass(frozen=True)
class LoRAConfig:
    """LoRA fine-tuning (PAPER §2: r=8, alpha=16, dropout 0.1, q_proj + v_proj, 3 epochs)."""

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.1
    modules: tuple[str, ...] = ("q_proj", "v_proj")
    epochs: int = 3
    layers: int = 0  # upper layers that get adapters; 0 = all
    users: int = 0  # training users, a seeded subset; 0 = all
    positions: int = 1  # training examples per user, each one event later than the one before
    validation_users: int = 64
    learning_rate: float = 5e-4
    warmup: float = 0.1  # share of the steps
    batch_size: int = 8
    accumulation: int = 1
    max_grad_norm: float = 1.0
    quantise: str = ""  # "4bit": train on a base model in 4 bit (QLoRA, Dettmers et al. 2023), which takes CUDA and bitsandbytes
    checkpointing: bool = False  # compute activations again instead of keeping them: far less memory for one more forward pass

    def __post_init__(self):
        _one_of("quantise in [lora]", self.quantise, ("", "4bit"))
        if self.positions < 1:
            raise StudyError("positions in [lora] must be at least 1: every training user gives that many examples")


@dataclass(frozen=True)
class ReaderConfig:
    """The language model as a reader, and the head on top of it.

    The head's settings are the best of three on validation with half the users: (1e-3, 0.1, 0.2), (1e-3, 0.1, 0.5) and the ones here
    for rate, decay and dropout.
    """

    window: int = 20  # movies that are read
    positions: int = 10  # last training events of every user that the head learns from; fewer than the window
    read_batch: int = 16  # histories read at once
    epochs: int = 20
    learning_rate: float = 3e-3
    weight_decay: float = 1.0
    dropout: float = 0.5
    batch_size: int = 256  # training positions
    amounts: tuple[int, ...] = (250, 1000, 4000)  # of training positions, to see what more of them bring

    def __post_init__(self):
        if not 0 < self.positions < self.window:
            raise StudyError(f"a reader's positions ({self.positions}) must be at least 1 and fewer than its window ({self.window})")


@dataclass(frozen=True)
class RerankConfig:
    """Sentence encoder and the trade-off of MMR (1 = relevance only)."""

    encoder: str = "all-minilm-l6-v2"
    mmr_lambda: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)


@dataclass(frozen=True)
class EvaluationConfig:
    """List length and bootstrap resamples behind each interval."""

    k: int = 10
    resamples: int = 2000


@dataclass(frozen=True)
class AuditConfig:
    """The audit of the released evaluation: users (a seeded subset, 0 = all) and titles per list."""

    users: int = 0
    titles: int = 5


@dataclass(frozen=True)
class ProtocolsConfig:
    """The comparison of protocols: random tie orders, and the tie rules under which the LSTM is trained again."""

    random_ties: int = 5
    lstm_ties: tuple[str, ...] = ("file", "id_down", "random:0")


@dataclass(frozen=True)
class Profile:
    """One complete setting of the study."""

    name: str
    summary: str
    data: str
    users: int = 0  # test users of the temporal systems, a seeded subset; 0 = all
    split: SplitConfig = field(default_factory=SplitConfig)
    recent_events: int = 20  # last events of a user that recent popularity counts; best of 1, 3, 5, 10, 20, 50, 100 on validation
    windowed_markov: WindowConfig = field(default_factory=WindowConfig)
    item_knn: NeighbourConfig = field(default_factory=NeighbourConfig)
    lstm: LSTMConfig = field(default_factory=LSTMConfig)
    paper_lstm: LSTMConfig = field(default_factory=LSTMConfig)
    sasrec: SASRecConfig = field(default_factory=SASRecConfig)
    llm: LLMConfig = field(default_factory=LLMConfig)
    lora: LoRAConfig = field(default_factory=LoRAConfig)
    reader: ReaderConfig = field(default_factory=ReaderConfig)
    rerank: RerankConfig = field(default_factory=RerankConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    protocols: ProtocolsConfig = field(default_factory=ProtocolsConfig)
    seeds: int = 3  # seeds of the improved LSTM within a run; the first one makes the hints
    needs_memory_gib: float = 6.0
    needs_gpu_memory_gib: float = 0.0


def _one_of(what: str, value: str, choices: tuple[str, str]) -> None:
    """Raise StudyError where a value is none of two choices."""
    if value not in choices:
        raise StudyError(f"{what} must be '{choices[0]}' or '{choices[1]}', not '{value}'")
