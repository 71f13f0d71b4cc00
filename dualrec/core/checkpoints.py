"""Training checkpoints without pickle: tensors as safetensors, the rest as JSON, one folder swapped in whole."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from dualrec.core.artifacts import atomic_path, write_json


def save_checkpoint(
    folder: Path, parameters: dict[str, torch.Tensor], optimiser: torch.optim.Optimizer, history: list[dict]
) -> None:
    """Write everything that training needs to go on: parameters, optimiser state, random state and the epochs so far.

    folder: replaced whole
    parameters: the trained ones, by name
    history: one dict per finished epoch
    """
    state = optimiser.state_dict()
    tensors = {f"parameter.{name}": value.detach().contiguous() for name, value in parameters.items()}
    for index, entry in state["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value).contiguous() for name, value in entry.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    with atomic_path(folder) as path:
        path.mkdir()
        save_file(tensors, path / "tensors.safetensors")
        write_json(path / "state.json", {"param_groups": state["param_groups"], "history": history})


def load_checkpoint(folder: Path, parameters: dict[str, torch.Tensor], optimiser: torch.optim.Optimizer) -> list[dict]:
    """Restore parameters, optimiser and random state in place.

    folder: as `save_checkpoint` wrote it
    parameters: overwritten
    optimiser: its state is replaced

    Returns one dict per finished epoch; an empty list where there is no checkpoint.
    """
    if not (folder / "state.json").is_file():
        return []
    tensors = load_file(folder / "tensors.safetensors")
    saved = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(tensors[f"parameter.{name}"])
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        kind, _, rest = key.partition(".")
        if kind == "optimiser":
            index, _, name = rest.partition(".")
            state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": saved["param_groups"]})
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return saved["history"]
