"""SASRec with softmax loss of RecTools on the exported cases: `python rectools_sasrec.py cases.npz golden.json`, in its environment."""

import sys

import numpy as np
import pandas as pd
from common import Cases, K, list_metrics, write
from pytorch_lightning import seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet

SETTINGS = {
    "loss": "softmax",
    "n_factors": 128,
    "n_blocks": 2,
    "n_heads": 2,
    "dropout_rate": 0.2,
    "session_max_len": 200,
    "batch_size": 32,
    "lr": 1e-3,
    "train_min_user_interactions": 2,
}
ROUNDS, EPOCHS, PATIENCE = 20, 3, 4  # validated every third epoch


def main(cases_path: str, golden_path: str) -> None:
    cases = Cases(cases_path)
    seed_everything(0)
    train, known = dataset(cases.histories(test=False)), dataset(cases.histories(test=True))
    model = SASRecModel(**SETTINGS, epochs=EPOCHS, item_net_block_types=(IdEmbeddingsItemNet,), deterministic=True, verbose=0)
    trace = []
    for turn in range(ROUNDS):
        model.fit_partial(train, EPOCHS, EPOCHS)
        row = {"epoch": EPOCHS * (turn + 1)}
        row |= {"validation": evaluate(model, train, cases.validation), "test": evaluate(model, known, cases.test)}
        trace.append(row)
        print(row, flush=True)
        if turn - max(range(len(trace)), key=lambda i: trace[i]["validation"]["NDCG@10"]) >= PATIENCE:
            break
    write(golden_path, "rectools_sasrec", cases, ["rectools", "torch", "numpy"], SETTINGS, trace)


def dataset(histories: list[np.ndarray]) -> Dataset:
    """RecTools' data set; the place in the sequence stands for the time."""
    lengths = [len(h) for h in histories]
    place = np.concatenate([np.arange(n) for n in lengths])
    frame = pd.DataFrame({Columns.User: np.repeat(np.arange(len(histories)), lengths), Columns.Item: np.concatenate(histories)})
    return Dataset.construct(
        frame.assign(**{Columns.Weight: 1.0, Columns.Datetime: pd.Timestamp(2000, 1, 1) + pd.to_timedelta(place, "s")})
    )


def evaluate(model: SASRecModel, data: Dataset, targets: np.ndarray) -> dict[str, float]:
    """The audited metrics of its ten best unseen items per user."""
    found = model.recommend(np.arange(len(targets)), data, K, filter_viewed=True)
    lists = np.full((len(targets), K), -1)
    lists[found[Columns.User].to_numpy(), found[Columns.Rank].to_numpy() - 1] = found[Columns.Item].to_numpy()
    return list_metrics(lists, targets)


if __name__ == "__main__":
    main(*sys.argv[1:3])
