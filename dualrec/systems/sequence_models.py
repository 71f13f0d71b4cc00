"""The sequence models of the study by name, fitted to its training sequences; networks are trained once and kept."""

from __future__ import annotations

from collections.abc import Callable

from tqdm import tqdm

from dualrec.config import LSTMConfig, SASRecConfig
from dualrec.core.artifacts import cached, is_kept
from dualrec.core.fingerprint import cache_key
from dualrec.core.machine import network_device
from dualrec.core.parallel import side_by_side
from dualrec.core.timing import spent
from dualrec.data.splits import Split
from dualrec.sequence import neural
from dualrec.sequence.base import SequenceModel
from dualrec.sequence.ease import EASE
from dualrec.sequence.ials import IALS
from dualrec.sequence.item_knn import ItemKNN
from dualrec.sequence.markov import Markov
from dualrec.sequence.neural import NeuralRecommender
from dualrec.sequence.popularity import Popularity
from dualrec.sequence.ranking import best_hints, best_lists
from dualrec.sequence.windowed_markov import WindowedMarkov
from dualrec.study import Study
from dualrec.systems.item_features import network_vectors
from dualrec.systems.names import SYSTEMS, TRAINING, System
from dualrec.systems.parts import Parts
from dualrec.types import Hints, RankedLists, Sequences

QUICK: dict[str, Callable[[Study], SequenceModel]] = {
    "popularity": lambda study: Popularity(len(study.catalogue)),
    "recent_popularity": lambda study: Popularity(len(study.catalogue), study.profile.recent_events),
    "item_knn": lambda study: ItemKNN(len(study.catalogue), study.profile.item_knn),
    "markov": lambda study: Markov(len(study.catalogue)),
    "windowed_markov": lambda study: WindowedMarkov(len(study.catalogue), study.profile.windowed_markov),
    "ease": lambda study: EASE(len(study.catalogue), study.profile.ease),
    "ials": lambda study: IALS(len(study.catalogue), study.profile.ials, study.seed),
}


def rank(parts: Parts, system: System, histories: Sequences, k: int) -> RankedLists:
    """The lists (n, k) of a sequence model; trains it first where that has not been done."""
    return best_lists(fit_sequence_model(parts.study, system.name), histories, k)


def fit_sequence_model(study: Study, name: str, seed: int | None = None, split: Split | None = None) -> SequenceModel:
    """Fit any sequence model; a network is read back where `fit_network` has left it.

    name: of a system of the family `sequence_models`
    seed: of a network, the study's if left out
    split: the study's if left out; LoRA and the reader pass an earlier one
    """
    if TRAINING in SYSTEMS[name].needs:
        return fit_network(study, name, seed, split)
    split = split or study.split
    return QUICK[name](study).fit(split.train, split.validation)  # so fast that it is fitted anew every time


def fit_network(study: Study, name: str, seed: int | None = None, split: Split | None = None) -> NeuralRecommender:
    """Fit an LSTM or SASRec, or read it back where it was fitted with the same data and settings.

    name: of a system that needs TRAINING
    seed: the study's if left out
    split: the study's if left out
    """
    split = split or study.split
    seed = study.seed if seed is None else seed
    key = network_key(study, name, seed, split)
    folder = study.cache(f"{name}-{key}")

    def untrained() -> NeuralRecommender:
        config = network_settings(study, name)
        vectors = network_vectors(study, config, seed)
        return NeuralRecommender(study.catalogue, vectors, config, seed, folder / "checkpoint")

    return cached(
        folder / "model",
        key,
        build=lambda: untrained().fit(split.train, split.validation),
        save=lambda model, path: model.save(path),
        load=lambda path: untrained().load(path),
    )


def fit_side_by_side(networks: list[tuple[Study, str, int, Split]]) -> None:
    """Fit what is not fitted yet of some networks, each in a process of its own, as many at once as there are cores.

    `fit_network` reads them back, and fits those of a single epoch, which takes less time than a process to start.

    networks: study, name, seed and split of each; studies of one profile may differ in the settings of a network

    Raises StudyError where a process dies.
    """
    missing: dict[str, tuple[Study, str, int, Split]] = {}
    for study, name, seed, split in networks:
        if network_settings(study, name).epochs == 1:
            continue
        key = network_key(study, name, seed, split)
        if not is_kept(study.cache(f"{name}-{key}") / "model", key):
            missing[key] = (study, name, seed, split)
    if not missing:
        return
    for study, *_ in missing.values():
        study.title_vectors  # noqa: B018  encoded and kept once, before the processes part
    bar = tqdm(side_by_side(fit_network, [*missing.values()]), "fit side by side", len(missing), unit="network")
    with spent("training"):
        for _ in bar:
            pass


def network_settings(study: Study, name: str) -> LSTMConfig | SASRecConfig:
    """The profile's table that describes a network."""
    return getattr(study.profile, SYSTEMS[name].settings)


def network_key(study: Study, name: str, seed: int, split: Split) -> str:
    """The cache key of a network: all that its weights depend on."""
    config = network_settings(study, name)
    items = (study.catalogue.titles, study.catalogue.genres)
    vectors = network_vectors(study, config, seed)
    device = network_device().type
    return cache_key(split.train, split.validation, config, seed, *items, vectors, device, code=neural)


def lstm_hints(study: Study, histories: Sequences, model: SequenceModel | None = None) -> Hints:
    """The best unseen item for each history.

    model: whose it is, the improved LSTM's if left out
    """
    return best_hints(model or fit_sequence_model(study, "lstm"), histories, 1)
