"""The network: shapes, what a state may depend on, and whom tied weights can score."""

import numpy as np
import pytest
import torch

from dualrec.config import LSTMConfig
from dualrec.sequence.lstm import NextItemLSTM
from dualrec.sequence.scoring import score
from dualrec.types import Sequences

N = 9
GENRES = torch.tensor(np.random.default_rng(0).integers(0, 2, (N + 1, 3)), dtype=torch.float32)
WORDS = torch.tensor(np.random.default_rng(1).integers(0, 20, (N + 1, 10)))
VECTORS = torch.tensor(np.random.default_rng(2).normal(size=(N + 1, 6)), dtype=torch.float32)
SMALL = {"id_dim": 8, "title_dim": 4, "genre_dim": 4, "hidden": (12, 6), "dense": 10}
BOTH = [LSTMConfig(**SMALL), LSTMConfig(**SMALL, title_side="sbert", tied=True)]
IDS_ALONE = LSTMConfig(**SMALL | {"title_dim": 0, "genre_dim": 0, "dense": 0}, tied=True)
HISTORIES = Sequences.from_lists([1, 2, 3, 4, 5], [[1, 2, 3, 4, 5], [7], [6, 8, 2], [3, 3, 3, 3], []])


def network(config: LSTMConfig) -> NextItemLSTM:
    torch.manual_seed(3)
    return NextItemLSTM(GENRES, WORDS if config.title_side == "words" else VECTORS, config).eval()


@pytest.mark.parametrize("config", BOTH, ids=["paper", "improved"])
def test_shapes(config):
    model = network(config)
    table = model.item_table()
    states = model(torch.randint(1, N + 1, (5, 7)), table)
    assert table.shape == (N + 1, 16) and states.shape == (5, 7, 10)
    assert model.logits(states[:, -1], table).shape == (5, N + 1)


def test_the_published_sizes():
    """Weights counted by hand for 1,000 movies and 18 genres; LSTM: 4 gates of inputs + hidden weights + 2 biases."""
    model = NextItemLSTM(torch.zeros(1001, 18), torch.zeros(1001, 10, dtype=torch.long), LSTMConfig())
    embeddings = 1001 * 128 + 5000 * 64 + 18 * 64 + 64
    lstm = 4 * 256 * (256 + 256 + 2) + 4 * 128 * (256 + 128 + 2)
    dense = 128 * 256 + 256 + 256 * 1001 + 1001
    assert sum(p.numel() for p in model.parameters()) == embeddings + lstm + dense


def test_titles_are_mean_pooled_over_real_words():
    items = network(BOTH[0]).items
    items.titles = torch.tensor([[0] * 10, [3, 5] + [0] * 8])
    expected = (items.title.weight[3] + items.title.weight[5]) / 2
    torch.testing.assert_close(items.title(items.titles)[1], expected)
    assert not items.title(items.titles)[0].any()


@pytest.mark.parametrize("config", BOTH, ids=["paper", "improved"])
def test_a_state_ignores_later_items_and_feels_earlier_ones(config):
    model = network(config)
    table = model.item_table()
    items = torch.tensor([[1, 2, 3, 4, 5]])
    before = model(items, table)
    later, earlier = items.clone(), items.clone()
    later[0, 3], earlier[0, 0] = 9, 9
    torch.testing.assert_close(model(later, table)[0, :3], before[0, :3], rtol=0, atol=0)
    assert (model(earlier, table)[0, 3] - before[0, 3]).abs().max() > 1e-6


@pytest.mark.parametrize("config", BOTH, ids=["paper", "improved"])
def test_scores_do_not_depend_on_the_company_in_a_batch(config):
    model = network(config)
    together = score(model, HISTORIES, config)
    alone = np.concatenate([score(model, HISTORIES.take([i]), config) for i in range(len(HISTORIES))])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(score(model, HISTORIES, config, batch_size=2), alone, atol=1e-6)


@pytest.mark.parametrize("config", BOTH, ids=["paper", "improved"])
def test_scores_are_the_logits_after_the_last_item(config):
    model = network(config)
    table = model.item_table()
    with torch.no_grad():
        logits = model.logits(model(torch.tensor([[6, 8, 2]]), table)[0, -1:], table)[0].numpy()
    scores = score(model, HISTORIES, config)[2]
    assert np.isneginf(scores[[0, 6, 8, 2]]).all() and scores.dtype == np.float32
    np.testing.assert_allclose(scores[[1, 3, 4, 5, 7, 9]], logits[[1, 3, 4, 5, 7, 9]], atol=1e-6)


def test_windows_see_no_further_than_their_window():
    config = LSTMConfig(**SMALL, targets="windows", window=3)
    model = network(config)
    long, short = Sequences.from_lists([1], [[9, 8, 1, 2, 3]]), Sequences.from_lists([1], [[1, 2, 3]])
    unseen = [4, 5, 6, 7]
    np.testing.assert_allclose(score(model, long, config)[0, unseen], score(model, short, config)[0, unseen], atol=1e-6)


def test_tied_weights_score_a_new_item_like_its_twin():
    """An item nobody has seen, with the title, genres and id row of another, is scored like that other."""
    model = network(BOTH[1])
    with torch.no_grad():
        for rows in (model.items.titles, model.items.genres, model.items.id.weight, model.bias):
            rows[9] = rows[4]
        scores = score(model, Sequences.from_lists([1], [[1, 2]]), BOTH[1])[0]
    assert scores[9] == pytest.approx(scores[4], abs=1e-6)
    assert abs(scores[9] - scores[3]) > 1e-4


def test_ids_alone_read_neither_titles_nor_genres():
    """The item table is the ids, and the last LSTM leads to the output: weights counted by hand."""
    model = network(IDS_ALONE)
    torch.testing.assert_close(model.item_table(), model.items.id.weight, rtol=0, atol=0)
    scores = score(model, HISTORIES, IDS_ALONE)
    model.items.genres, model.items.titles = 1 - model.items.genres, model.items.titles + 1
    np.testing.assert_array_equal(score(model, HISTORIES, IDS_ALONE), scores)
    lstm = 4 * 12 * (8 + 12 + 2) + 4 * 6 * (12 + 6 + 2)
    assert sum(p.numel() for p in model.parameters()) == (N + 1) * 8 + lstm + (6 * 8 + 8) + (N + 1)


@pytest.mark.parametrize("part", ["title_dim", "genre_dim"])
def test_a_part_without_dimensions_is_missing_from_the_table(part):
    config = LSTMConfig(**SMALL | {part: 0}, title_side="sbert", tied=True)
    whole, less = network(BOTH[1]).item_table(), network(config).item_table()
    assert less.shape == (N + 1, whole.shape[1] - SMALL[part])
