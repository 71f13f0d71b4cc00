"""Prompts read once: branches of tokens are then read on top of them, side by side, without reading the prompt again.

Branches share one key-value cache with their prompt. Which tokens a token sees is said by a mask (its own branch up to itself, and
the prompt), so a beam that dies costs nothing to forget, and titles that begin alike are read once up to where they part
(tree attention; Miao et al. 2024, SpecInfer, ASPLOS).
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from dualrec.core.batching import sorted_batches
from dualrec.llm.local import LLM
from dualrec.llm.speed.attention import grouped_attention
from dualrec.llm.speed.kv_cache import roomy_cache

# Logits that are held at once, states x words of the vocabulary: more of them leave the processor's caches before they are added up.
HEAD_ROWS, HEAD_WORDS = 512, 2048


def token_ids(llm: LLM, prompts: list[str]) -> list[list[int]]:
    """The tokens of each text, and nothing added."""
    return llm.tokenizer(prompts, add_special_tokens=False).input_ids


def prompt_batches(ids: list[list[int]], size: int) -> list[np.ndarray]:
    """Rows of prompts, given as tokens, in batches of similar length."""
    return sorted_batches([len(row) for row in ids], size)


class PrefixCache:
    """A batch of prompts in the model's cache.

    llm: the model; ids: the tokens of B prompts, see `token_ids`; batch them by length, since the shorter ones are padded
    """

    def __init__(self, llm: LLM, ids: list[list[int]]):
        self.llm = llm
        decoder, device = llm.model.get_decoder(), llm.model.device
        shared = common_start(ids)
        self.cache = roomy_cache()
        if shared:
            decoder(input_ids=torch.tensor([ids[0][:shared]], device=device), past_key_values=self.cache, use_cache=True)
            self.cache.batch_repeat_interleave(len(ids))
        rest = llm.tokenizer.pad({"input_ids": [row[shared:] for row in ids]}, return_tensors="pt").to(device)
        mask = F.pad(rest.attention_mask, (shared, 0), value=1)  # (B, P): what is shared, padding, what is not
        position = (mask.cumsum(dim=1) - 1)[:, shared:].clamp(min=0)
        out = decoder(input_ids=rest.input_ids, attention_mask=mask, position_ids=position, past_key_values=self.cache, use_cache=True)
        self.last = out.last_hidden_state[:, -1]  # (B, d); the padding is not at the end
        self.prompt = mask.bool()
        self.next_position = position[:, -1] + 1  # (B,)

    @property
    def branched(self) -> int:
        """Branch tokens read so far."""
        return self.cache.get_seq_length() - self.prompt.shape[1]

    def read(self, tokens: torch.Tensor, depth: torch.Tensor, sees: torch.Tensor, known: torch.Tensor | None = None) -> torch.Tensor:
        """Read W tokens per prompt and return their states (B, W, d).

        tokens: int64 (B, W); depth: int64 (B, W), tokens between the prompt and this one
        sees: bool (B, W, branched + W), which branch tokens each of them sees; always itself
        known: int64 (B, W), after how many of the prompt's tokens a token's branch begins: it sees those; all if left out
        """
        known = self.next_position[:, None].expand(tokens.shape) if known is None else known
        prompt = self.prompt[:, None] & (self.prompt.cumsum(dim=1)[:, None] <= known[:, :, None])  # (B, W, P)
        seen = torch.cat([prompt, sees], dim=2)[:, None]  # (B, 1, W, P + branched + W)
        with grouped_attention(self.llm.model):
            out = self.llm.model.get_decoder()(
                input_ids=tokens,
                attention_mask=self.last.new_zeros(seen.shape).masked_fill_(~seen, -torch.inf),
                position_ids=known + depth,
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

        The vocabulary projection is computed at the rows that are asked for, HEAD_ROWS x HEAD_WORDS of it at a time.
        """
        asked, place = rows.unique_consecutive(return_inverse=True)
        wanted, total = torch.empty(len(rows), device=states.device), torch.empty(len(asked), device=states.device)
        words = self.llm.model.get_output_embeddings()
        for first in range(0, len(asked), HEAD_ROWS):
            some, parts = states[asked[first : first + HEAD_ROWS]], []
            mine = ((place >= first) & (place < first + HEAD_ROWS)).nonzero()[:, 0]
            for word in range(0, words.out_features, HEAD_WORDS):
                bias = None if words.bias is None else words.bias[word : word + HEAD_WORDS]
                logits = F.linear(some, words.weight[word : word + HEAD_WORDS], bias).float()  # (<= HEAD_ROWS, <= HEAD_WORDS)
                here = mine[(tokens[mine] >= word) & (tokens[mine] < word + HEAD_WORDS)]
                wanted[here] = logits[place[here] - first, tokens[here] - word]
                parts.append(logits.logsumexp(dim=1))
            total[first : first + HEAD_ROWS] = torch.stack(parts).logsumexp(dim=0)
        return wanted - total[place]


def common_start(rows: list[list[int]]) -> int:
    """Tokens that all rows begin with, never the whole of one; 0 for a single row, which shares with nobody."""
    first, last = min(rows), max(rows)  # in the order of the alphabet all others lie between them
    most = min(map(len, rows)) - 1 if len(rows) > 1 else 0
    return next((i for i in range(most) if first[i] != last[i]), most)
