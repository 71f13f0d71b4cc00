"""A training that goes on from a checkpoint takes the steps of one that was never interrupted."""

import torch

from dualrec.core.checkpoints import load_checkpoint, save_checkpoint


def training():
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 1)
    return layer, dict(layer.named_parameters()), torch.optim.AdamW(layer.parameters(), lr=0.1)


def step(layer, optimiser) -> None:
    optimiser.zero_grad()
    layer(torch.randn(4, 3)).square().sum().backward()  # draws from the random state, which is restored, too
    optimiser.step()


def test_training_goes_on_bit_for_bit(tmp_path):
    layer, parameters, optimiser = training()
    step(layer, optimiser)
    save_checkpoint(tmp_path / "checkpoint", parameters, optimiser, [{"epoch": 1}])
    step(layer, optimiser)

    resumed, others, second = training()
    torch.manual_seed(99)
    assert load_checkpoint(tmp_path / "checkpoint", others, second) == [{"epoch": 1}]
    step(resumed, second)
    for name, value in layer.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value)


def test_without_a_checkpoint_nothing_changes(tmp_path):
    layer, parameters, optimiser = training()
    before = layer.weight.detach().clone()
    assert load_checkpoint(tmp_path / "none", parameters, optimiser) == []
    assert torch.equal(layer.weight, before)
