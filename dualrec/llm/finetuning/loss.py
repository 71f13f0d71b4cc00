"""The loss of a causal LM on answers: encoded examples, batches padded on the right, cross-entropy at answer tokens alone.

The released code pads to 512 tokens and takes the loss on prompt and padding too; here a batch is padded to its longest
member, and the vocabulary projection is computed at answer positions, a few at a time. Layers below all trained ones read an
example once, not once per epoch.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm
from transformers import PreTrainedModel

from dualrec.core.batching import sorted_batches
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.inference.layer_slice import only_layers
from dualrec.llm.local import LLM
from dualrec.llm.prompts import harmless
from dualrec.llm.speed.attention import grouped_attention

IGNORE = -100
PAD_TO = 8  # matrix products like whole blocks
ROWS, WORDS = 128, 4096  # answer tokens whose logits are in memory at a time, and the words for which they are in float32


@dataclass(frozen=True)
class Encoded:
    """One example: its T token ids, and their labels, IGNORE on the prompt.

    read: how many of the lowest layers have read it already; states: (T, d) what they made of it, in main memory; None for no layer
    """

    ids: list[int]
    labels: list[int]
    read: int = 0
    states: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)


def encode(llm: LLM, examples: list[Example]) -> list[Encoded]:
    """The examples as tokens. An answer ends with the end-of-turn token."""
    prompts = llm.tokenizer([e.prompt for e in examples], add_special_tokens=False).input_ids
    answers = llm.tokenizer(harmless(llm.tokenizer, [e.answer for e in examples]), add_special_tokens=False).input_ids
    end = [llm.tokenizer.eos_token_id]
    return [Encoded(p + a + end, [IGNORE] * len(p) + a + end) for p, a in zip(prompts, answers, strict=True)]


@torch.no_grad()
def read_below(llm: LLM, encoded: list[Encoded], layers: int, batch_size: int) -> list[Encoded]:
    """The examples, read by the model's lowest layers, none of which may be trained.

    The batches are always the same ones, so that a resumed training finds the same states to the last bit.
    """
    llm.model.eval()
    found = list(encoded)
    batches = sorted_batches([len(e) for e in encoded], batch_size)
    with only_layers(llm.model, end=layers, norm=False) as decoder:
        for rows in tqdm(batches, desc="read by frozen layers", unit="batch", mininterval=10):
            ids = pad_sequence([torch.tensor(encoded[row].ids) for row in rows], batch_first=True)  # causal attention needs no mask
            states = decoder(input_ids=ids.to(llm.model.device), use_cache=False).last_hidden_state.cpu()  # (B, T, d)
            for row, own in zip(rows, states, strict=True):
                found[row] = replace(encoded[row], read=layers, states=own[: len(encoded[row])].clone())
    return found


def answer_tokens(batch: list[Encoded]) -> int:
    """How many tokens of a batch the loss counts."""
    return sum(label != IGNORE for e in batch for label in e.labels)


def answer_loss(llm: LLM, batch: list[Encoded]) -> tuple[torch.Tensor, int]:
    """Summed cross-entropy (float32, nats) over the answer tokens of a batch, and their number.

    batch: all read by the same number of layers; the others read them here
    """
    length, device = -(-max(map(len, batch)) // PAD_TO) * PAD_TO, llm.model.device

    def padded(rows: list, value: int) -> torch.Tensor:
        """(B, T, ...), padded on the right: no attention mask, since causal attention lets no token see what comes later."""
        rows = pad_sequence([torch.as_tensor(row) for row in rows], batch_first=True, padding_value=value)
        missing = length - rows.shape[1]
        return torch.nn.functional.pad(rows, (0, 0) * (rows.dim() - 2) + (0, missing), value=value).to(device)

    labels, read = padded([e.labels for e in batch], IGNORE), batch[0].read
    if read:
        text = {"inputs_embeds": padded([e.states for e in batch], 0)}
    else:
        text = {"input_ids": padded([e.ids for e in batch], llm.tokenizer.pad_token_id)}
    with only_layers(llm.model, first=read) as decoder, _attention(llm.model):
        hidden = decoder(**text, use_cache=False).last_hidden_state  # (B, T, d)
    wanted = labels[:, 1:] != IGNORE  # position t predicts token t + 1
    targets = labels[:, 1:][wanted]  # (answer tokens,)
    return _FrozenHeadLoss.apply(hidden[:, :-1][wanted], llm.model.get_output_embeddings().weight, targets), len(targets)


def _attention(model: PreTrainedModel) -> AbstractContextManager:
    """How to attend to whole examples: by products where a processor computes in bfloat16, which trains a fifth faster, else as usual."""
    slow = model.device.type == "cpu" and model.dtype == torch.bfloat16
    return grouped_attention(model) if slow else nullcontext()


@torch.no_grad()
def evaluate_loss(llm: LLM, encoded: list[Encoded], batch_size: int) -> float:
    """Mean cross-entropy per answer token, in nats."""
    llm.model.eval()
    parts = [answer_loss(llm, [encoded[i] for i in rows]) for rows in sorted_batches([len(e) for e in encoded], batch_size)]
    return float(sum(loss for loss, _ in parts) / sum(n for _, n in parts))


class _FrozenHeadLoss(torch.autograd.Function):
    """Summed cross-entropy of hidden (n, d) @ weight.T (V, d) against targets (n,), with no gradient for the frozen weight.

    The gradient is computed beside the loss, ROWS at a time and in the place of the logits, of which WORDS at a time are turned into
    float32: a third less time than torch's cross-entropy of all logits, and a fraction of the memory. Its own chunked
    `linear_cross_entropy` returns a bfloat16 sum, three digits of a loss.
    """

    @staticmethod
    def forward(ctx, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        total, gradient = hidden.new_zeros((), dtype=torch.float32), torch.empty_like(hidden)
        for start in range(0, len(targets), ROWS):
            rows, right = slice(start, start + ROWS), targets[start : start + ROWS, None]
            logits = hidden[rows] @ weight.T  # (ROWS, V)
            parts = logits.split(WORDS, dim=1)
            log_z = torch.stack([part.float().logsumexp(dim=1) for part in parts]).logsumexp(dim=0)[:, None]
            log_p = logits.gather(1, right).float() - log_z  # (ROWS, 1)
            total -= log_p.sum()
            if ctx.needs_input_grad[0]:
                for part in parts:  # the logits turn into their gradient, p - one-hot
                    part.copy_((part.float() - log_z).exp_())
                gradient[rows] = logits.scatter_(1, right, log_p.expm1().to(logits.dtype)) @ weight
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx, outer: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer.to(gradient.dtype), None, None
