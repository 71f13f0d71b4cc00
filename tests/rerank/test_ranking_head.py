import numpy as np
import pytest
import torch

from dualrec.config import ReaderConfig
from dualrec.evaluation.ranks import ndcg
from dualrec.rerank.ranking_head import Head, fit_head
from dualrec.sequence import ranking
from dualrec.sequence.base import target_ranks, top_k
from dualrec.types import Cases, Sequences

CONFIG = ReaderConfig(epochs=25, learning_rate=3e-2, weight_decay=0.0, dropout=0.0, batch_size=16)
ITEMS, WIDTH = 12, 6


@pytest.fixture
def data():
    """States that hold the next item's place in the table under an unknown linear map.

    Their coordinates are of very different size.
    """
    rng = np.random.default_rng(0)
    table = rng.normal(size=(ITEMS + 1, WIDTH)).astype(np.float32)
    mixing = rng.normal(size=(WIDTH, 20)) * np.geomspace(0.1, 100, 20)
    targets = rng.integers(1, ITEMS + 1, 300)
    states = (table[targets] @ mixing + rng.normal(size=(300, 20)) * 0.05).astype(np.float32)
    return table, states, targets


def validation(states, targets):
    return states, Cases(Sequences.from_lists(np.arange(len(targets)), [[] for _ in targets]), targets)


def test_lists_in_batches_are_those_of_all_scores(data, monkeypatch):
    table, states, _ = data
    head = Head(table, states.mean(axis=0), states.std(axis=0), 0.0)
    histories = Sequences.from_lists(range(300), [[user % ITEMS + 1] for user in range(300)])
    expected = top_k(head.scores(states, histories), 5)
    monkeypatch.setattr(ranking, "BATCH_BYTES", 7 * 4 * (ITEMS + 1))
    assert [scores.shape for _, scores in head.in_batches(states[:9], histories.take(range(9)))] == [(7, 13), (2, 13)]
    lists = head.lists(states, histories, 5)
    assert lists.items.tolist() == expected.items.tolist()
    np.testing.assert_allclose(lists.scores, expected.scores, rtol=1e-5)


@pytest.mark.slow
def test_a_head_finds_the_map_and_ranks_the_target_first(data, spends):
    table, states, targets = data
    held_out = validation(states[250:], targets[250:])
    with spends("training"):
        head, history = fit_head(states[:250], targets[:250], table, held_out, CONFIG, 0)
    assert history[-1]["loss"] < 0.5 * history[0]["loss"] and history[-1]["ndcg"] > 0.95
    scores = head.scores(states[250:], Sequences.from_lists(np.arange(50), [[] for _ in range(50)]))
    assert (scores.argmax(axis=1) == targets[250:]).mean() > 0.9
    padding = head(torch.from_numpy(states[250:])).log_softmax(1)[:, 0].exp().detach()
    np.testing.assert_allclose(np.exp(scores[:, 1:]).sum(axis=1) + padding.numpy(), 1, atol=1e-4)


def test_seen_movies_and_padding_are_closed(data):
    table, states, _ = data
    head = Head(table, states.mean(axis=0), states.std(axis=0), 0.0)
    scores = head.scores(states[:2], Sequences.from_lists([1, 2], [[3, 4], []]))
    assert np.isneginf(scores[0, [0, 3, 4]]).all() and np.isfinite(scores[0, 5:]).all()
    assert np.isneginf(scores[1, 0]) and np.isfinite(scores[1, 1:]).all()


def test_the_best_epoch_on_validation_is_kept_and_runs_repeat(data):
    table, states, targets = data
    noise = validation(states[:50], np.roll(targets[:50], 1))  # nothing to learn: the best epoch is one of the first
    config = ReaderConfig(epochs=8, learning_rate=3e-2, batch_size=16)
    head, history = fit_head(states, targets, table, noise, config, 0)
    again, repeated = fit_head(states, targets, table, noise, config, 0)
    assert history == repeated
    assert all(torch.equal(a, b) for a, b in zip(head.parameters(), again.parameters(), strict=True))
    other, _ = fit_head(states, targets, table, noise, config, 1)
    assert not torch.equal(head.map.weight, other.map.weight)
    best = max(range(8), key=lambda i: history[i]["ndcg"])
    kept = ndcg(target_ranks(head.scores(noise[0], noise[1].history), noise[1].targets), 10).mean()
    assert kept == pytest.approx(history[best]["ndcg"])
