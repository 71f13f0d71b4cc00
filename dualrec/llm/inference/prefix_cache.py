"""A batch of prompts that is read once; any number of continuations are then read behind it, side by side.

Continuations are branches: they share one key-value cache with their prompt. A mask says which tokens a token sees (its
own branch up to itself, and the prompt), so a beam that dies costs nothing to forget, and titles that begin alike are
read once up to where they part (tree attention; Miao et al. 2024, SpecInfer, ASPLOS).
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from dualrec.core.batching import sorted_batches
from dualrec.llm.contract import output_layer
from dualrec.llm.local import LLM
from dualrec.llm.speed.attention import grouped_attention
from dualrec.llm.speed.kv_cache import roomy_cache

# Logits held at once, states x words: more of them leave the processor's caches before they are added up.
HEAD_ROWS = 512
HEAD_WORDS = 2048


def token_ids(llm: LLM, prompts: list[str]) -> list[list[int]]:
    """The tokens of each text, and nothing added."""
    return llm.tokenizer(prompts, add_special_tokens=False).input_ids


def prompt_batches(ids: list[list[int]], size: int) -> list[np.ndarray]:
    """Rows of prompts, given as tokens, in batches of similar length."""
    return sorted_batches([len(row) for row in ids], size)


class PrefixCache:
    """A batch of B prompts in the model's key-value cache.

    llm: the model
    ids: the tokens of each prompt, see `token_ids`; batch them by length, since the shorter ones are padded

    last_state: (B, d) the state after each prompt's last token
    prompt_mask: bool (B, P) what of the cache is prompt and not padding
    next_position: int64 (B,) tokens of each prompt
    """

    def __init__(self, llm: LLM, ids: list[list[int]]):
        self.llm = llm
        decoder = llm.model.get_decoder()
        device = llm.model.device
        shared = common_start(ids)
        self.kv = roomy_cache()
        if shared:
            decoder(input_ids=torch.tensor([ids[0][:shared]], device=device), past_key_values=self.kv, use_cache=True)
            self.kv.batch_repeat_interleave(len(ids))
        rest = llm.tokenizer.pad({"input_ids": [row[shared:] for row in ids]}, return_tensors="pt").to(device)
        mask = F.pad(rest.attention_mask, (shared, 0), value=1)  # (B, P): what is shared, padding, what is not
        position = (mask.cumsum(dim=1) - 1)[:, shared:].clamp(min=0)
        out = decoder(
            input_ids=rest.input_ids,
            attention_mask=mask,
            position_ids=position,
            past_key_values=self.kv,
            use_cache=True,
        )
        self.last_state = out.last_hidden_state[:, -1]  # the padding is not at the end
        self.prompt_mask = mask.bool()
        self.next_position = position[:, -1] + 1

    @property
    def branch_tokens(self) -> int:
        """Branch tokens read so far, per prompt."""
        return self.kv.get_seq_length() - self.prompt_mask.shape[1]

    def read(
        self, tokens: torch.Tensor, depth: torch.Tensor, sees: torch.Tensor, known: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Read W branch tokens per prompt and return their states (B, W, d).

        tokens: int64 (B, W)
        depth: int64 (B, W) tokens between the prompt and each of them
        sees: bool (B, W, branch_tokens + W) which branch tokens each of them sees; always itself
        known: int64 (B, W) tokens of the prompt after which a token's branch begins: it sees those; all if left out
        """
        if known is None:
            known = self.next_position[:, None].expand(tokens.shape)
        prompt_place = self.prompt_mask.cumsum(dim=1)[:, None]  # (B, 1, P)
        sees_prompt = self.prompt_mask[:, None] & (prompt_place <= known[:, :, None])  # (B, W, P)
        seen = torch.cat([sees_prompt, sees], dim=2)[:, None]  # (B, 1, W, P + branch_tokens + W)
        with grouped_attention(self.llm.model):
            out = self.llm.model.get_decoder()(
                input_ids=tokens,
                attention_mask=self.last_state.new_zeros(seen.shape).masked_fill_(~seen, -torch.inf),
                position_ids=known + depth,
                past_key_values=self.kv,
                use_cache=True,
            )
        return out.last_hidden_state

    def drop_branches(self) -> None:
        """Forget all branches and keep the prompts."""
        if self.branch_tokens:
            self.kv.crop(-self.branch_tokens)

    def log_probabilities(self, states: torch.Tensor, rows: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """float32 (m,): log p(tokens[i]) after the state in row rows[i].

        states: (M, d)
        rows: int64 (m,) ascending
        tokens: int64 (m,)
        The logits are computed for the rows that are wanted, HEAD_ROWS x HEAD_WORDS of them at a time.
        """
        head = output_layer(self.llm.model)
        state_rows, place = rows.unique_consecutive(return_inverse=True)
        token_logits = torch.empty(len(rows), device=states.device)
        log_sums = torch.empty(len(state_rows), device=states.device)  # of the exponentials of all logits of a state
        for first in range(0, len(state_rows), HEAD_ROWS):
            block = states[state_rows[first : first + HEAD_ROWS]]
            in_block = ((place >= first) & (place < first + HEAD_ROWS)).nonzero()[:, 0]
            parts = []
            for word in range(0, head.out_features, HEAD_WORDS):
                bias = None if head.bias is None else head.bias[word : word + HEAD_WORDS]
                logits = F.linear(block, head.weight[word : word + HEAD_WORDS], bias).float()  # HEAD_ROWS x HEAD_WORDS
                here = in_block[(tokens[in_block] >= word) & (tokens[in_block] < word + HEAD_WORDS)]
                token_logits[here] = logits[place[here] - first, tokens[here] - word]
                parts.append(logits.logsumexp(dim=1))
            log_sums[first : first + HEAD_ROWS] = torch.stack(parts).logsumexp(dim=0)
        return token_logits - log_sums[place]


def common_start(rows: list[list[int]]) -> int:
    """Tokens that all rows begin with, never the whole of one; 0 for a single row, which shares with nobody."""
    first = min(rows)  # in the order of the alphabet all others lie between this one and the last
    last = max(rows)
    most = min(map(len, rows)) - 1 if len(rows) > 1 else 0
    return next((i for i in range(most) if first[i] != last[i]), most)
