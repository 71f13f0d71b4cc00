"""Where to compute, and in which precision."""

from __future__ import annotations

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
