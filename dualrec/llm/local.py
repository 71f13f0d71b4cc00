"""Local language models: the embedded GGUF (converted once), a folder, or the Hugging Face hub by id and revision."""

from __future__ import annotations

import copy
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from filelock import FileLock
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers import logging as transformers_logging

from dualrec.config import REMOTE
from dualrec.core import paths
from dualrec.core.artifacts import atomic_path
from dualrec.core.assets import ASSETS, asset_folder, verified_asset
from dualrec.core.errors import StudyError
from dualrec.core.machine import pick_device, pick_dtype
from dualrec.llm.contract import require_causal_lm

transformers_logging.disable_progress_bar()

ARCHITECTURES = {  # hub models whose sizes are known without the hub
    "mistralai/Mistral-7B-Instruct-v0.3": MistralConfig(
        vocab_size=32768,
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
        sliding_window=None,
    )
}


@dataclass
class LLM:
    """A causal language model with its tokenizer, ready for left-padded batches."""

    identity: str  # what a cache key must know of the weights
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def padding(self) -> int:
        """The token that fills up short rows."""
        return cast(int, self.tokenizer.pad_token_id)

    @property
    def facts(self) -> tuple[str, str, str]:
        """What a cached result depends on of the model: its weights, their precision, and where they compute."""
        return self.identity, str(self.model.dtype), self.model.device.type


def load_llm(spec: str, dtype: torch.dtype | None = None, quantise: str = "") -> LLM:
    """Load a causal LM for inference.

    spec: `smollm2-135m` (embedded), a folder, or `hub-id@revision`
    dtype: None picks the fastest the device has
    quantise: "4bit" holds the weights of the decoder's linear layers in 4 bit, for `fine_tune`
    Raises StudyError when the model cannot be found or read, is REMOTE, cannot be quantised on this machine, or is not
    what `contract` asks for.
    """
    quantisation = four_bits() if quantise else None
    device = pick_device()
    source, revision = _source(spec)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, revision=revision, padding_side="left")
        model = AutoModelForCausalLM.from_pretrained(
            source,
            revision=revision,
            dtype=dtype or (torch.bfloat16 if quantise else pick_dtype(device)),
            use_safetensors=True,
            quantization_config=quantisation,
            # quantised on its way to the device: the whole never has to fit there
            device_map={"": device} if quantisation else None,
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StudyError(
            f"language model '{spec}' cannot be loaded: {reason}; check the name, the revision and the network"
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not quantise:
        cast(torch.nn.Module, model).to(device)  # transformers' own `to` hides its type hints
    require_causal_lm(model.eval())
    return LLM(model_identity(spec), model, tokenizer)


def load_config(spec: str) -> PreTrainedConfig:
    """The configuration of a causal LM, without its weights.

    Raises StudyError when it cannot be found and is not among ARCHITECTURES.
    """
    source, revision = _source(spec)
    try:
        return AutoConfig.from_pretrained(source, revision=revision)
    except (OSError, ValueError) as error:
        if source in ARCHITECTURES:
            return ARCHITECTURES[source]
        reason = str(error).strip().splitlines()[0]
        raise StudyError(
            f"the sizes of language model '{spec}' are not known: {reason}; check name, revision and network"
        ) from error


def four_bits() -> BitsAndBytesConfig:
    """4 bit as in QLoRA: normal floats, double quantisation, products in bfloat16.

    Raises StudyError where the machine lacks what it takes.
    """
    lacking = [] if torch.cuda.is_available() else ["a CUDA device"]
    if importlib.util.find_spec("bitsandbytes") is None:
        lacking.append("the package bitsandbytes (`pip install bitsandbytes`)")
    if lacking:
        raise StudyError(
            f'quantise = "4bit" in [lora] needs {" and ".join(lacking)}, not found here; set quantise = "" to train '
            "without"
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def converted_folder(name: str) -> Path:
    """The embedded GGUF as float32 safetensors, converted on first use; keyed by the pinned hash of its source."""
    (file, sha256), *_ = ASSETS[name].files.items()
    target = paths.shared_cache() / "models" / f"{name}-{sha256[:12]}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(f"{target.name}.lock")):  # runs of two profiles may need it at once
        if not target.is_dir():
            print(f"converting {file} to safetensors, once (about half a minute) …")
            tokenizer, model = load_gguf(verified_asset(name) / file)
            with atomic_path(target) as temporary:
                tokenizer.save_pretrained(temporary)
                model.save_pretrained(temporary)
    return target


def load_gguf(path: Path) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """Read a GGUF file; the weights come back de-quantised to float32 in a model that can be saved."""
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    original = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    config = copy.deepcopy(original.config)
    # The weights no longer are quantised, and transformers refuses to save a model that says so.
    vars(config).pop("quantization_config")
    config._name_or_path = path.stem
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(original.state_dict())
    return tokenizer, model.eval()


def model_identity(spec: str) -> str:
    """What a cache key must know of a model: the pinned hash, the hub revision, or the folder's files and sizes."""
    if spec in ASSETS:
        asset_folder(spec)
        return "-".join(ASSETS[spec].files.values())
    folder = Path(spec)
    if folder.is_dir():
        return ";".join(f"{p.name}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in sorted(folder.glob("*.*")))
    return spec


def _source(spec: str) -> tuple[str, str | None]:
    """Where transformers finds the model: folder or hub id, and the revision."""
    if spec == REMOTE:
        raise StudyError(
            f"this step needs the model's own probabilities; the model '{spec}' is behind a server that gives its text "
            "alone, enough for `llm` and `llm_hint`: set llm.model in the profile to a local model"
        )
    if spec in ASSETS:
        return str(converted_folder(spec)), None
    if Path(spec).is_dir():
        return spec, None
    name, at, revision = spec.partition("@")
    if not at:
        raise StudyError(
            f"language model '{spec}' is neither embedded nor a folder; name a hub model as 'owner/name@revision'"
        )
    return name, revision
