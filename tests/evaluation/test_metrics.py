import time

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dualrec.core.errors import StudyError
from dualrec.evaluation.metrics import coverage, fates, genre_jaccard_top1, intra_list_diversity, per_user, summarise
from dualrec.types import RankedLists

IDS = np.array([0, 10, 20, 30, 40, 50])


def make_ledger(users, targets, lists) -> pd.DataFrame:
    """A ledger in original ids; None is a place without a valid item."""
    k = len(lists[0])
    frame = {
        "user_id": np.repeat(users, k),
        "target_id": np.repeat(targets, k),
        "rank": np.tile(np.arange(1, k + 1), len(users)),
        "item_id": [item for row in lists for item in row],
        "score": np.nan,
    }
    return pd.DataFrame(frame).astype(
        {"user_id": "int64", "target_id": "int64", "rank": "int32", "item_id": "Int64", "score": "float32"}
    )


def random_ledger(seed: int, n: int, k: int, n_items: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lists = np.argsort(rng.random((n, n_items)), axis=1)[:, :k].astype(object) + 1
    lists[rng.random((n, k)) < 0.2] = None
    return make_ledger(rng.permutation(n) + 1, rng.integers(1, n_items + 1, n), lists.tolist())


@pytest.fixture
def toy() -> pd.DataFrame:
    return make_ledger([8, 3, 5, 1], [10, 30, 50, 20], [[10, 20, 30], [10, 20, 30], [10, None, 20], [None, None, None]])


def test_hand_worked(toy):
    table = per_user(toy, ks=(1, 2, 3))
    assert table.index.tolist() == [8, 3, 5, 1] and table.index.name == "user_id"
    assert list(table) == ["HR@1", "HR@2", "HR@3", "NDCG@1", "NDCG@2", "NDCG@3", "MRR", "fill"]
    np.testing.assert_allclose(
        table,
        [
            [1, 1, 1, 1, 1, 1, 1, 1],  # target first
            [0, 0, 1, 0, 0, 0.5, 1 / 3, 1],  # third: 1 / log2(4)
            [0, 0, 0, 0, 0, 0, 0, 2 / 3],  # one place empty, target absent
            [0, 0, 0, 0, 0, 0, 0, 0],  # nothing valid counts as a miss and is not left out
        ],
    )


def test_a_second_place_hit_behind_an_empty_first_place():
    table = per_user(make_ledger([1], [20], [[None, 20]]))
    assert table["HR@1"].item() == 0 and table["HR@10"].item() == 1
    assert table["NDCG@5"].item() == pytest.approx(0.6309297535714575)  # 1 / log2(3)
    assert table["MRR"].item() == 0.5


def test_an_empty_place_does_not_match_an_item_called_zero():
    assert per_user(make_ledger([1], [0], [[None, None]]))["HR@10"].item() == 0
    assert per_user(make_ledger([1], [0], [[None, 0]]))["HR@10"].item() == 1


def test_agrees_with_ranx(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)  # compiling ranx takes longer than all other tests together
    from ranx import Qrels, Run, evaluate

    ledger = random_ledger(1, n=400, k=12, n_items=25)
    table = per_user(ledger)
    listed = ledger.dropna(subset="item_id").astype(str)
    runs = {
        user: dict(zip(rows["item_id"], 1 / rows["rank"].astype(float), strict=True))
        for user, rows in listed.groupby("user_id")
    }
    targets = ledger[ledger["rank"] == 1].astype(str)
    qrels = {user: {target: 1} for user, target in zip(targets["user_id"], targets["target_id"], strict=True)}
    # ranx closes gaps; an item that cannot match keeps every empty place where it was
    for user, rank in ledger[ledger["item_id"].isna()][["user_id", "rank"]].itertuples(index=False):
        runs.setdefault(str(user), {})[f"empty{rank}"] = 1 / rank
    pairs = (("HR", "hit_rate"), ("NDCG", "ndcg"))
    names = {f"{ours}@{k}": f"{theirs}@{k}" for ours, theirs in pairs for k in (1, 5, 10)} | {"MRR": "mrr"}
    run = Run(runs)
    evaluate(Qrels(qrels), run, list(names.values()), make_comparable=True)
    for ours, theirs in names.items():
        expected = pd.Series(run.scores[theirs])
        np.testing.assert_allclose(table[ours], expected[table.index.astype(str)], rtol=1e-12, err_msg=ours)
    assert 0.1 < table["HR@10"].mean() < 0.9


def test_agrees_with_plain_pandas():
    ledger = random_ledger(2, n=50, k=10, n_items=15)
    hits = ledger[ledger["item_id"] == ledger["target_id"]].set_index("user_id")["rank"]
    table = per_user(ledger)
    hits = hits.reindex(table.index)
    np.testing.assert_array_equal(table["HR@5"], hits.le(5))
    np.testing.assert_allclose(table["NDCG@5"], (1 / np.log2(hits + 1)).where(hits <= 5, 0))
    np.testing.assert_allclose(table["MRR"], (1 / hits).fillna(0))
    np.testing.assert_allclose(table["fill"], ledger.groupby("user_id")["item_id"].count().reindex(table.index) / 10)


@given(st.integers(0, 2**31), st.integers(1, 12))
def test_metrics_are_ordered(seed, k):
    table = per_user(random_ledger(seed, n=20, k=k, n_items=12))
    assert table.to_numpy().min() >= 0 and table.to_numpy().max() <= 1
    for small, large in ((1, 5), (5, 10)):
        assert (table[f"HR@{small}"] <= table[f"HR@{large}"]).all()
        assert (table[f"NDCG@{small}"] <= table[f"NDCG@{large}"]).all()
    assert (table["HR@1"] == table["NDCG@1"]).all() and (table["HR@1"] <= table["MRR"]).all()
    assert (table["NDCG@10"] <= table["HR@10"]).all()


GENRES = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]])  # padding row must not matter


@pytest.mark.parametrize(
    ("target", "row", "expected"),
    [
        (20, [10, 20], 1 / 3),  # {a, b} and {b, c}
        (30, [20, 30], 1 / 2),  # {b, c} and {c}
        (30, [10, 30], 0),  # {a, b} and {c}
        (10, [10, 20], 1),  # the target itself
        (40, [50, 40], 0),  # neither has a genre
        (40, [40, 10], 1),  # a hit counts, with or without genres
        (40, [10, 40], 0),
        (10, [None, 10], 0),  # nothing valid in the first place
    ],
)
def test_genre_jaccard(target, row, expected):
    value = genre_jaccard_top1(make_ledger([6], [target], [row]), IDS, GENRES)
    assert value.index.tolist() == [6] and value.item() == pytest.approx(expected)


VECTORS = np.array([[0.6, 0.8], [1, 0], [0, 1], [-1, 0], [0.6, 0.8], [1, 0]], np.float32)


@pytest.mark.parametrize(
    ("row", "k", "expected"),
    [
        ([10, 20], 10, 1),  # a right angle
        ([10, 30], 10, 2),  # opposite
        ([10, 50], 10, 0),  # the same
        ([10, 20, 40], 10, (1 + 0.4 + 0.2) / 3),
        ([10, None, 40], 10, 0.4),  # empty places form no pair
        ([10, 20, 40], 2, 1),  # only the first k
        ([10, None], 10, np.nan),
        ([None, None], 10, np.nan),
    ],
)
def test_intra_list_diversity(row, k, expected):
    value = intra_list_diversity(make_ledger([6], [10], [row]), IDS, VECTORS, k)
    np.testing.assert_allclose(value, [expected], atol=1e-6)


@given(hnp.arrays(np.float64, (9, 4), elements=st.floats(-1, 1).filter(lambda x: abs(x) > 1e-3)), st.integers(0, 2**31))
def test_intra_list_diversity_agrees_with_all_pairs(vectors, seed):
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ledger = random_ledger(seed, n=6, k=5, n_items=8)
    values = intra_list_diversity(ledger, np.arange(9), vectors)
    for user, rows in ledger.groupby("user_id"):
        items = rows["item_id"].dropna().to_numpy(int)
        pairs = [1 - vectors[a] @ vectors[b] for i, a in enumerate(items) for b in items[:i]]
        np.testing.assert_allclose(values[user], np.mean(pairs) if pairs else np.nan, atol=1e-12)


def test_coverage(toy):
    assert coverage(toy, 5) == 3 / 5
    assert coverage(toy, 5, k=1) == 1 / 5  # only item 10 is ever first
    assert coverage(make_ledger([1], [10], [[None, None]]), 5) == 0


def test_fates_share_out_what_was_written():
    counts = {
        "written": np.array([4, 10, 0]),
        "seen": np.array([1, 0, 0]),
        "duplicate": np.array([0, 3, 0]),
        "invalid": np.array([2, 2, 0]),
    }
    shares = fates(RankedLists(np.full((3, 2), -1), counts=counts))
    assert list(shares) == ["listed", "seen", "duplicate", "invalid"]
    np.testing.assert_allclose(shares.iloc[0], [0.25, 0.25, 0, 0.5])
    np.testing.assert_allclose(shares.iloc[1], [0.5, 0, 0.3, 0.2])
    assert shares.iloc[2].isna().all()  # nothing written has no fate


def test_an_item_outside_the_catalogue_is_named():
    ledger = make_ledger([1], [10], [[0, 10]])  # 0 is padding in IDS, not an item
    with pytest.raises(StudyError, match="item 0 of the ledger is not in the catalogue"):
        intra_list_diversity(ledger, IDS, VECTORS)
    with pytest.raises(StudyError, match="not in the catalogue"):
        genre_jaccard_top1(ledger, IDS, GENRES)


def test_a_real_item_may_be_called_zero_like_padding():
    ids = np.array([0, 10, 0])
    ledger = make_ledger([1], [0], [[10, 0]])
    assert intra_list_diversity(ledger, ids, VECTORS[:3]).item() == pytest.approx(1)
    assert genre_jaccard_top1(ledger, ids, np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]])).item() == 1 / 2


def test_summary_is_the_mean_of_every_user(toy):
    summary = summarise(toy, IDS, GENRES, VECTORS, resamples=200, seed=1)
    assert summary["n"] == 4 and summary["k"] == 3
    metrics = summary["metrics"]
    assert metrics["HR@1"]["value"] == 1 / 4 and metrics["MRR"]["value"] == pytest.approx((1 + 1 / 3) / 4)
    assert metrics["fill"]["value"] == pytest.approx((1 + 1 + 2 / 3) / 4)
    assert metrics["diversity@10"]["n"] == 3 and metrics["HR@1"]["n"] == 4  # the user without a pair has no diversity
    assert metrics["coverage@10"]["value"] == 3 / 5 and np.isnan(metrics["coverage@10"]["low"])
    assert all(m["low"] <= m["value"] <= m["high"] for name, m in metrics.items() if name != "coverage@10")
    assert list(summarise(toy)["metrics"]) == list(per_user(toy))


def test_summary_does_not_depend_on_the_order_of_users(toy):
    turned = pd.concat([rows for _, rows in toy.groupby("user_id")])
    assert turned["user_id"].tolist() != toy["user_id"].tolist()
    assert summarise(turned, resamples=50) == summarise(toy, resamples=50)


def test_ten_thousand_users_take_seconds():
    ledger = random_ledger(0, n=10_000, k=10, n_items=50)
    started = time.process_time()
    summarise(ledger, resamples=2000)
    assert time.process_time() - started < 2  # measured: about 0.3
