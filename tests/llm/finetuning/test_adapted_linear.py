import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import Linear
from torch import nn

from dualrec.llm.finetuning.adapted_linear import AdaptedLinear, kept_inputs

RATE = 0.25


class Kept(nn.Module):
    """Dropout that keeps what it is told to."""

    def __init__(self, factors: torch.Tensor):
        super().__init__()
        self.factors = factors

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.factors


def adapted(kind: type[Linear], dtype: torch.dtype, rate: float = RATE, bias: bool = True) -> Linear:
    """A layer of 24 inputs and 10 outputs whose adapter is not zero; the same weights for both kinds."""
    torch.manual_seed(0)
    base = nn.Linear(24, 10, bias=bias).to(dtype).requires_grad_(False)
    config = LoraConfig(r=3, lora_alpha=6, lora_dropout=rate)
    layer = kind(base, "default", config=config, r=3, lora_alpha=6)
    nn.init.normal_(layer.lora_B["default"].weight)
    for adapter in (layer.lora_A, layer.lora_B):
        adapter.float()  # as get_peft_model leaves it
    return layer.train()


def learned(layer: Linear, x: torch.Tensor, above: torch.Tensor) -> list[torch.Tensor]:
    """Outputs, then the gradients of inputs and adapter."""
    x = x.clone().requires_grad_()
    out = layer(x)
    out.backward(above)
    gradients = [x.grad, layer.lora_A["default"].weight.grad, layer.lora_B["default"].weight.grad]
    return [out.detach(), *(g for g in gradients if g is not None)]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("rate", [0.0, RATE])
@pytest.mark.parametrize("bias", [False, True])
def test_outputs_and_gradients_are_those_of_peft(dtype, tolerance, rate, bias):
    torch.manual_seed(1)
    x, above = torch.randn(5, 7, 24).to(dtype), torch.randn(5, 7, 10).to(dtype)
    oracle = adapted(Linear, dtype, rate, bias)
    if rate:
        torch.manual_seed(2)
        kept, growth = kept_inputs(x.reshape(-1, 24), rate)
        oracle.lora_dropout["default"] = Kept(kept.float().view_as(x) * growth)
    wanted = learned(oracle, x, above)
    layer = adapted(AdaptedLinear, dtype, rate, bias)
    torch.manual_seed(2)
    got = learned(layer, x, above)
    assert [g.dtype for g in got] == [w.dtype for w in wanted]
    for mine, theirs in zip(got, wanted, strict=True):
        assert (mine.float() - theirs.float()).norm() <= tolerance * theirs.float().norm()


def test_frozen_inputs_get_no_gradient_and_the_adapter_does():
    layer = adapted(AdaptedLinear, torch.float32)
    layer(torch.randn(2, 24)).sum().backward()
    assert layer.lora_A["default"].weight.grad is not None and layer.get_base_layer().weight.grad is None


def test_it_reads_as_peft_does():
    x = torch.randn(4, 24)
    assert torch.equal(adapted(AdaptedLinear, torch.float32).eval()(x), adapted(Linear, torch.float32).eval()(x))


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_keeps_its_share_evenly_and_the_mean(rate):
    torch.manual_seed(0)
    kept, growth = kept_inputs(torch.empty(1001, 1001), rate)  # no multiple of the four that share a word
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    off = 5 * (rate * (1 - rate)) ** 0.5  # five standard deviations of one draw
    assert abs(kept.mean().item() - (1 - rate)) < off / 1001
    assert abs(kept.mean().item() * growth - 1) < off / 1001 / (1 - rate)
    rest = kept.view(-1)[: 1001 * 1001 // 4 * 4].view(-1, 4)
    assert (rest.mean(dim=0) - (1 - rate)).abs().max() < 2 * off / 1001  # each quarter of a word
    together = (rest[:, :-1] * rest[:, 1:]).mean().item()
    assert abs(together - (1 - rate) ** 2) < 4 * off / 1001  # neighbours fall independently


def test_every_call_draws_anew_and_a_seed_draws_the_same():
    x = torch.randn(8, 24)
    layer = adapted(AdaptedLinear, torch.float32)
    torch.manual_seed(3)
    first, second = layer(x), layer(x)
    torch.manual_seed(3)
    assert torch.equal(layer(x), first) and not torch.equal(first, second)


def test_an_adapter_goes_to_a_file_that_peft_reads(tmp_path):
    torch.manual_seed(0)
    base = nn.Sequential(nn.Linear(24, 10))
    config = LoraConfig(r=3, target_modules=["0"])
    config._register_custom_module({nn.Linear: AdaptedLinear})
    model = get_peft_model(base, config)
    layer = model.get_submodule("base_model.model.0")
    assert type(layer) is AdaptedLinear
    nn.init.normal_(layer.lora_B["default"].weight)
    x = torch.randn(4, 24)
    wanted = model.eval()(x)
    model.save_pretrained(str(tmp_path))
    read = PeftModel.from_pretrained(model.unload(), str(tmp_path))
    assert type(read.get_submodule("base_model.model.0")) is Linear
    assert torch.equal(read.eval()(x), wanted)
