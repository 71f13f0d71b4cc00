"""`evaluate --data` on real data sets against numbers that a few lines of pandas compute from the files alone."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dualrec.cli import evaluate

pytestmark = pytest.mark.slow


def movielens(folder: Path) -> tuple[pd.DataFrame, pd.Index]:
    names = ["user", "item", "rating", "time"]
    events = pd.read_csv(folder / "ratings.dat", sep="::", engine="python", names=names)
    movies = pd.read_csv(folder / "movies.dat", sep="::", engine="python", encoding="latin-1", header=None)
    return events, pd.Index(movies[0])


def beauty(folder: Path) -> tuple[pd.DataFrame, pd.Index]:
    events = pd.read_csv(folder / "interactions.csv").set_axis(["user", "item", "time"], axis=1)
    return events, pd.Index(pd.read_csv(folder / "items.csv").item_id)


def lastfm(folder: Path) -> tuple[pd.DataFrame, pd.Index]:
    tags = pd.read_csv(folder / "user_taggedartists-timestamps.derived.dat", sep="\t")
    events = tags.drop(columns="tagID").set_axis(["user", "item", "time"], axis=1)
    listed = pd.read_csv(folder / "artists.dat", sep="\t", quoting=3).id
    tagged = pd.Index(events["item"].unique())
    return events, pd.Index(listed).union(tagged)  # some artists have tags and are not listed


def reference(events: pd.DataFrame, items: pd.Index) -> dict[str, np.ndarray]:
    """The rank of every test target by popularity and by a first-order Markov chain."""
    events = events[events["item"].isin(items)].sort_values(["user", "time"], kind="stable")
    events = events.drop_duplicates(["user", "item"])
    events = events[events.groupby("user")["item"].transform("size") >= 5].reset_index(drop=True)
    from_end = events.groupby("user").cumcount(ascending=False)
    train = events[from_end >= 2].assign(before=lambda rows: rows.groupby("user")["item"].shift())
    count = train["item"].value_counts().reindex(items, fill_value=0)
    best_first = pd.Index(sorted(items, key=lambda item: (-count[item], fixed_random(item))))
    events["place"] = best_first.get_indexer(events["item"])
    followers = train.dropna().groupby(["before", "item"]).size().reset_index(name="times")
    followers["item"] = best_first.get_indexer(followers["item"])
    followers = dict(list(followers.groupby("before")))
    ranks = {"popularity": [], "markov": []}
    for _, user in events.groupby("user"):
        *seen, target = user.place
        times = np.zeros(len(items), int)
        ahead = -np.arange(len(items))  # by popularity: places in `best_first`, from the best
        for system in ranks:
            if system == "markov" and (after := followers.get(user["item"].iloc[-2])) is not None:
                times[after["item"]] = after.times
            score = times * len(items) + ahead
            ranks[system].append(1 + (score > score[target]).sum() - (score[seen] > score[target]).sum())
    return {system: np.array(places) for system, places in ranks.items()}


def fixed_random(item: int | str) -> bytes:
    """What settles equal scores."""
    return hashlib.blake2b(str(item).encode(), key=b"dualrec: order of the items", digest_size=8).digest()


def metrics(ranks: np.ndarray) -> dict[str, float]:
    values = {f"HR@{k}": (ranks <= k).mean() for k in (1, 5, 10)}
    values |= {f"NDCG@{k}": ((ranks <= k) / np.log2(ranks + 1)).mean() for k in (1, 5, 10)}
    return values | {"MRR": ((ranks <= 10) / ranks).mean(), "fill": 1, "n": len(ranks)}


@pytest.mark.parametrize(("name", "read"), [("ml-1m", movielens), ("amazon-beauty", beauty), ("lastfm-2k", lastfm)])
def test_evaluate_gives_the_numbers_of_an_independent_computation(tmp_path, capsys, name, read):
    folder = Path(os.environ.get("DUALREC_DATA") or os.devnull) / name
    if not folder.is_dir():
        pytest.skip(f"DUALREC_DATA holds no {name}")
    evaluate(data=str(folder), profile="laptop", systems_="popularity,markov", out=tmp_path)
    report = json.loads(capsys.readouterr().out)
    events, items = read(folder)
    expected = {system: metrics(ranks) for system, ranks in reference(events, items).items()}
    assert report == {system: pytest.approx(values, abs=1e-6) for system, values in expected.items()}
    ledger = pd.read_parquet(tmp_path / "lists" / "markov.parquet")
    assert ledger.user_id.isin(events.user).all()
    assert ledger.target_id.isin(items).all() and ledger.item_id.isin(items).all()
