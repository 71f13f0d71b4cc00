"""The loss of a causal LM on answers: encoded examples, batches padded on the right, cross-entropy at answer tokens alone.

The released code pads to 512 tokens and takes the loss on prompt and padding too; here a batch is padded to its longest
member, and the vocabulary projection is computed at answer positions, a few at a time.
"""

from __future__ import annotations

import torch

from dualrec.batching import sorted_batches
from dualrec.language.examples import Example
from dualrec.language.local import LLM
from dualrec.language.prompts import harmless

IGNORE = -100
PAD_TO = 8  # matrix products like whole blocks
ROWS = 128  # answer tokens whose logits are in memory at a time

Encoded = tuple[list[int], list[int]]  # token ids and labels


def encode(llm: LLM, examples: list[Example]) -> list[Encoded]:
    """(token ids, labels) per example; labels are IGNORE on the prompt. The answer ends with the end-of-turn token."""
    prompts = llm.tokenizer([e.prompt for e in examples], add_special_tokens=False).input_ids
    answers = llm.tokenizer(harmless(llm.tokenizer, [e.answer for e in examples]), add_special_tokens=False).input_ids
    end = [llm.tokenizer.eos_token_id]
    return [(p + a + end, [IGNORE] * len(p) + a + end) for p, a in zip(prompts, answers, strict=True)]


def answer_tokens(batch: list[Encoded]) -> int:
    """How many tokens of a batch the loss counts."""
    return sum(label != IGNORE for _, labels in batch for label in labels)


def answer_loss(llm: LLM, batch: list[Encoded]) -> tuple[torch.Tensor, int]:
    """Summed cross-entropy (float32, nats) over the answer tokens of a batch, and their number."""
    longest = max(len(ids) for ids, _ in batch)
    length = -(-longest // PAD_TO) * PAD_TO
    pad = llm.tokenizer.pad_token_id
    device = llm.model.device
    ids = torch.tensor([ids + [pad] * (length - len(ids)) for ids, _ in batch], device=device)  # (B, T)
    labels = torch.tensor([row + [IGNORE] * (length - len(row)) for _, row in batch], device=device)  # (B, T)
    # No attention mask: causal attention lets no token see the padding on its right.
    hidden = llm.model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, d)
    wanted = labels[:, 1:] != IGNORE  # position t predicts token t + 1
    targets = labels[:, 1:][wanted]  # (answer tokens,)
    return _FrozenHeadLoss.apply(hidden[:, :-1][wanted], llm.model.get_output_embeddings().weight, targets), len(targets)


@torch.no_grad()
def evaluate_loss(llm: LLM, encoded: list[Encoded], batch_size: int) -> float:
    """Mean cross-entropy per answer token, in nats."""
    llm.model.eval()
    parts = [answer_loss(llm, [encoded[i] for i in rows]) for rows in sorted_batches([len(ids) for ids, _ in encoded], batch_size)]
    return float(sum(loss for loss, _ in parts) / sum(n for _, n in parts))


class _FrozenHeadLoss(torch.autograd.Function):
    """Summed cross-entropy of hidden (n, d) @ weight.T (V, d) against targets (n,), with no gradient for the frozen weight.

    The gradient is computed beside the loss, ROWS at a time, so that (n, V) logits in float32 are never held: a third less
    time and a fraction of the memory. torch's own chunked `linear_cross_entropy` returns a bfloat16 sum, three digits of a loss.
    """

    @staticmethod
    def forward(ctx, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        total, gradient = hidden.new_zeros((), dtype=torch.float32), torch.empty_like(hidden)
        for start in range(0, len(targets), ROWS):
            rows = slice(start, start + ROWS)
            log_p = (hidden[rows] @ weight.T).float().log_softmax(dim=1)  # (ROWS, V)
            right = targets[rows, None]
            total -= log_p.gather(1, right).sum()
            if ctx.needs_input_grad[0]:
                p = log_p.exp_()  # in place: the next line turns it into the gradient at the logits, p - one-hot
                gradient[rows] = p.scatter_add_(1, right, torch.full_like(right, -1, dtype=p.dtype)).to(weight.dtype) @ weight
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx, outer: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer.to(gradient.dtype), None, None
