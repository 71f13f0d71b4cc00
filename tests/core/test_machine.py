"""What the machine is called and what it has, on machines that are not there."""

from types import SimpleNamespace

import pytest
import torch

from dualrec.core import machine, paths
from dualrec.core.errors import StudyError
from dualrec.core.probe import Speeds


@pytest.fixture(autouse=True)
def _its_own_choice(monkeypatch, tmp_path):
    """Nothing is chosen, and nothing was measured yet."""
    monkeypatch.delenv("DUALREC_DEVICE", raising=False)
    monkeypatch.delenv("DUALREC_PRECISION", raising=False)
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))


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
    assert machine.hardware() == "Some GPU, networks in float32, language model in bfloat16"
    assert machine.gpu_memory() == 24 and machine.network_device() == torch.device("cuda")


@pytest.mark.parametrize(("threads", "text"), [(1, "1 thread"), (2, "2 threads")])
def test_a_processor_is_named_with_its_threads(cpu, monkeypatch, threads, text):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert machine.hardware() == f"Some CPU, {text}, networks in float32, language model in float32"
    assert machine.gpu_memory() == 0 and machine.network_device() == torch.device("cpu")


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
@pytest.mark.parametrize(
    ("bfloat16", "dtype"), [(85.0, torch.float32), (129.0, torch.float32), (131.0, torch.bfloat16)]
)
def test_bfloat16_is_used_where_it_is_measured_to_be_worth_it(cpu, monkeypatch, flag, bfloat16, dtype):
    """A Xeon without AMX lists avx512_bf16 and computes 85 GFLOP/s in it, and 163 in float32."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {flag: True})
    monkeypatch.setattr(machine, "measure", lambda listed: Speeds(100.0, bfloat16 * listed, 25.0))
    assert machine.pick_dtype(torch.device("cpu")) == dtype
    assert f"({bfloat16 / 100:.1f} × as fast in bfloat16)" in machine.hardware()
    assert machine.environment()["speeds"]["bfloat16"] == bfloat16


def test_what_a_processor_does_not_list_is_not_tried(cpu):
    assert machine.speeds().bfloat16 == 0 and machine.pick_dtype(torch.device("cpu")) == torch.float32


def test_a_processor_is_measured_once(cpu, monkeypatch):
    calls = []
    monkeypatch.setattr(machine, "measure", lambda listed: calls.append(listed) or Speeds(100.0, 0.0, len(calls)))
    first = machine.speeds()
    machine._kept_speeds.cache_clear()  # as another process
    assert machine.speeds() == first == Speeds(100.0, 0.0, 1) and len(calls) == 1
    monkeypatch.setattr(machine, "cpu_name", lambda: "Another CPU")
    assert machine.speeds().lstm_step_ms == 2, "the folder has moved to another machine"
    (paths.shared_cache() / "probe.json").write_text("{")
    machine._kept_speeds.cache_clear()
    assert machine.speeds().lstm_step_ms == 3


def test_a_person_chooses_otherwise(cpu, gpu, monkeypatch):
    monkeypatch.setenv("DUALREC_DEVICE", "cpu")
    assert machine.pick_device() == machine.network_device() == torch.device("cpu")
    monkeypatch.setenv("DUALREC_PRECISION", "bfloat16")
    assert machine.pick_dtype(torch.device("cpu")) == torch.bfloat16
    monkeypatch.setenv("DUALREC_PRECISION", "float32")
    assert machine.pick_dtype(torch.device("cuda")) == torch.float32
    monkeypatch.setenv("DUALREC_DEVICE", "mps")
    with pytest.raises(StudyError, match="device 'mps' is chosen and not there; choose cuda or cpu"):
        machine.pick_device()


def test_networks_take_mps_only_where_it_is_chosen(cpu, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert machine.pick_device() == torch.device("mps") and machine.network_device() == torch.device("cpu")
    monkeypatch.setenv("DUALREC_DEVICE", "mps")
    assert machine.network_device() == torch.device("mps")


def test_a_number_names_what_it_was_computed_on():
    facts = machine.environment()
    assert facts["torch"] == torch.__version__ and facts["threads"] == torch.get_num_threads()
    assert machine.total_memory() > 0 and machine.peak_memory_mib() > 10
