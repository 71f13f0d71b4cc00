"""A neural network as a sequence model: architecture, training and weights on disk behind one interface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from dualrec.config import LSTMConfig, SASRecConfig
from dualrec.core.artifacts import write_json
from dualrec.core.machine import network_device
from dualrec.data.catalogue import Catalogue
from dualrec.data.item_vectors import principal_components, year_columns
from dualrec.sequence.base import NextItemNetwork
from dualrec.sequence.lstm import NextItemLSTM
from dualrec.sequence.sasrec import SASRec
from dualrec.sequence.scoring import score
from dualrec.sequence.title_words import title_tokens
from dualrec.sequence.training import fit
from dualrec.types import Cases, Sequences


class NeuralRecommender:
    """A `SequenceModel` around an LSTM or a SASRec, whichever `config` describes.

    catalogue: the items
    title_vectors: float32 (N + 1, d) of the kind that the config names; None where the network does not read them
    config: architecture and training
    seed: of the first weights and of training
    checkpoint: folder for a checkpoint per epoch, None for none
    """

    def __init__(
        self,
        catalogue: Catalogue,
        title_vectors: np.ndarray | None,
        config: LSTMConfig | SASRecConfig,
        seed: int,
        checkpoint: Path | None,
    ):
        torch.manual_seed(seed)
        torch.backends.cudnn.allow_tf32 = False  # else a GPU rounds what enters the products of an LSTM
        self.device = network_device()
        self.network = build_network(catalogue, title_vectors, config).to(self.device)
        self.config = config
        self.seed = seed
        self.checkpoint = checkpoint
        self.history: list[dict] = []

    def fit(self, train: Sequences, validation: Cases) -> Self:
        """Train with early stopping on validation; see `training.fit`."""
        self.history = fit(self.network, train, validation, self.config, self.seed, self.checkpoint)
        return self

    def scores(self, histories: Sequences) -> np.ndarray:
        """float32 (n, N + 1)."""
        return score(self.network, histories, self.config)

    @property
    def seconds(self) -> float:
        """Wall time of training."""
        return sum(row["seconds"] for row in self.history)

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors and the epochs as JSON."""
        save_file(dict(self.network.named_parameters()), folder / "model.safetensors")
        write_json(folder / "history.json", self.history)

    def load(self, folder: Path) -> Self:
        """Read what `save` wrote."""
        self.network.load_state_dict(load_file(folder / "model.safetensors"))
        self.history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
        return self


def reads_title_vectors(config: LSTMConfig | SASRecConfig) -> bool:
    """Whether the network that a config describes reads vectors of the titles."""
    return config.title_side != "words" and (config.title_dim > 0 or config.title_way == "pca_init")


def build_network(
    catalogue: Catalogue, title_vectors: np.ndarray | None, config: LSTMConfig | SASRecConfig
) -> NextItemNetwork:
    """The network that a config describes, with random weights.

    catalogue: the items
    title_vectors: float32 (N + 1, d) of the kind that the config names; None where the network does not read them
    config: its architecture
    """
    genres = catalogue.genres
    if config.years:
        genres = np.hstack([genres, year_columns(catalogue.years)])
    titles = title_tokens(catalogue.titles) if config.title_side == "words" else title_vectors
    if titles is None or not config.title_dim:
        titles = np.empty((len(catalogue) + 1, 0), np.float32)
    elif config.title_way == "frozen_pca":
        titles = principal_components(titles, config.title_dim, standardised=True)
    parts = torch.from_numpy(genres), torch.from_numpy(titles)
    network = SASRec(*parts, config) if isinstance(config, SASRecConfig) else NextItemLSTM(*parts, config)
    if config.title_way == "pca_init" and title_vectors is not None:
        network.items.start_ids(torch.from_numpy(principal_components(title_vectors, config.id_dim)))
    return network
