"""Every system of the study, one row each: its name and look, what it needs, and which file ranks with it. Data only.

A row's family is the file in this folder whose function `rank` makes its lists; `rank.py` looks it up there.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from dualrec.core.errors import StudyError, did_you_mean
from dualrec.plots.style import (
    BLUE,
    BROWN,
    CHARCOAL,
    GREEN,
    GREY,
    INDIGO,
    OLIVE,
    ORANGE,
    PINK,
    RED,
    SKY,
    TEAL,
    VIOLET,
    WINE,
    YELLOW,
    Look,
)

TRAINING = "training"  # learns by gradient: another seed gives another model
SOLVING = "solving"  # learns by least squares, from who met what in any order
HINT = "hint"  # the LSTM's best item
TEXT = "text"  # what a language model writes, here or behind a server
PROBABILITIES = "probabilities"  # of a language model on this machine
ADAPTER = "adapter"  # the language model's, trained by LoRA
WEIGHT = "weight"  # chosen on validation: how much another model counts beside the LSTM


@dataclass(frozen=True, kw_only=True)
class System(Look):
    """One system of the study, as a row of the table.

    name: as in ledgers and on the command line
    family: the file in `systems/` that ranks with it
    needs: some of TRAINING, SOLVING, HINT, TEXT, PROBABILITIES, ADAPTER and WEIGHT
    settings: the table of the profile that describes it, "" for none of its own
    subset: evaluated on the profile's seeded subset of the test users (`llm.users`), since it writes freely
    reranks: the system whose lists it puts in another order, "" for none
    sums: the sequence model whose log-probabilities are added to the LSTM's, "" for none
    reference: `package.module:Class` of a reader's own model, "" for the study's
    """

    name: str
    family: str
    needs: frozenset[str] = frozenset()
    settings: str = ""
    subset: bool = False
    reranks: str = ""
    sums: str = ""
    reference: str = ""


def _counting(name: str, label: str, colour: str, marker: str, settings: str = "") -> System:
    return System(label, colour, marker, name=name, family="sequence_models", settings=settings)


def _solved(name: str, label: str, colour: str, marker: str) -> System:
    needs = frozenset({SOLVING})
    return System(label, colour, marker, name=name, family="sequence_models", needs=needs, settings=name)


def _network(name: str, label: str, colour: str, marker: str, dash: str) -> System:
    needs = frozenset({TRAINING})
    return System(label, colour, marker, dash, name=name, family="sequence_models", needs=needs, settings=name)


def _free_writer(name: str, label: str, colour: str, marker: str, *needs: str) -> System:
    all_needs = frozenset({TEXT, *needs})
    return System(label, colour, marker, name=name, family="free_writer", needs=all_needs, settings="llm", subset=True)


def _reranked(name: str, source: System) -> System:
    """A system's lists, ordered by Sentence-BERT similarity to the hint."""
    return System(
        f"{source.label} → SBERT",
        source.colour,
        source.marker,
        hollow=True,
        name=name,
        family="reranked",
        needs=source.needs | {HINT},
        settings="rerank",
        subset=source.subset,
        reranks=source.name,
    )


def _role(name: str, label: str, colour: str, marker: str, family: str, settings: str, *needs: str) -> System:
    all_needs = frozenset({TRAINING, HINT, PROBABILITIES, *needs})
    hollow = WEIGHT in needs
    return System(label, colour, marker, hollow=hollow, name=name, family=family, needs=all_needs, settings=settings)


def _sum(name: str, label: str, colour: str, marker: str, other: str) -> System:
    needs = frozenset({TRAINING, WEIGHT})
    return System(
        label, colour, marker, hollow=True, name=name, family="summed", needs=needs, settings="lstm", sums=other
    )


_LSTM = _network("lstm", "LSTM, improved", BLUE, "o", "-")
_LLM = _free_writer("llm", "LLM zero-shot", YELLOW, "P")
_LLM_HINT = _free_writer("llm_hint", "LLM zero-shot + hint", RED, "p", HINT)
_LLM_LORA = _free_writer("llm_lora", "LLM LoRA + hint", GREEN, "H", HINT, PROBABILITIES, ADAPTER)

ROWS = (
    _counting("popularity", "Popularity", GREY, "v"),
    _counting("recent_popularity", "Popularity, recent", CHARCOAL, "X", "recent_events"),
    _counting("item_knn", "Item-kNN", PINK, "^", "item_knn"),
    _counting("markov", "Markov, first order", ORANGE, "D"),
    _counting("windowed_markov", "Markov, windowed", BROWN, "<", "windowed_markov"),
    _solved("ease", "EASE", INDIGO, "h"),
    _solved("ials", "iALS", OLIVE, "8"),
    _network("sasrec", "SASRec", VIOLET, "s", ":"),
    _network("paper_lstm", "LSTM, as published", SKY, ">", "--"),
    _LSTM,
    _sum("lstm_chain", "LSTM + windowed chain", BROWN, "<", "windowed_markov"),
    _sum("lstm_twice", "LSTM, two seeds", BLUE, "o", "lstm"),
    _reranked("lstm_sbert", _LSTM),
    _LLM,
    _reranked("llm_sbert", _LLM),
    _LLM_HINT,
    _reranked("llm_hint_sbert", _LLM_HINT),
    _LLM_LORA,
    _reranked("llm_lora_sbert", _LLM_LORA),
    _role("llm_hint_trie", "LLM zero-shot + hint, catalogue only", RED, "p", "catalogue_writer", "llm"),
    _role("llm_lora_trie", "LLM LoRA + hint, catalogue only", GREEN, "H", "catalogue_writer", "llm", ADAPTER),
    _role("rescored", "LSTM's candidates, LLM's order", WINE, "*", "second_opinion", "llm", ADAPTER),
    _role("fused", "LSTM and LLM, fused", WINE, "*", "second_opinion", "llm", ADAPTER, WEIGHT),
    _role("reader", "LLM as reader", TEAL, "d", "reader", "reader"),
    _role("reader_fused", "LSTM and reader, fused", TEAL, "d", "reader", "reader", WEIGHT),
    # A row of your own goes here.
)
SYSTEMS = {row.name: row for row in ROWS}
LABELS = {row.name: row.label for row in ROWS}
IDS_ALONE = "lstm_ids"  # the LSTM without titles and genres: an arm of side runs, and a system of no chapter
LOOKS: dict[str, Look] = SYSTEMS | {
    IDS_ALONE: Look("LSTM, ids alone", TEAL, "o", "-.")
}  # of all that side runs measure


def names(*families: str, needing: str = "") -> tuple[str, ...]:
    """The names of the systems of some families, in the order of the table.

    families: see `System.family`
    needing: only systems with this need
    """
    return tuple(row.name for row in ROWS if row.family in families and (not needing or needing in row.needs))


SEQUENCE_MODELS = names("sequence_models")
NETWORKS = names("sequence_models", needing=TRAINING)
SOLVED = names("sequence_models", needing=SOLVING)
SUMS = names("summed")
COUNTING = tuple(name for name in SEQUENCE_MODELS if name not in (*NETWORKS, *SOLVED))
FREE_WRITERS = names("free_writer")
# The paper's parts and their opponents, in chapters 2 to 6.
PUBLISHED = names("sequence_models", "summed", "free_writer", "reranked")
LANGUAGE = names("free_writer", "reranked", "catalogue_writer", "second_opinion", "reader")
# Of the language model beside the LSTM, in chapter 10.
ROLES = names("catalogue_writer", "second_opinion", "reader")


def find_system(name: str) -> System:
    """The row of a system, or one made for a model of the reader's own.

    name: of the table, or `package.module:Class` for a class with the methods of `sequence.base.SequenceModel`

    Raises StudyError for an unknown name, with the nearest one where there is a near one; and where there is no such
    class.
    """
    if name in SYSTEMS:
        return SYSTEMS[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise StudyError(f"unknown system '{name}'{did_you_mean(name, SYSTEMS)}; the systems are {', '.join(SYSTEMS)}")
    own_class(name)
    return System(attribute, name=f"{module}.{attribute}", family="own_model", reference=name)


def own_class(reference: str) -> type:
    """The class that `package.module:Class` names.

    Raises StudyError where there is none.
    """
    module, _, attribute = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise StudyError(
            f"no class '{reference}' can be imported ({error}); "
            "write package.module:Class, with the package on PYTHONPATH"
        ) from error
