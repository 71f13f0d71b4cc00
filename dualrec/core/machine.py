"""The machine: where to compute, in which precision, with how much memory, and how it is called in captions."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

import psutil
import torch


def pick_device() -> torch.device:
    """CUDA, then MPS, then CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def pick_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware computes in it, float32 elsewhere (emulated bfloat16 is slower than float32)."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type == "cpu":
        flags = torch.cpu.get_capabilities()
        return torch.bfloat16 if flags.get("avx512_bf16") or flags.get("amx_bf16") else torch.float32
    return torch.float32


def environment() -> dict[str, str | int]:
    """What a number may depend on beside code and data: versions, device, threads, processor and precision."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": metadata.version("transformers"),
        "device": device_name(),
        "threads": torch.get_num_threads(),
        "cpu": cpu_name(),
        "precision": precision(),
    }


def hardware() -> str:
    """Device, threads and precision, for captions."""
    threads, device = torch.get_num_threads(), device_name()
    processor = f"{cpu_name()}, {threads} thread{'s' if threads > 1 else ''}"
    return f"{processor if device == 'cpu' else device}, {precision()}"


def total_memory() -> float:
    """GiB of memory this process may use: the machine's, or its container's where that is less."""
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text(encoding="utf-8").strip() if limit.is_file() else "max"
    return min(psutil.virtual_memory().total, float("inf") if allowed == "max" else int(allowed)) / 2**30


def gpu_memory() -> float:
    """GiB of memory of the largest CUDA device; 0 without one."""
    devices = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    return max((device.total_memory for device in devices), default=0) / 2**30


def peak_memory_mib() -> float:
    """Largest resident set of this process so far, in MiB."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    import resource  # which Windows does not have

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def device_name() -> str:
    """`cpu`, `mps`, or what a GPU is called."""
    device = pick_device()
    return torch.cuda.get_device_name() if device.type == "cuda" else str(device)


def precision() -> str:
    """What networks and language models compute in."""
    return str(pick_dtype(pick_device())).removeprefix("torch.")


def cpu_name() -> str:
    """The processor's name, as far as the system tells."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
