"""GRU4Rec of RecBole on the exported cases: `python recbole_gru4rec.py cases.npz golden.json`, in RecBole's environment.

RecBole makes the training samples, the model and the optimiser steps; the epoch is chosen on our validation targets and ranked as
the study ranks, movies of the history removed, which RecBole's own sequential evaluation does not do.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from common import Cases, metrics, write
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import GRU4Rec
from recbole.trainer import Trainer
from recbole.utils import init_seed

SETTINGS = {"MAX_ITEM_LIST_LENGTH": 50, "train_batch_size": 512, "learning_rate": 1e-3, "seed": 0}  # else RecBole's defaults
EPOCHS, PATIENCE = 60, 6


def main(cases_path: str, golden_path: str) -> None:
    cases, golden_path = Cases(cases_path), os.path.abspath(golden_path)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # RecBole leaves logs where it is started
        config, dataset, loader = prepare(cases, Path(folder))
        init_seed(0, reproducibility=True)
        model = GRU4Rec(config, loader.dataset)
        trainer = Trainer(config, model)
        ids = dataset.token2id("item_id", [str(i) for i in range(1, cases.n_items + 1) if str(i) in dataset.field2token_id["item_id"]])
        own = np.array([int(t) for t in dataset.id2token("item_id", ids)])  # our number of each of RecBole's items
        trace = []
        for epoch in range(EPOCHS):
            loss = trainer._train_epoch(loader, epoch)
            row = {"epoch": epoch + 1, "loss": float(loss)}
            for part, targets in (("validation", cases.validation), ("test", cases.test)):
                histories = cases.histories(part == "test")
                row[part] = metrics(score(model, dataset, histories, ids, own, cases.n_items), histories, targets)
            trace.append(row)
            print(row, flush=True)
            best = max(range(len(trace)), key=lambda i: trace[i]["validation"]["NDCG@10"])
            if epoch - best >= PATIENCE:
                break
    write(golden_path, "recbole_gru4rec", cases, ["recbole", "torch", "numpy"], SETTINGS, trace)


def prepare(cases: Cases, folder: Path):
    """RecBole's data set and training loader; the place in the sequence stands for the time."""
    (folder / "cases").mkdir()
    with open(folder / "cases" / "cases.inter", "w") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        for user, history in enumerate(cases.histories(test=True)):
            for place, item in enumerate([*history, cases.test[user]]):
                file.write(f"{user}\t{item}\t{place}\n")
    evaluation = {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full", "group_by": "user"}
    options = {"data_path": str(folder), "load_col": {"inter": ["user_id", "item_id", "timestamp"]}, "eval_args": evaluation}
    quiet = {"train_neg_sample_args": None, "use_gpu": False, "show_progress": False, "checkpoint_dir": str(folder / "saved")}
    sys.argv = sys.argv[:1]  # RecBole reads the command line, too
    config = Config(model="GRU4Rec", dataset="cases", config_dict=options | quiet | SETTINGS)
    dataset = create_dataset(config)
    return config, dataset, data_preparation(config, dataset)[0]


@torch.no_grad()
def score(model, dataset, histories, ids, own, n_items) -> np.ndarray:
    """(users, N + 1): RecBole's scores under our item numbers; items it has never met cannot be recommended."""
    model.eval()
    theirs = dict(zip(own.tolist(), ids.tolist(), strict=True))
    width = SETTINGS["MAX_ITEM_LIST_LENGTH"]
    sequences = torch.zeros(len(histories), width, dtype=torch.long)
    lengths = torch.tensor([min(len(h), width) for h in histories])
    for row, history in enumerate(histories):
        sequences[row, : lengths[row]] = torch.tensor([theirs[int(i)] for i in history[-width:]])
    found = np.concatenate(
        [
            model.full_sort_predict({model.ITEM_SEQ: s, model.ITEM_SEQ_LEN: n}).numpy()
            for s, n in zip(sequences.split(256), lengths.split(256), strict=True)
        ]
    )
    scores = np.full((len(histories), n_items + 1), -np.inf)
    scores[:, own] = found[:, ids]
    return scores


if __name__ == "__main__":
    main(*sys.argv[1:3])
