"""A language model as a reader: it reads a history once, and what it then knows is a vector at any point of it.

A history is read as plain lines. At any movie one may stop and ask what comes next, with or without the sequence model's hint: each
such question is a branch that sees the lines up to there and itself, so that one pass over a user answers all of them (the attention
mask of `reading`, with branches at many places). What a branch cannot see cannot reach its vector: neither later movies nor other hints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from dualrec.batching import sorted_batches
from dualrec.language.local import LLM
from dualrec.language.prompts import harmless
from dualrec.types import Sequences

HEADER = "Movies a person watched, oldest first:\n"
ASK = "Next:"  # the vector is the state at its last token
LINE, BRANCH, PADDING = -1, 0, -2  # what a token belongs to; branches count from 0


@dataclass(frozen=True)
class Questions:
    """Where the reader stops and asks; int64 (M,) each.

    row: which history; at: how many of its movies are read, at least 1; hint: an item, 0 for none
    """

    row: np.ndarray
    at: np.ndarray
    hint: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def read_states(llm: LLM, titles: list[str], histories: Sequences, asked: Questions, window: int, batch_size: int) -> np.ndarray:
    """float32 (M, d): the model's last state after each question, in units of its own hidden space.

    titles: readable titles of items 0..N; window: movies of each history that are read, the last ones
    batch_size: histories per batch; batches are formed by length. Questions before the window are not answered: a ValueError.
    """
    text = _Texts(llm.tokenizer, titles)
    start = np.maximum(histories.lengths - window, 0)
    if ((asked.at <= start[asked.row]) | (asked.at > histories.lengths[asked.row])).any():
        raise ValueError("a question lies outside the window that is read; read a longer one")
    rows = [
        _Row.of(text, histories.sequence(i)[start[i] :], asked, np.flatnonzero(asked.row == i), start[i]) for i in range(len(histories))
    ]
    states = np.empty((len(asked), llm.model.config.hidden_size), np.float32)
    batches = sorted_batches([len(row.tokens) for row in rows], batch_size)
    for batch in tqdm(batches, desc="read histories", unit="batch", mininterval=10):
        chosen = [rows[i] for i in batch]
        states[np.concatenate([row.questions for row in chosen])] = _forward(llm, chosen)
    return states


class _Texts:
    """Tokens of the header, the question, every line and every hint; line by line, so that a line reads the same wherever it stands."""

    def __init__(self, tokenizer, titles: list[str]):
        def ids(texts: list[str]) -> list[list[int]]:
            return tokenizer(harmless(tokenizer, texts), add_special_tokens=False).input_ids

        self.header, self.ask = ids([HEADER, ASK])
        self.line = ids([f"{title}\n" for title in titles])
        self.hint = ids([f"LSTM suggests: {title}\n" for title in titles])


@dataclass(frozen=True)
class _Row:
    """One history with its questions as one row of tokens; all int64 (T,) but the last two.

    tokens, position; sees: how many tokens of the lines this one sees; part: LINE, or the number of its branch
    questions: int64 (m,) numbers of the questions; ends: int64 (m,) where each of them ends
    """

    tokens: np.ndarray
    position: np.ndarray
    sees: np.ndarray
    part: np.ndarray
    questions: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, text: _Texts, items: np.ndarray, asked: Questions, questions: np.ndarray, start: int) -> _Row:
        lines = [text.header, *(text.line[item] for item in items)]
        read = np.cumsum([len(line) for line in lines])  # tokens up to and with each line
        branches = [(text.hint[asked.hint[q]] if asked.hint[q] else []) + text.ask for q in questions]
        sizes, seen = np.array([len(b) for b in branches], np.int64), read[asked.at[questions] - start]
        own = np.concatenate([np.arange(size) for size in sizes]) if len(sizes) else np.empty(0, np.int64)
        lines_too = np.arange(read[-1])
        return cls(
            np.concatenate([*map(np.array, lines), *map(np.array, branches)]).astype(np.int64),
            np.concatenate([lines_too, np.repeat(seen, sizes) + own]),
            np.concatenate([lines_too + 1, np.repeat(seen, sizes)]),
            np.concatenate([np.full(read[-1], LINE), np.repeat(np.arange(len(sizes)) + BRANCH, sizes)]),
            questions,
            read[-1] + np.cumsum(sizes) - 1,
        )


@torch.inference_mode()
def _forward(llm: LLM, rows: list[_Row]) -> np.ndarray:
    """float32 (questions, d): the states at the ends of all questions of a batch."""
    device, length = llm.model.device, max(len(row.tokens) for row in rows)

    def grid(name: str, fill: int) -> np.ndarray:
        """int64 (B, T), padded on the right."""
        return np.stack([np.pad(getattr(row, name), (0, length - len(row.tokens)), constant_values=fill) for row in rows])

    tokens, position, sees, part = grid("tokens", 0), grid("position", 0), grid("sees", 0), grid("part", PADDING)
    place = np.arange(length)
    lines = (part[:, None, :] == LINE) & (place[None, None, :] < sees[:, :, None])  # (B, T, T)
    branch = (part[:, None, :] == part[:, :, None]) & (part[:, :, None] >= BRANCH) & (place[None, None, :] <= place[None, :, None])
    mask = lines | branch | np.eye(length, dtype=bool)
    hidden = llm.model.get_decoder()(
        input_ids=torch.from_numpy(tokens).to(device),
        attention_mask=torch.from_numpy(mask[:, None]).to(device),  # (B, 1, T, T)
        position_ids=torch.from_numpy(position).to(device),
        use_cache=False,
    ).last_hidden_state  # (B, T, d)
    number = np.repeat(np.arange(len(rows)), [len(row.ends) for row in rows])
    return hidden[number, np.concatenate([row.ends for row in rows])].float().cpu().numpy()
