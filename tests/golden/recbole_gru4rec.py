"""GRU4Rec with cross-entropy of RecBole: `python recbole_gru4rec.py cases.npz golden.json SEED...`.

It runs in RecBole's environment. RecBole reads the study's sequences, splits them itself (asserted to be the study's
split), makes one training sample per prefix and takes the optimiser steps. Its own evaluation leaves the movies of the
history in the ranking, so the study's metrics are computed from its scores; without removing the history they must be
RecBole's own numbers, which is asserted, too.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from common import Cases, metrics, ranks, record
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender import GRU4Rec
from recbole.trainer import Trainer
from recbole.utils import init_seed

FIXED = {
    "MAX_ITEM_LIST_LENGTH": 50,
    "loss_type": "CE",
    "embedding_size": 64,
    "hidden_size": 128,
    "num_layers": 1,
    "learning_rate": 1e-3,
    "train_batch_size": 512,  # all others are the library's defaults; with its 2048 it takes several times the epochs
}
GRID = [{"dropout_prob": 0.3}]  # the library's default; add points to search
LIMITS = {"epochs": 60, "patience": 2}


class Gru4Rec:
    """RecBole's model on the training sequences, as `common.best_check` wants it."""

    def __init__(self, cases: Cases, folder: Path, settings: dict, seed: int):
        evaluation = {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full", "group_by": "user"}
        options = {
            "data_path": str(folder),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": evaluation,
        }
        options |= {
            "topk": [10],
            "metrics": ["Hit", "NDCG", "MRR"],
            "valid_metric": "NDCG@10",
            "metric_decimal_place": 8,
        }
        options |= {
            "train_neg_sample_args": None,
            "use_gpu": False,
            "show_progress": False,
            "checkpoint_dir": str(folder),
        }
        config = Config(model="GRU4Rec", dataset="cases", config_dict=options | settings | {"seed": seed})
        init_seed(seed, reproducibility=True)
        self.cases, self.width, self.epoch = cases, config["MAX_ITEM_LIST_LENGTH"], 0
        self.loaders = dict(
            zip(("train", "validation", "test"), data_preparation(config, create_dataset(config)), strict=True)
        )
        self.net = GRU4Rec(config, self.loaders["train"].dataset)
        self.trainer = Trainer(config, self.net)
        self.own = self._own_numbers()
        self._assert_the_split_is_ours()

    def _own_numbers(self) -> np.ndarray:
        """Our item number of each of RecBole's; 0 for padding."""
        tokens = self.loaders["train"].dataset.field2id_token["item_id"]
        return np.array([0 if token == "[PAD]" else int(token) for token in tokens])

    def _assert_the_split_is_ours(self) -> None:
        """Each part's samples are those of the study: prefix (at most `width` items) and next item."""
        for name, loader in self.loaders.items():
            feature = loader.dataset.inter_feat
            users = np.array([int(t) for t in loader.dataset.id2token("user_id", feature["user_id"].numpy())])
            items, targets, lengths = (feature[key].numpy() for key in ("item_id_list", "item_id", "item_length"))
            found = {
                (u, *self.own[i[:n]], self.own[t]) for u, i, t, n in zip(users, items, targets, lengths, strict=True)
            }
            if name == "train":
                wanted = {
                    (u, *h[max(0, i - self.width) : i + 1])
                    for u, h in enumerate(self.cases.train)
                    for i in range(1, len(h))
                }
            else:
                wanted = {
                    (u, *h[-self.width :], t) for u, (h, t) in enumerate(zip(*getattr(self.cases, name), strict=True))
                }
            assert found == wanted and len(found) == len(users), f"RecBole's {name} samples are others than the study's"

    def train(self, epochs: int) -> None:
        """That many epochs more."""
        for _ in range(epochs):
            self.trainer._train_epoch(self.loaders["train"], self.epoch)
            self.epoch += 1
        self._assert_the_numbers_are_recboles()

    @torch.no_grad()
    def scores(self, histories: list[np.ndarray]) -> np.ndarray:
        """RecBole's scores under our item numbers."""
        self.net.eval()
        theirs = np.zeros(self.cases.n_items + 1, np.int64)
        theirs[self.own] = np.arange(len(self.own))
        items, lengths = np.zeros((len(histories), self.width), np.int64), np.zeros(len(histories), np.int64)
        for row, history in enumerate(histories):
            lengths[row] = min(len(history), self.width)
            items[row, : lengths[row]] = theirs[history[-self.width :]]
        batch = {self.net.ITEM_SEQ: torch.tensor(items), self.net.ITEM_SEQ_LEN: torch.tensor(lengths)}
        scores = np.full((len(histories), self.cases.n_items + 1), -np.inf)
        scores[:, self.own] = self.net.full_sort_predict(Interaction(batch)).numpy()
        return scores

    def _assert_the_numbers_are_recboles(self) -> None:
        """On validation, where the history stays in the ranking."""
        theirs = self.trainer.evaluate(self.loaders["validation"], load_best_model=False, show_progress=False)
        histories, targets = self.cases.validation
        ours = metrics(ranks(self.scores(histories), [[] for _ in histories], targets))
        print(f"RecBole's own numbers, history not removed: {dict(theirs)}", flush=True)
        for name, own in {"HR@10": "hit@10", "NDCG@10": "ndcg@10", "MRR": "mrr@10"}.items():
            assert abs(ours[name] - theirs[own]) < 1e-6, f"{name}: {ours[name]} here, {theirs[own]} in RecBole"


def write_events(cases: Cases, folder: Path) -> None:
    """RecBole's file of events; the place in the sequence stands for the time."""
    (folder / "cases").mkdir()
    with open(folder / "cases" / "cases.inter", "w", encoding="utf-8") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        for user, (history, target) in enumerate(zip(*cases.test, strict=True)):
            file.writelines(f"{user}\t{item}\t{place}\n" for place, item in enumerate([*history, target]))


def main(cases_path: str, golden_path: str, seeds: list[int]) -> None:
    """Search with the first seed, train the chosen settings with the others."""
    torch.set_num_threads(1)
    cases, golden_path = Cases(cases_path), os.path.abspath(golden_path)
    sys.argv = sys.argv[:1]  # RecBole reads the command line, too
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # RecBole leaves logs where it is started
        write_events(cases, Path(folder))

        def build(settings: dict, seed: int) -> Gru4Rec:
            return Gru4Rec(cases, Path(folder), settings, seed)

        libraries = ["recbole", "torch", "numpy", "pandas"]
        record(golden_path, "recbole_gru4rec", libraries, cases, FIXED, GRID, seeds, build, LIMITS)


if __name__ == "__main__":
    main(*sys.argv[1:3], [int(seed) for seed in sys.argv[3:]])
