"""How badly a language model foretells answers: examples as tokens, and the cross-entropy of answer tokens alone.

The released code pads to 512 tokens and takes the loss on prompt and padding too; here a batch is padded to its longest
member, and logits are computed where an answer token follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

from dualrec.core.batching import sorted_batches
from dualrec.llm.contract import output_layer
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.local import LLM
from dualrec.llm.prompts import harmless

IGNORE = -100
PAD_TO = 8  # matrix products like whole blocks


@dataclass(frozen=True)
class Encoded:
    """One example of T tokens.

    ids: the tokens
    labels: the same, but IGNORE on the prompt
    """

    ids: list[int]
    labels: list[int]

    def __len__(self) -> int:
        return len(self.ids)


def encode(llm: LLM, examples: list[Example]) -> list[Encoded]:
    """The examples as tokens. An answer ends with the end-of-turn token."""
    answers = harmless(llm.tokenizer, [example.answer for example in examples])
    prompt_ids = llm.tokenizer([example.prompt for example in examples], add_special_tokens=False).input_ids
    answer_ids = llm.tokenizer(answers, add_special_tokens=False).input_ids
    end = [llm.tokenizer.eos_token_id]
    pairs = zip(prompt_ids, answer_ids, strict=True)
    return [Encoded(prompt + answer + end, [IGNORE] * len(prompt) + answer + end) for prompt, answer in pairs]


def answer_tokens(batch: list[Encoded]) -> int:
    """How many tokens of a batch the loss counts."""
    return sum(label != IGNORE for example in batch for label in example.labels)


def answer_loss(llm: LLM, batch: list[Encoded]) -> tuple[torch.Tensor, int]:
    """Summed cross-entropy (float32, nats) over the answer tokens of a batch, and their number."""
    length = -(-max(map(len, batch)) // PAD_TO) * PAD_TO
    # No attention mask: the padding is on the right, and causal attention lets no token see what comes later.
    ids = _padded([example.ids for example in batch], length, llm.padding).to(llm.model.device)
    labels = _padded([example.labels for example in batch], length, IGNORE).to(llm.model.device)
    hidden = llm.model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state  # (B, T, d)
    is_answer = labels[:, 1:] != IGNORE  # position t predicts token t + 1
    targets = labels[:, 1:][is_answer]  # (answer tokens,)
    logits = output_layer(llm.model)(hidden[:, :-1][is_answer]).float()  # (answer tokens, vocabulary)
    return F.cross_entropy(logits, targets, reduction="sum"), len(targets)


@torch.no_grad()
def evaluate_loss(llm: LLM, encoded: list[Encoded], batch_size: int) -> float:
    """Mean cross-entropy per answer token, in nats."""
    llm.model.eval()
    batches = sorted_batches([len(example) for example in encoded], batch_size)
    total = sum(answer_loss(llm, [encoded[i] for i in rows])[0] for rows in batches)
    return float(total / answer_tokens(encoded))


def _padded(rows: list[list[int]], length: int, value: int) -> torch.Tensor:
    """int64 (B, length): the rows, filled up with a value on the right."""
    padded = pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=value)
    return F.pad(padded, (0, length - padded.shape[1]), value=value)
