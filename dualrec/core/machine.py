"""The machine: where to compute, in which precision, with how much memory, and how it is called in captions.

Networks compute in float32 everywhere (`make precision` measures why); only language models take the faster precision.
"""

from __future__ import annotations

import json
import platform
import sys
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib import metadata
from pathlib import Path

import psutil
import torch

from dualrec.core import paths
from dualrec.core.artifacts import write_json
from dualrec.core.choices import chosen
from dualrec.core.errors import StudyError
from dualrec.core.probe import Speeds, measure


def pick_device() -> torch.device:
    """The chosen one, else CUDA, then MPS, then CPU. Raises StudyError where the chosen one is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = chosen("--device") or next(name for name, is_there in there.items() if is_there)
    if not there[name]:
        raise StudyError(
            f"the device '{name}' is chosen and not there; choose {' or '.join(n for n in there if there[n])}"
        )
    return torch.device(name)


def network_device() -> torch.device:
    """Where the small networks compute: as language models do, but on MPS only where it is chosen."""
    device = pick_device()
    return torch.device("cpu") if device.type == "mps" and not chosen("--device") else device


def pick_dtype(device: torch.device) -> torch.dtype:
    """The chosen precision of a language model, else bfloat16 where the hardware is faster in it than in float32."""
    if precision := chosen("--precision"):
        return getattr(torch, precision)
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if device.type == "cpu" and speeds().prefers_bfloat16 else torch.float32


def speeds() -> Speeds:
    """How fast this processor computes; measured once and kept, so that a machine always chooses the same precision."""
    return _kept_speeds(paths.shared_cache() / "probe.json", cpu_name())


@cache
def _kept_speeds(path: Path, processor: str) -> Speeds:
    """The speeds in a file of measurements, one per processor and version of PyTorch; what is missing is measured."""
    name = f"{processor}, torch {torch.__version__}"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    if name in kept:
        return Speeds(**kept[name])
    flags = torch.cpu.get_capabilities()
    found = measure(bool(flags.get("avx512_bf16") or flags.get("amx_bf16")))
    with suppress(OSError):  # where nothing can be kept, `doctor` says so
        write_json(path, kept | {name: asdict(found)})
    return found


def environment() -> dict[str, str | int | dict]:
    """What a number may depend on beside code and data: versions, device, threads, processor, precision and speed."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": metadata.version("transformers"),
        "device": device_name(),
        "threads": torch.get_num_threads(),
        "cpu": cpu_name(),
        "precision": precision(),
        "speeds": asdict(speeds()),
    }


def hardware() -> str:
    """Device, threads and precision, for captions; on a processor, why the precision was chosen."""
    return f"{device_and_threads()}, networks in float32, language model in {precision()}"


def device_and_threads() -> str:
    """The device; of a processor its threads, and how much faster it is in bfloat16, where it knows that."""
    threads, device = torch.get_num_threads(), device_name()
    if device != "cpu":
        return device
    gain = f" ({speeds().gain:.1f} × as fast in bfloat16)" if speeds().bfloat16 else ""
    return f"{cpu_name()}, {threads} thread{'s' if threads > 1 else ''}{gain}"


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
    """What language models compute in."""
    return str(pick_dtype(pick_device())).removeprefix("torch.")


def cpu_name() -> str:
    """The processor's name, as far as the system tells."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
