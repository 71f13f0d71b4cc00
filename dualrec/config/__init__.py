"""Every size and hyper-parameter of a run, as dataclasses that refuse what cannot be meant: one table per owner.

`profiles` reads them from TOML. Why a value was chosen stands beside it there, in `profiles/laptop.toml`.
All are imported from here; the modules hold what belongs together.
"""

from dualrec.config.data import MOVIES, DomainConfig, SplitConfig
from dualrec.config.language import (
    LANGUAGE_MODEL,
    REMOTE,
    SENTENCE_ENCODER,
    LLMConfig,
    LoRAConfig,
    ReaderConfig,
    RerankConfig,
)
from dualrec.config.profile import AuditConfig, EvaluationConfig, Profile, ProtocolsConfig
from dualrec.config.sequence import (
    EASEConfig,
    GridConfig,
    IALSConfig,
    ItemConfig,
    LSTMConfig,
    NeighbourConfig,
    SASRecConfig,
    TitlesConfig,
    TrainingConfig,
    WindowConfig,
)
from dualrec.config.values import STRICT, Count, Dropout, NonNegative, Rate, Share, Subset, TieRule, Word

__all__ = [
    "LANGUAGE_MODEL",
    "MOVIES",
    "REMOTE",
    "SENTENCE_ENCODER",
    "STRICT",
    "AuditConfig",
    "Count",
    "DomainConfig",
    "Dropout",
    "EASEConfig",
    "EvaluationConfig",
    "GridConfig",
    "IALSConfig",
    "ItemConfig",
    "LLMConfig",
    "LSTMConfig",
    "LoRAConfig",
    "NeighbourConfig",
    "NonNegative",
    "Profile",
    "ProtocolsConfig",
    "Rate",
    "ReaderConfig",
    "RerankConfig",
    "SASRecConfig",
    "Share",
    "SplitConfig",
    "Subset",
    "TieRule",
    "TitlesConfig",
    "TrainingConfig",
    "WindowConfig",
    "Word",
]
