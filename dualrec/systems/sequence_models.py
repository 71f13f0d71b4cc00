"""The systems under study, by name, and how the temporal ones are fitted; `teaching` tunes the language model, `ranking` ranks with any.

Temporal: `popularity`, `recent_popularity`, `item_knn`, `markov`, `windowed_markov`, `sasrec`, `paper_lstm`, `lstm`.
Language: `llm` (zero-shot, no hint), `llm_hint` (zero-shot with hint), `llm_lora` (tuned, with hint).
`<name>_sbert` re-ranks `lstm` or a language system by similarity to the LSTM's hint.
Roles: `llm_hint_trie` and `llm_lora_trie` (titles of the catalogue only, by beam search), `rescored` (the LSTM's candidates in the order
of the tuned model), `fused` (both opinions, weighed on validation), `reader` (a head ranks the catalogue from the untuned model's state)
and `reader_fused` (LSTM and reader, weighed on validation).
"""

from __future__ import annotations

from tqdm import tqdm

from dualrec.core.artifacts import cached, fingerprint, is_kept
from dualrec.core.errors import StudyError, did_you_mean
from dualrec.core.machine import pick_device, pick_dtype
from dualrec.core.parallel import side_by_side
from dualrec.data.splits import Split
from dualrec.sequence import base, lstm, sasrec
from dualrec.sequence import title_words as words
from dualrec.sequence import training as fit
from dualrec.sequence.base import SequenceModel, hints_from_scores
from dualrec.sequence.item_knn import ItemKNN
from dualrec.sequence.markov import Markov
from dualrec.sequence.neural import NeuralRecommender
from dualrec.sequence.popularity import Popularity
from dualrec.sequence.windowed_markov import WindowedMarkov
from dualrec.study import Study
from dualrec.types import Cases, Hints, Sequences

COUNTING = ("popularity", "recent_popularity", "item_knn", "markov", "windowed_markov")
NEURAL = {"sasrec": (sasrec,), "paper_lstm": (lstm, words), "lstm": (lstm, words)}  # each with the sources of its network
TEMPORAL = (*COUNTING, *NEURAL)
LANGUAGE = ("llm", "llm_hint", "llm_lora")
LABELS = {
    "popularity": "Popularity",
    "recent_popularity": "Popularity, recent",
    "item_knn": "Item-kNN",
    "markov": "Markov, first order",
    "windowed_markov": "Markov, windowed",
    "sasrec": "SASRec",
    "paper_lstm": "LSTM, as published",
    "lstm": "LSTM, improved",
    "lstm_sbert": "LSTM, improved → SBERT",
    "llm": "LLM zero-shot",
    "llm_sbert": "LLM zero-shot → SBERT",
    "llm_hint": "LLM zero-shot + hint",
    "llm_hint_sbert": "LLM zero-shot + hint → SBERT",
    "llm_lora": "LLM LoRA + hint",
    "llm_lora_sbert": "LLM LoRA + hint → SBERT",
}
ROLES = {
    "llm_hint_trie": "LLM zero-shot + hint, catalogue only",
    "llm_lora_trie": "LLM LoRA + hint, catalogue only",
    "rescored": "LSTM's candidates, LLM's order",
    "fused": "LSTM and LLM, fused",
    "reader": "LLM as reader",
    "reader_fused": "LSTM and reader, fused",
}
TUNED_ROLES = ("llm_lora_trie", "rescored", "fused")
ALL = LABELS | ROLES


def fit_sequence_model(study: Study, name: str, seed: int | None = None, split: Split | None = None) -> SequenceModel:
    """Fit a temporal model, or read it back where it was fitted with the same data and settings.

    seed: the study's by default; split: the study's by default (the LoRA stage passes an earlier one)
    """
    split = split or study.split
    seed = study.seed if seed is None else seed
    if name in COUNTING:
        return _counting(study, name).fit(split.train, split.validation)
    config, key = getattr(study.profile, name), _network_key(study, name, seed, split)
    folder = study.cache(f"{name}-{key}")
    return cached(
        folder / "model",
        key,
        build=lambda: NeuralRecommender(study.catalogue, study.title_vectors, config, seed, folder / "checkpoint").fit(
            split.train, split.validation
        ),
        save=lambda model, path: model.save(path),
        load=lambda path: NeuralRecommender(study.catalogue, study.title_vectors, config, seed, None).load(path),
    )


def fit_side_by_side(study: Study, networks: list[tuple[str, int, Split]]) -> None:
    """Fit what is not fitted yet of some networks, each in a process of its own, as many at once as there are cores.

    `fit_sequence_model` reads them back, and fits those of a single epoch, which takes less time than a process to start.
    networks: name, seed and split of each
    Raises StudyError where a process dies.
    """
    long = {_network_key(study, *network): network for network in networks if getattr(study.profile, network[0]).epochs > 1}
    missing = [network for key, network in long.items() if not is_kept(study.cache(f"{network[0]}-{key}") / "model", key)]
    if not missing:
        return
    study.title_vectors  # noqa: B018  encoded and kept once, before the processes part
    for _ in tqdm(
        side_by_side(fit_sequence_model, [(study, *network) for network in missing]), "fit side by side", len(missing), unit="network"
    ):
        pass


def _network_key(study: Study, name: str, seed: int, split: Split) -> str:
    """What the weights of a network depend on."""
    config, sources = getattr(study.profile, name), (base, fit, *NEURAL[name])
    precision = str(pick_dtype(pick_device()))
    return fingerprint(study.data.digest, split.train, split.validation, config, seed, study.catalogue.titles, precision, *sources)


def _counting(study: Study, name: str) -> SequenceModel:
    """A model that only counts, not fitted yet: fast enough to be fitted anew every time."""
    n_items, profile = len(study.catalogue), study.profile
    if name == "windowed_markov":
        return WindowedMarkov(n_items, profile.windowed_markov)
    if name == "item_knn":
        return ItemKNN(n_items, profile.item_knn)
    if name == "markov":
        return Markov(n_items)
    return Popularity(n_items, profile.recent_events if name == "recent_popularity" else None)


def lstm_hints(study: Study, histories: Sequences, model: SequenceModel | None = None) -> Hints:
    """The improved LSTM's best unseen movie for each history."""
    return hints_from_scores((model or fit_sequence_model(study, "lstm")).scores(histories), 1)


def cases_for(study: Study, name: str) -> Cases:
    """The test cases a system is evaluated on: language systems take the profile's seeded subset."""
    return study.llm_cases if name.removesuffix("_sbert") in LANGUAGE else study.cases


def check_name(name: str) -> str:
    """The name, if there is such a system.

    Raises StudyError naming the nearest one where there is a near one.
    """
    if name not in ALL:
        raise StudyError(f"unknown system '{name}'{did_you_mean(name, ALL)}; the systems are {', '.join(ALL)}")
    return name
