"""What the study asks of a causal language model; a model that does not offer it is refused in one sentence.

Layers: `model.get_decoder()` runs the `config.num_hidden_layers` layers of its ModuleList `layers` one after another,
so that the lowest of them can read alone (`inference/layer_slice.py`).

Attention: in every layer a token attends to all tokens that it sees by scaled dot products and nothing else: no window,
no cap on scores, no sinks, no recurrent layers. transformers can put another attention in the place of the model's own
(`speed/attention.py`).

Positions: the decoder places a token where `position_ids` says, keeps keys and values in a DynamicCache, and takes a
float mask (B, 1, W, S) that says what each of W new tokens sees of all S (`inference/prefix_cache.py`).

Words: the logits are one Linear of the decoder's states, with or without bias, and nothing comes behind it: no cap, no
scale (`inference/generate.py`, `inference/prefix_cache.py`, `finetuning/loss.py`).

LoRA: the modules that get adapters are Linear modules of the decoder's layers (`finetuning/lora.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from transformers import DynamicCache, PreTrainedModel

from dualrec.core.errors import StudyError
from dualrec.llm.speed.attention import grouped_attention

TOKENS = 8  # of each of three short texts that are read for a check: a prompt, a branch, and a branch beside it
# How far the states of a branch may lie from what they should be, as a share of their length: SmolLM2-135M's in
# bfloat16 are off by .01, and by .2 and more where a branch sees its neighbour or is put in another place.
TOLERANCE = 0.15


@torch.no_grad()
def require_causal_lm(model: PreTrainedModel) -> None:
    """Raise StudyError, naming the model's class and what it lacks, where a model is not what the study asks for.

    It reads some dozens of tokens, which takes about as long as four steps of generation.
    """
    _require_full_attention(model)
    prompt, branch, neighbour = (_text(model, number) for number in range(3))
    whole = torch.cat([prompt, branch], dim=1)
    states = model.get_decoder()(input_ids=whole).last_hidden_state  # (1, 2 * TOKENS, d)
    _require_plain_head(model, whole, states)
    _require_branches(model, prompt, branch, neighbour, states[0, TOKENS:])


def decoder_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The decoder's layers, lowest first. Raises StudyError where they do not lie in one list."""
    layers = getattr(model.get_decoder(), "layers", None)
    if not isinstance(layers, nn.ModuleList) or len(layers) != getattr(model.config, "num_hidden_layers", None):
        raise _refusal(model, "has no decoder with all its layers in one list, `layers`")
    return layers


def output_layer(model: PreTrainedModel) -> nn.Linear:
    """What turns a state into logits. Raises StudyError where it is not one Linear."""
    head = model.get_output_embeddings()
    if not isinstance(head, nn.Linear):
        raise _refusal(model, "has no single linear layer from its states to the words")
    return head


def require_linear_modules(model: PreTrainedModel, names: Sequence[str]) -> None:
    """Raise StudyError, naming the linear modules of the decoder's layers, where one of `names` is not among them."""
    named = decoder_layers(model).named_modules()
    linear = sorted({name.rpartition(".")[2] for name, module in named if isinstance(module, nn.Linear)})
    if missing := [name for name in names if name not in linear]:
        raise StudyError(
            f"modules in [lora] names {', '.join(missing)}, but the linear modules in the layers of "
            f"{type(model).__name__} are {', '.join(linear)}; choose among these"
        )


def _require_full_attention(model: PreTrainedModel) -> None:
    decoder_layers(model)
    kinds = set(getattr(model.config, "layer_types", None) or ()) - {"full_attention"}
    if kinds:
        raise _refusal(model, f"has layers of {' and '.join(sorted(kinds))}, not of full attention alone")


def _require_plain_head(model: PreTrainedModel, ids: torch.Tensor, states: torch.Tensor) -> None:
    """The logits of a text must be a linear layer of its states.

    ids: int64 (1, T)
    states: (1, T, d)
    """
    logits = model(input_ids=ids).logits.float()
    plain = output_layer(model)(states).float()
    # A cap bends small logits, such as those of random weights, by less than can be told here.
    capped = getattr(model.config, "final_logit_softcapping", None)
    if capped or not torch.allclose(logits, plain, rtol=0, atol=1e-2 * plain.abs().max().item()):
        raise _refusal(model, "caps or scales what its last linear layer says of the words")


def _require_branches(
    model: PreTrainedModel,
    prompt: torch.Tensor,
    branch: torch.Tensor,
    neighbour: torch.Tensor,
    states: torch.Tensor,
) -> None:
    """A branch read behind a cached prompt, beside another branch, must have the states of the text read as a whole.

    prompt, branch, neighbour: int64 (1, TOKENS)
    states: (TOKENS, d) of the branch in the whole text
    """
    decoder = model.get_decoder()
    place = torch.arange(TOKENS, 2 * TOKENS, device=model.device)
    sees = torch.ones(2 * TOKENS, 3 * TOKENS, dtype=torch.bool, device=model.device).tril(TOKENS)
    sees[TOKENS:, TOKENS : 2 * TOKENS] = False  # the branch does not see its neighbour, which stands before it
    mask = states.new_zeros(sees.shape).masked_fill(~sees, -torch.inf)
    cache = DynamicCache()
    try:
        decoder(input_ids=prompt, past_key_values=cache, use_cache=True)
        with grouped_attention(model):
            out = decoder(
                input_ids=torch.cat([neighbour, branch], dim=1),
                attention_mask=mask[None, None],
                position_ids=torch.cat([place, place])[None],
                past_key_values=cache,
                use_cache=True,
            )
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise _refusal(model, f"cannot read a branch behind a cached prompt ({reason})") from error
    deviation = (out.last_hidden_state[0, TOKENS:] - states).float().norm() / states.float().norm()
    if not deviation.item() < TOLERANCE:  # nan, too
        raise _refusal(model, "does not read a branch behind a cached prompt as it reads the whole text")


def _text(model: PreTrainedModel, number: int) -> torch.Tensor:
    """int64 (1, TOKENS): one of several texts without a token in common, as far as the vocabulary allows."""
    start = 1000 + number * TOKENS  # above the special tokens of most vocabularies
    return (torch.arange(start, start + TOKENS, device=model.device) % output_layer(model).out_features)[None]


def _refusal(model: PreTrainedModel, lack: str) -> StudyError:
    return StudyError(
        f"{type(model).__name__} {lack}, and the study works with decoders like Llama's alone; set llm.model to a "
        "model of the Llama, Qwen, Mistral, Phi or Gemma 1 family"
    )
