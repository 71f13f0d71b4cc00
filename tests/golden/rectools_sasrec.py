"""SASRec with softmax loss of RecTools: `python rectools_sasrec.py cases.npz golden.json SEED...`.

It runs in RecTools' environment. RecTools trains on the last `session_max_len` + 1 events of each user and ranks with
the last `session_max_len` of the history. Items without a training event are unknown to it and are never recommended.
"""

import sys

import numpy as np
import pandas as pd
import torch
from common import Cases, record
from pytorch_lightning import seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet

FIXED = {"loss": "softmax", "n_blocks": 2, "dropout_rate": 0.2, "lr": 1e-3}
GRID = [
    {"n_factors": 128, "n_heads": 2, "session_max_len": 50, "batch_size": 128},  # the study's window
    # the library's defaults, but half as wide
    {"n_factors": 128, "n_heads": 4, "session_max_len": 100, "batch_size": 128},
]
LIMITS = {"epochs": 150, "patience": 5}


class SASRec:
    """RecTools' model on the training sequences, as `common.best_check` wants it."""

    def __init__(self, cases: Cases, settings: dict, seed: int):
        seed_everything(seed, verbose=False)
        self.n_items, self.data = cases.n_items, dataset(cases.train)
        self.model = SASRecModel(**settings, item_net_block_types=(IdEmbeddingsItemNet,), deterministic=True)

    def train(self, epochs: int) -> None:
        """That many epochs more, with the optimiser as it was."""
        self.model.fit_partial(self.data, epochs, epochs)

    def scores(self, histories: list[np.ndarray]) -> np.ndarray:
        """The scores behind its recommendations, of all items it knows."""
        known = self.model.data_preparator.get_known_item_ids()
        found = self.model.recommend(np.arange(len(histories)), dataset(histories), len(known), filter_viewed=False)
        scores = np.full((len(histories), self.n_items + 1), -np.inf)
        scores[found[Columns.User], found[Columns.Item].astype(int)] = found[Columns.Score]
        assert np.isfinite(scores).sum() == len(histories) * len(known)
        return scores


def dataset(histories: list[np.ndarray]) -> Dataset:
    """RecTools' data set; the place in the sequence stands for the time."""
    lengths = [len(history) for history in histories]
    place = np.concatenate([np.arange(length) for length in lengths])
    frame = pd.DataFrame(
        {Columns.User: np.repeat(np.arange(len(histories)), lengths), Columns.Item: np.concatenate(histories)}
    )
    time = pd.Timestamp(2000, 1, 1) + pd.to_timedelta(place, "s")
    return Dataset.construct(frame.assign(**{Columns.Weight: 1.0, Columns.Datetime: time}))


def main(cases_path: str, golden_path: str, seeds: list[int]) -> None:
    """Search with the first seed, train the chosen settings with the others."""
    torch.set_num_threads(1)
    cases = Cases(cases_path)
    libraries = ["rectools", "torch", "pytorch-lightning", "numpy", "pandas"]
    record(
        golden_path,
        "rectools_sasrec",
        libraries,
        cases,
        FIXED,
        GRID,
        seeds,
        lambda s, seed: SASRec(cases, s, seed),
        LIMITS,
    )


if __name__ == "__main__":
    main(*sys.argv[1:3], [int(seed) for seed in sys.argv[3:]])
