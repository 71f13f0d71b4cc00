"""The fit loop: samples, losses worked out another way, early stopping, and resuming bit for bit."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dualrec.config import LSTMConfig
from dualrec.core.errors import StudyError
from dualrec.sequence import training as fit_module
from dualrec.sequence.lstm import NextItemLSTM
from dualrec.sequence.scoring import network_ndcg, score
from dualrec.sequence.training import _is_over, _schedule, batches, fit, training_samples, trains_lstms_in_bfloat16
from dualrec.types import Cases, Sequences

N = 8
GENRES = torch.eye(N + 1)[:, :3]
VECTORS = torch.tensor(np.random.default_rng(2).normal(size=(N + 1, 6)), dtype=torch.float32)
SMALL = {
    "id_dim": 8,
    "title_dim": 4,
    "genre_dim": 4,
    "hidden": (16, 12),
    "dense": 16,
    "title_side": "sbert",
    "tied": True,
}
RNG = np.random.default_rng(0)
TRAIN = Sequences.from_lists(range(12), [RNG.integers(1, N + 1, RNG.integers(2, 9)) for _ in range(12)])
VALIDATION = Cases(TRAIN, RNG.integers(1, N + 1, 12))


def network(config: LSTMConfig) -> NextItemLSTM:
    torch.manual_seed(3)
    return NextItemLSTM(GENRES, VECTORS, config)


def weights(model: NextItemLSTM) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_all_positions_cut_long_sequences_without_losing_a_target():
    train = Sequences.from_lists([1, 2, 3], [[1, 2, 3, 4, 5, 6, 7, 8], [5, 6], [7]])
    pieces = [p.tolist() for p in training_samples(train, LSTMConfig(window=3))]
    assert pieces == [[1, 2, 3, 4], [4, 5, 6, 7], [7, 8], [5, 6]]


def test_windows_are_one_sample_per_target():
    train = Sequences.from_lists([1, 2], [[1, 2, 3, 4], [5, 6]])
    pieces = [p.tolist() for p in training_samples(train, LSTMConfig(targets="windows", window=2))]
    assert pieces == [[1, 2], [1, 2, 3], [2, 3, 4], [5, 6]]


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(StudyError, match="two events"):
        training_samples(Sequences.from_lists([1, 2], [[1], [2]]), LSTMConfig())


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("targets", ["all", "windows"])
def test_batches_hold_every_target_once(targets, mixed):
    config = LSTMConfig(targets=targets, window=3, batch_size=4, mixed_batches=mixed)
    pairs = []
    for inputs, wanted in batches(training_samples(TRAIN, config), config, np.random.default_rng(0)):
        assert inputs.shape == wanted.shape and len(inputs) <= 4
        pairs += [(int(inputs[b, t]), int(wanted[b, t])) for b, t in (wanted > 0).nonzero().tolist()]
    everything = [TRAIN.sequence(i) for i in range(len(TRAIN))]
    assert sorted(pairs) == sorted(
        (a, b) for s in everything for a, b in zip(s[:-1].tolist(), s[1:].tolist(), strict=True)
    )


def test_all_positions_and_windows_have_the_same_loss():
    """Without dropout, and where the window holds every sequence, both ways ask the same questions."""
    losses = {}
    for targets in ("all", "windows"):
        config = LSTMConfig(
            **SMALL, dropout=0.0, targets=targets, window=30, batch_size=1000, learning_rate=1e-9, epochs=1
        )
        losses[targets] = fit(network(config), TRAIN, VALIDATION, config, 0, None)[0]["loss"]
    assert losses["all"] == pytest.approx(losses["windows"], rel=1e-6)


def test_the_loss_is_the_mean_cross_entropy_of_every_next_item():
    config = LSTMConfig(**SMALL, dropout=0.0, batch_size=1000, learning_rate=1e-9, epochs=1)
    model = network(config).eval()
    table = model.item_table()
    losses = []
    for i in range(len(TRAIN)):
        items = torch.tensor(TRAIN.sequence(i))
        for end in range(1, len(items)):  # one prefix at a time: no batch, no padding
            logits = model.logits(model(items[None, :end], table)[:, -1], table)
            losses.append(F.cross_entropy(logits, items[end : end + 1]).item())
    first_epoch = fit(network(config), TRAIN, VALIDATION, config, 0, None)[0]
    assert first_epoch["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_an_lstm_that_cannot_be_trained_in_bfloat16_here_is_refused(monkeypatch):
    monkeypatch.setattr(fit_module, "trains_lstms_in_bfloat16", lambda: False)
    config = LSTMConfig(**SMALL, epochs=1, precision="bfloat16")
    with pytest.raises(StudyError, match='set precision = "float32"'):
        fit(network(config), TRAIN, VALIDATION, config, 0, None)
    plain = LSTMConfig(**SMALL, epochs=1)
    assert len(fit(network(plain), TRAIN, VALIDATION, plain, 0, None)) == 1


@pytest.mark.skipif(not trains_lstms_in_bfloat16(), reason="PyTorch cannot train an LSTM in bfloat16 on this processor")
def test_bfloat16_rounds_the_products_of_training_alone():
    """Another loss, near that of float32; weights stay float32, and so does ranking with them."""
    losses, scores = {}, {}
    for precision in ("float32", "bfloat16"):
        config = LSTMConfig(**SMALL, dropout=0.0, batch_size=4, learning_rate=1e-2, epochs=2, precision=precision)
        model = network(config)
        losses[precision] = [epoch["loss"] for epoch in fit(model, TRAIN, VALIDATION, config, 0, None)]
        assert {weight.dtype for weight in model.parameters()} == {torch.float32}
        in_float32 = score(model, TRAIN, LSTMConfig(**SMALL))
        scores[precision] = score(model, TRAIN, config)
        np.testing.assert_array_equal(scores[precision], in_float32)
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=1e-2)
    assert losses["bfloat16"] != losses["float32"]
    assert not np.array_equal(scores["bfloat16"], scores["float32"])


@pytest.mark.parametrize(
    ("targets", "tied", "side"), [("all", True, "sbert"), ("windows", True, "sbert"), ("all", False, "sbert")]
)
@pytest.mark.slow
def test_learns_a_cycle_by_heart(targets, tied, side):
    cycle = Sequences.from_lists(range(N), [[(start + i) % N + 1 for i in range(5)] for start in range(N)])
    after = Cases(cycle, np.array([(start + 5) % N + 1 for start in range(N)]))
    config = LSTMConfig(
        **(SMALL | {"tied": tied}),
        dropout=0.0,
        targets=targets,
        batch_size=8,
        learning_rate=0.02,
        epochs=60,
        patience=60,
    )
    model = network(config)
    history = fit(model, cycle, after, config, 0, None)
    assert history[-1]["loss"] < 0.05 < history[0]["loss"]
    assert score(model, cycle, config).argmax(axis=1).tolist() == after.targets.tolist()


def test_a_second_run_with_the_same_seed_ends_with_the_same_weights():
    config = LSTMConfig(**SMALL, batch_size=4, learning_rate=0.01, epochs=3)
    ends = []
    for seed in (0, 0, 1):
        model = network(config)
        fit(model, TRAIN, VALIDATION, config, seed, None)
        ends.append(weights(model))
    assert same(ends[0], ends[1]) and not same(ends[0], ends[2])


@pytest.mark.slow
@pytest.mark.parametrize("finished", [0, 1, 3])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5, 1.0])
def test_the_rate_rises_and_falls_as_in_transformers(warmup, finished):
    from transformers import get_constant_schedule, get_linear_schedule_with_warmup  # slow

    config, steps = LSTMConfig(learning_rate=0.003, warmup=warmup, epochs=4), 7

    def optimiser() -> torch.optim.Optimizer:
        group = {"params": [torch.nn.Parameter(torch.ones(1))], "initial_lr": 0.003}
        return torch.optim.AdamW([group], 0.003)

    last, total = steps * finished - 1, steps * config.epochs
    theirs = get_constant_schedule(optimiser(), last_epoch=last)
    if warmup:
        theirs = get_linear_schedule_with_warmup(optimiser(), round(warmup * total), total, last_epoch=last)
    ours = _schedule(optimiser(), steps, config, finished)
    for _ in range(last, total):
        assert ours.get_last_lr() == theirs.get_last_lr()
        for schedule in (ours, theirs):
            schedule.optimizer.step()
            schedule.step()


@pytest.mark.slow
def test_training_imports_no_transformers():
    """It takes seconds, in the kernel of every chapter that trains and in every process that trains beside others."""
    script = """
import sys
from tests.sequence.test_training import LSTMConfig, SMALL, TRAIN, VALIDATION, fit, network
config = LSTMConfig(**SMALL, warmup=0.5, epochs=1)
fit(network(config), TRAIN, VALIDATION, config, 0, None)
sys.exit("transformers" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("stopped_in_epoch", [2, 3, 5])
def test_resuming_gives_the_weights_of_an_uninterrupted_run(tmp_path, monkeypatch, stopped_in_epoch):
    config = LSTMConfig(
        **SMALL, dropout=0.4, batch_size=4, learning_rate=0.01, warmup=0.2, weight_decay=0.1, epochs=6, patience=6
    )
    whole = network(config)
    expected = fit(whole, TRAIN, VALIDATION, config, 5, None)
    last = {}

    def noting(model, *arguments):
        last.update(weights(model))
        return network_ndcg(model, *arguments)

    monkeypatch.setattr(fit_module, "network_ndcg", noting)
    fit(network(config), TRAIN, VALIDATION, config, 5, None)
    uninterrupted = dict(last)  # the last epoch's weights, whichever epoch was the best

    calls = []

    def power_cut(*arguments):
        calls.append(1)
        if len(calls) == stopped_in_epoch:
            raise KeyboardInterrupt
        return network_ndcg(*arguments)

    monkeypatch.setattr(fit_module, "network_ndcg", power_cut)
    with pytest.raises(KeyboardInterrupt):
        fit(network(config), TRAIN, VALIDATION, config, 5, tmp_path / "run")
    monkeypatch.setattr(fit_module, "network_ndcg", noting)
    resumed = network(config)
    torch.nn.init.ones_(resumed.bias)  # a new process begins with other weights
    torch.manual_seed(99)  # and another random state
    history = fit(resumed, TRAIN, VALIDATION, config, 5, tmp_path / "run")
    assert same(weights(resumed), weights(whole)) and same(last, uninterrupted)
    assert [(r["epoch"], r["loss"], r["ndcg"]) for r in history] == [
        (r["epoch"], r["loss"], r["ndcg"]) for r in expected
    ]


def test_a_finished_run_is_read_back_not_repeated(tmp_path, monkeypatch, spends):
    config = LSTMConfig(**SMALL, batch_size=4, epochs=2)
    first, second = network(config), network(config)
    with spends("training"):
        history = fit(first, TRAIN, VALIDATION, config, 0, tmp_path / "run")
    monkeypatch.setattr(fit_module, "_epoch", lambda *_: pytest.fail("trained again"))
    assert fit(second, TRAIN, VALIDATION, config, 0, tmp_path / "run") == history
    assert same(weights(first), weights(second))
    assert {p.suffix for p in (tmp_path / "run").rglob("*") if p.is_file()} == {".safetensors", ".json"}


def test_the_best_epoch_is_kept_and_patience_ends_the_run(monkeypatch):
    config = LSTMConfig(**SMALL, batch_size=4, epochs=9, patience=2)
    planned = iter([0.1, 0.3, 0.2, 0.3, 0.9])
    seen = []
    monkeypatch.setattr(fit_module, "network_ndcg", lambda model, *_: seen.append(weights(model)) or next(planned))
    model = network(config)
    history = fit(model, TRAIN, VALIDATION, config, 0, None)
    # the fifth epoch is never run: 0.3 again is no gain
    assert [row["ndcg"] for row in history] == [0.1, 0.3, 0.2, 0.3]
    assert same(weights(model), seen[1])


@pytest.mark.parametrize(
    ("ndcg", "patience", "over"),
    [
        ([], 2, False),
        ([0.1, 0.2], 2, False),
        ([0.3, 0.2, 0.1], 2, True),
        ([0.3, 0.2, 0.4], 2, False),
        ([0.1, 0.1], 1, True),
    ],
)
def test_patience(ndcg, patience, over):
    assert _is_over([{"ndcg": v} for v in ndcg], patience) == over


def test_gradients_are_clipped_to_norm_one(monkeypatch):
    assert fit_module.MAX_NORM == 1.0
    monkeypatch.setattr(fit_module, "MAX_NORM", 0.0)  # clipped to nothing, no weight can move
    config = LSTMConfig(**SMALL, batch_size=4, epochs=1)
    model = network(config)
    fit(model, TRAIN, VALIDATION, config, 0, None)
    assert same(weights(model), weights(network(config)))


def test_a_diverging_loss_is_an_error_that_names_the_learning_rate():
    config = LSTMConfig(**SMALL, batch_size=4, learning_rate=1e30, epochs=3)
    with pytest.raises(StudyError, match="learning_rate"):
        fit(network(config), TRAIN, VALIDATION, config, 0, None)
