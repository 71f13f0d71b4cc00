"""SASRec: shapes, weights counted by hand, what a state may depend on, and that the one fit loop trains it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dualrec.config import SASRecConfig
from dualrec.sequence.sasrec import SASRec
from dualrec.sequence.scoring import score
from dualrec.sequence.training import fit
from dualrec.types import Cases, Sequences

N = 9
NOTHING = torch.zeros(N + 1, 0)  # neither genres nor titles
CONFIG = SASRecConfig(dim=8, blocks=2, heads=2, window=5)
HISTORIES = Sequences.from_lists([1, 2, 3, 4, 5], [[1, 2, 3, 4, 5], [7], [6, 8, 2], [3, 3, 3, 3], []])


def network(config: SASRecConfig = CONFIG) -> SASRec:
    torch.manual_seed(3)
    return SASRec(NOTHING, NOTHING, config).eval()


def test_shapes_and_weights():
    model = network()
    table = model.item_table()
    states = model(torch.randint(1, N + 1, (4, 5)), table)
    assert table.shape == (10, 8) and states.shape == (4, 5, 8)
    assert model.logits(states[:, -1], table).shape == (4, 10)
    attention, feed_forward, norms = 4 * (8 * 8 + 8), 8 * 32 + 32 + 32 * 8 + 8, 2 * 16
    blocks = 2 * (attention + feed_forward + norms)
    assert sum(p.numel() for p in model.parameters()) == 10 * 8 + 5 * 8 + 16 + blocks + 16 + 10


def test_a_state_ignores_later_items_and_feels_earlier_ones():
    model = network()
    table = model.item_table()
    items = torch.tensor([[1, 2, 3, 4, 5]])
    before = model(items, table)
    later, earlier = items.clone(), items.clone()
    later[0, 3:], earlier[0, 0] = 0, 9
    torch.testing.assert_close(model(later, table)[0, :3], before[0, :3], rtol=0, atol=1e-6)
    assert (model(earlier, table)[0, 3] - before[0, 3]).abs().max() > 1e-6


def test_scores_do_not_depend_on_the_company_in_a_batch():
    model = network()
    together = score(model, HISTORIES, CONFIG)
    alone = np.concatenate([score(model, HISTORIES.take([i]), CONFIG) for i in range(len(HISTORIES))])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert np.isneginf(together[2, [0, 6, 8, 2]]).all()


def test_without_dropout_training_and_ranking_see_the_same_states_and_none_at_padding():
    model = network(SASRecConfig(dim=8, blocks=2, heads=2, window=5, dropout=0.0))
    items = torch.tensor([[1, 2, 3, 4], [5, 0, 0, 0], [0, 0, 0, 0], [6, 7, 8, 0]])
    ranking, training = model(items, model.item_table()), model.train()(items, model.item_table())
    torch.testing.assert_close(training, ranking, rtol=0, atol=1e-6)
    empty = ranking.abs().sum(dim=2) == 0
    assert empty.tolist() == [[False] * 4, [False] + [True] * 3, [False] + [True] * 3, [False] * 3 + [True]]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_weight_learns_in_either_precision(precision):
    config = SASRecConfig(dim=8, blocks=2, heads=2, window=5, batch_size=2, epochs=1, precision=precision)
    model, before = network(config), dict(network(config).named_parameters())
    fit(model, HISTORIES, Cases(HISTORIES, np.full(5, 9)), config, 0, None)
    assert all(not torch.equal(weight, before[name]) for name, weight in model.named_parameters())


def test_longer_histories_are_cut_to_the_last_positions():
    model = network()
    long, short = Sequences.from_lists([1], [[8, 9, 1, 2, 3, 4, 5]]), Sequences.from_lists([1], [[1, 2, 3, 4, 5]])
    np.testing.assert_allclose(score(model, long, CONFIG)[0, [6, 7]], score(model, short, CONFIG)[0, [6, 7]], atol=1e-6)


def test_one_block_is_what_its_formula_says():
    """Norm before each part, softmax(QK'/sqrt(d)) V over what came before, feed-forward; both added to their input."""
    config = SASRecConfig(dim=4, blocks=1, heads=1, window=5)
    model = network(config)
    block, (items,) = model.blocks.layers[0], torch.tensor([[1, 2, 3]])
    with torch.no_grad():
        x = model.norm(model.items.id.weight[items] + model.position.weight[:3])
        q, k, v = F.linear(block.norm1(x), block.self_attn.in_proj_weight, block.self_attn.in_proj_bias).chunk(
            3, dim=-1
        )
        weights = (q @ k.T / 2).masked_fill(torch.ones(3, 3).triu(1).bool(), -torch.inf).softmax(dim=-1)
        x = x + block.self_attn.out_proj(weights @ v)
        x = x + block.linear2(F.gelu(block.linear1(block.norm2(x))))
        expected = model.blocks.norm(x)
        torch.testing.assert_close(model(items[None], model.item_table())[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("targets", ["all", "windows"])
def test_learns_a_cycle_by_heart(targets):
    cycle = Sequences.from_lists(range(N), [[(start + i) % N + 1 for i in range(5)] for start in range(N)])
    after = Cases(cycle, np.array([(start + 5) % N + 1 for start in range(N)]))
    config = SASRecConfig(
        dim=16,
        heads=2,
        window=5,
        dropout=0.0,
        targets=targets,
        batch_size=8,
        learning_rate=0.01,
        epochs=60,
        patience=60,
    )
    model = network(config)
    history = fit(model, cycle, after, config, 0, None)
    assert history[-1]["loss"] < 0.05 < history[0]["loss"]
    assert score(model, cycle, config).argmax(axis=1).tolist() == after.targets.tolist()
