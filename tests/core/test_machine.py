"""What the machine is called and what it has, on machines that are not there."""

from types import SimpleNamespace

import pytest
import torch

from dualrec.core import machine


@pytest.fixture
def gpu(monkeypatch):
    """A machine with two GPUs of different size."""
    sizes = [8 * 2**30, 24 * 2**30]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(sizes))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "Some GPU")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: SimpleNamespace(total_memory=sizes[i]))


@pytest.fixture
def cpu(monkeypatch):
    """A machine without a GPU, whose processor computes in float32."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    monkeypatch.setattr(machine, "cpu_name", lambda: "Some CPU")


def test_a_gpu_is_used_and_named(gpu):
    assert machine.pick_device() == torch.device("cuda") and machine.device_name() == "Some GPU"
    assert machine.hardware() == "Some GPU, bfloat16" and machine.gpu_memory() == 24


@pytest.mark.parametrize(("threads", "text"), [(1, "1 thread"), (2, "2 threads")])
def test_a_processor_is_named_with_its_threads(cpu, monkeypatch, threads, text):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert machine.hardware() == f"Some CPU, {text}, float32" and machine.gpu_memory() == 0


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_bfloat16_is_used_where_the_processor_computes_in_it(cpu, monkeypatch, flag):
    assert machine.pick_dtype(torch.device("cpu")) == torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {flag: True})
    assert machine.pick_dtype(torch.device("cpu")) == torch.bfloat16


def test_a_number_names_what_it_was_computed_on():
    facts = machine.environment()
    assert facts["torch"] == torch.__version__ and facts["threads"] == torch.get_num_threads()
    assert machine.total_memory() > 0 and machine.peak_memory_mib() > 10
