"""Prompts read once: branches of tokens are then read on top of them, side by side, without reading the prompt again.

Branches share one key-value cache with their prompt. Which tokens a token sees is said by a mask (its own branch up to itself, and
the prompt), so a beam that dies costs nothing to forget, and titles that begin alike are read once up to where they part
(tree attention; Miao et al. 2024, SpecInfer, ASPLOS).
"""

from __future__ import annotations

import numpy as np
import torch

from dualrec.batching import sorted_batches
from dualrec.language.local import LLM

HEAD_ROWS = 512  # states whose logits over the whole vocabulary are held at once


def prompt_batches(llm: LLM, prompts: list[str], size: int) -> list[np.ndarray]:
    """Rows of the prompts in batches of similar length."""
    return sorted_batches([len(ids) for ids in llm.tokenizer(prompts, add_special_tokens=False).input_ids], size)


class PromptReader:
    """A batch of prompts in the model's cache.

    llm: the model; prompts: texts (B); batch them by length, since the shorter ones are padded
    """

    def __init__(self, llm: LLM, prompts: list[str]):
        self.llm = llm
        batch = llm.tokenizer(prompts, add_special_tokens=False, padding=True, return_tensors="pt").to(llm.model.device)
        position = (batch.attention_mask.cumsum(dim=1) - 1).clamp(min=0)
        out = llm.model.get_decoder()(**batch, position_ids=position, use_cache=True)
        self.cache = out.past_key_values
        self.last = out.last_hidden_state[:, -1]  # (B, d); the padding is on the left
        self.prompt = batch.attention_mask.bool()  # (B, P)
        self.next_position = position[:, -1] + 1  # (B,)

    @property
    def branched(self) -> int:
        """Branch tokens read so far."""
        return self.cache.get_seq_length() - self.prompt.shape[1]

    def read(self, tokens: torch.Tensor, depth: torch.Tensor, sees: torch.Tensor) -> torch.Tensor:
        """Read W tokens per prompt and return their states (B, W, d).

        tokens: int64 (B, W); depth: int64 (B, W), tokens between the prompt and this one
        sees: bool (B, W, branched + W), which branch tokens each of them sees; always itself
        """
        prompt = self.prompt[:, None].expand(-1, tokens.shape[1], -1)  # (B, W, P)
        out = self.llm.model.get_decoder()(
            input_ids=tokens,
            attention_mask=torch.cat([prompt, sees], dim=2)[:, None],  # (B, 1, W, P + branched + W)
            position_ids=self.next_position[:, None] + depth,
            past_key_values=self.cache,
            use_cache=True,
        )
        return out.last_hidden_state

    def forget(self) -> None:
        """Drop all branches and keep the prompts."""
        if self.branched:
            self.cache.crop(-self.branched)

    def log_probabilities(self, states: torch.Tensor, rows: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """float32 (m,): log p(tokens[i]) after the state rows[i]; states: (M, d), rows and tokens: int64 (m,), rows ascending.

        The vocabulary projection is computed at the rows that are asked for, HEAD_ROWS of them at a time.
        """
        asked, place = rows.unique_consecutive(return_inverse=True)
        found = torch.empty(len(rows), device=states.device)
        head = self.llm.model.get_output_embeddings()
        for first in range(0, len(asked), HEAD_ROWS):
            logits = head(states[asked[first : first + HEAD_ROWS]]).float()  # (<= HEAD_ROWS, vocabulary)
            here = (place >= first) & (place < first + HEAD_ROWS)
            local = place[here] - first
            found[here] = logits[local, tokens[here]] - logits.logsumexp(dim=1)[local]
        return found
