"""What stands for an item: its parts by hand, and published networks that are what they were, bit by bit."""

import numpy as np
import pytest
import torch

from dualrec.config import LSTMConfig, SASRecConfig
from dualrec.data.item_vectors import principal_components
from dualrec.sequence.item_table import ItemTable
from dualrec.sequence.lstm import NextItemLSTM
from dualrec.sequence.neural import build_network
from dualrec.sequence.sasrec import SASRec
from dualrec.sequence.training import fit
from dualrec.types import Cases, Sequences
from tests.sequence import networks_as_measured as measured

N = 9
GENRES = torch.tensor(np.random.default_rng(0).integers(0, 2, (N + 1, 3)), dtype=torch.float32)
WORDS = torch.tensor(np.random.default_rng(1).integers(0, 20, (N + 1, 10)))
VECTORS = torch.tensor(np.random.default_rng(2).normal(size=(N + 1, 6)), dtype=torch.float32)
NOTHING = torch.zeros(N + 1, 0)
HISTORIES = Sequences.from_lists([1, 2, 3, 4, 5], [[1, 2, 3, 4, 5], [7, 1], [6, 8, 2], [3, 9, 3, 3], [5]])
SMALL = {"id_dim": 8, "title_dim": 4, "genre_dim": 4, "hidden": (12, 6), "dense": 10, "batch_size": 2, "epochs": 3}
LSTMS = {
    "as published": LSTMConfig(**SMALL, targets="windows", window=3),
    "improved": LSTMConfig(**SMALL, title_side="sbert", tied=True, input_dropout=0.2, warmup=0.1, weight_decay=0.1),
    "ids alone": LSTMConfig(**SMALL | {"title_dim": 0, "genre_dim": 0, "dense": 0}, tied=True),
    "no genres": LSTMConfig(**SMALL | {"genre_dim": 0, "hidden": (12,)}, title_side="sbert", tied=True),
}
SASRECS = {
    precision: SASRecConfig(dim=8, window=5, batch_size=2, epochs=3, precision=precision)
    for precision in ("float32", "bfloat16")
}


def trained(make, config) -> tuple[list[torch.Tensor], list[float]]:
    """The weights of a network after its training, in their order, and the losses of its epochs."""
    torch.manual_seed(3)
    network = make()
    history = fit(network, HISTORIES, Cases(HISTORIES, np.full(5, 9)), config, 0, None)
    return list(network.parameters()), [epoch["loss"] for epoch in history]


def assert_the_same(now, then):
    assert now[1] == then[1] and len(now[0]) == len(then[0])
    assert all(torch.equal(one, other) for one, other in zip(now[0], then[0], strict=True))


@pytest.mark.parametrize("name", LSTMS)
def test_an_lstm_is_what_it_was_when_it_was_measured(name):
    config = LSTMS[name]
    parts = GENRES, WORDS if config.title_side == "words" else VECTORS, config
    assert_the_same(
        trained(lambda: NextItemLSTM(*parts), config), trained(lambda: measured.NextItemLSTM(*parts), config)
    )


@pytest.mark.parametrize("precision", SASRECS)
def test_a_sasrec_is_what_it_was_when_it_was_measured(precision):
    config = SASRECS[precision]
    now = trained(lambda: SASRec(NOTHING, NOTHING, config), config)
    assert_the_same(now, trained(lambda: measured.SASRec(N, config), config))


def test_an_item_is_id_title_and_genres_side_by_side():
    table = ItemTable(GENRES, VECTORS, LSTMConfig(id_dim=2, title_dim=3, genre_dim=4, title_side="sbert"))
    linear, (genre, _) = table.title, table.genre
    title = VECTORS[5] * 6**0.5 @ linear.weight.T + linear.bias
    genres = (GENRES[5] @ genre.weight.T + genre.bias).clamp(min=0)
    torch.testing.assert_close(table()[5], torch.cat([table.id.weight[5], title, genres]))
    assert table.width == 9 and table().shape == (N + 1, 9)


@pytest.mark.parametrize("kind", [LSTMConfig, SASRecConfig])
def test_without_ids_two_items_of_one_title_are_one(kind, toy_catalogue):
    """Heat is listed twice with the same genre and year."""
    sizes = {"id_dim": 0, "tied": True, "hidden": (8,)} if kind is LSTMConfig else {"dim": 10}
    config = kind(**sizes, title_dim=6, genre_dim=4, years=True, title_side="sbert", epochs=1)
    vectors = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    vectors[7] = vectors[2]
    network = build_network(toy_catalogue, vectors, config)
    table = network.item_table()
    assert network.items.id is None and table.shape == (9, 10)
    read = network.items
    assert torch.equal(read.titles[2], read.titles[7]) and torch.equal(read.genres[2], read.genres[7])
    # What is read of them is equal to the bit; a product of matrices may add up another row in another order.
    torch.testing.assert_close(table[2], table[7], rtol=0, atol=1e-6)
    assert (table[2] - table[3]).abs().max() > 0.1
    fit(network, HISTORIES.take([0, 2]), Cases(HISTORIES.take([1]), np.array([2])), config, 0, None)


def test_years_are_read_with_the_genres(toy_catalogue):
    vectors = np.zeros((9, 6), np.float32)
    settings = {"dim": 12, "title_dim": 0, "genre_dim": 4}
    plain, years = (
        build_network(toy_catalogue, vectors, SASRecConfig(**settings, years=years)) for years in (False, True)
    )
    assert plain.items.genres.shape == (9, 2) and years.items.genres.shape == (9, 2 + 1 + 4)
    assert years.items.id.weight.shape == (9, 8)


@pytest.mark.parametrize("kind", [LSTMConfig, SASRecConfig])
def test_frozen_components_stand_in_the_table_and_are_not_trained(kind, toy_catalogue):
    sizes = {"id_dim": 5, "tied": True} if kind is LSTMConfig else {"dim": 8}
    vectors = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    config = kind(**sizes, title_dim=3, genre_dim=0, title_side="sbert", title_way="frozen_pca")
    network = build_network(toy_catalogue, vectors, config)
    part = network.item_table()[:, 5:].detach().numpy()
    np.testing.assert_array_equal(part, principal_components(vectors, 3, standardised=True))
    np.testing.assert_allclose(part[1:].std(axis=0), 1, rtol=1e-5)
    assert not any("title" in name for name, _ in network.named_parameters())


@pytest.mark.parametrize("kind", [LSTMConfig, SASRecConfig])
def test_ids_begin_with_components_as_widely_spread_as_random_ones(kind, toy_catalogue):
    sizes = {"id_dim": 8, "tied": True, "title_dim": 0} if kind is LSTMConfig else {"dim": 8}
    vectors = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    config = kind(**sizes, genre_dim=0, title_side="sbert", title_way="pca_init")
    torch.manual_seed(0)
    random = build_network(toy_catalogue, None, config).items.id.weight.detach()
    torch.manual_seed(0)
    ids = build_network(toy_catalogue, vectors, config).items.id.weight
    components = torch.from_numpy(principal_components(vectors, 8))
    assert components.shape == (9, 6) and torch.equal(ids[:, 6:], random[:, 6:]) and ids.requires_grad
    begun = ids[1:, :6].detach()
    torch.testing.assert_close(begun / begun.std(), components[1:] / components[1:].std())
    torch.testing.assert_close(begun.std(), random[1:].std())


def test_there_are_no_ids_to_begin_with():
    with pytest.raises(ValueError, match="no ids"):
        ItemTable(GENRES, VECTORS, LSTMConfig(id_dim=0)).start_ids(VECTORS)
