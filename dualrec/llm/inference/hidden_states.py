"""A language model as a reader: it reads a history once, and what it then knows is a vector at any point of it.

A history is read as plain lines. At any movie one may stop and ask what comes next, with or without the sequence model's hint: each
such question is a branch that sees the lines up to there and itself, so that one pass over a user answers all of them (see `reading`).
What a branch cannot see cannot reach its vector: neither later movies nor other hints.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from dualrec.config import ReaderConfig
from dualrec.core.batching import sorted_batches
from dualrec.llm.inference.layer_slice import only_layers, require_layers
from dualrec.llm.inference.prefix_cache import PrefixCache, token_ids
from dualrec.llm.local import LLM
from dualrec.llm.prompts import harmless
from dualrec.llm.speed.threads import in_threads
from dualrec.types import Sequences

HEADER = "Movies a person watched, oldest first:\n"
ASK = "Next:"  # the vector is the state at its last token
PADDING = -1  # the branch of no question


@dataclass(frozen=True)
class Questions:
    """Where the reader stops and asks; int64 (M,) each.

    row: which history; at: how many of its movies are read, at least 1; hint: an item, 0 or less for none
    """

    row: np.ndarray
    at: np.ndarray
    hint: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def read_states(llm: LLM, titles: list[str], histories: Sequences, asked: Questions, config: ReaderConfig) -> np.ndarray:
    """float32 (M, d): the model's state after each question, in units of its own hidden space.

    titles: readable titles of items 0..N
    config: how many movies of each history are read, the last ones, how many histories at once, and by how many of the model's layers
    Batches are formed by length. Questions before the window are not answered: a ValueError.
    Raises StudyError where the model has fewer layers than shall read.
    """
    text = _Texts(llm, titles)
    start = np.maximum(histories.lengths - config.window, 0)
    require_layers(llm.model, config.layers, "reader")
    if ((asked.at <= start[asked.row]) | (asked.at > histories.lengths[asked.row])).any():
        raise ValueError("a question lies outside the window that is read; read a longer one")
    of_row = {row: np.flatnonzero(asked.row == row) for row in np.unique(asked.row)}
    rows = [_Row.of(text, histories.sequence(row)[start[row] :], asked, mine, start[row]) for row, mine in of_row.items()]
    states = np.empty((len(asked), llm.model.config.hidden_size), np.float32)

    def read(own: LLM, batch: np.ndarray) -> None:
        chosen = [rows[i] for i in batch]
        states[np.concatenate([row.questions for row in chosen])] = _forward(own, chosen)

    batches = sorted_batches([len(row) for row in rows], config.read_batch)
    with only_layers(llm.model, end=config.layers or None):
        in_threads(llm, batches, read, "read histories")
    return states


class _Texts:
    """Tokens of the header, the question, every line and every hint; line by line, so that a line reads the same wherever it stands."""

    def __init__(self, llm: LLM, titles: list[str]):
        self.header, self.ask = token_ids(llm, [HEADER, ASK])
        titles = harmless(llm.tokenizer, titles)
        self.line = token_ids(llm, [f"{title}\n" for title in titles])
        self.hint = token_ids(llm, [f"LSTM suggests: {title}\n" for title in titles])


@dataclass(frozen=True)
class _Row:
    """One history with its questions, which are branches of its lines.

    lines: its tokens
    tokens, depth, known, part: int64 (W,) per token of the branches, as `PrefixCache.read` wants it; part: the number of its branch
    questions: int64 (m,) numbers of the questions; ends: int64 (m,) where among the branch tokens each of them ends
    """

    lines: list[int]
    tokens: np.ndarray
    depth: np.ndarray
    known: np.ndarray
    part: np.ndarray
    questions: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, text: _Texts, items: np.ndarray, asked: Questions, questions: np.ndarray, start: int) -> _Row:
        lines = [text.header, *(text.line[item] for item in items)]
        read = np.cumsum([len(line) for line in lines])  # tokens up to and with each line
        branches = [(text.hint[asked.hint[q]] if asked.hint[q] > 0 else []) + text.ask for q in questions]
        sizes = np.array([len(branch) for branch in branches])
        return cls(
            list(chain(*lines)),
            np.concatenate(branches).astype(np.int64),
            np.concatenate([np.arange(size) for size in sizes]),
            np.repeat(read[asked.at[questions] - start], sizes),
            np.repeat(np.arange(len(sizes)), sizes),
            questions,
            np.cumsum(sizes) - 1,
        )

    def __len__(self) -> int:
        return len(self.lines) + len(self.tokens)


@torch.inference_mode()
def _forward(llm: LLM, rows: list[_Row]) -> np.ndarray:
    """float32 (questions, d): the states at the ends of all questions of a batch."""
    width = max(len(row.tokens) for row in rows)

    def grid(name: str, fill: int) -> np.ndarray:
        """int64 (B, W), padded on the right."""
        return np.stack([np.pad(getattr(row, name), (0, width - len(row.tokens)), constant_values=fill) for row in rows])

    part, place = grid("part", PADDING), np.arange(width)
    sees = (part[:, :, None] == part[:, None, :]) & (place <= place[:, None])  # (B, W, W)
    told = (torch.from_numpy(array).to(llm.model.device) for array in (grid("tokens", 0), grid("depth", 0), sees, grid("known", 0)))
    states = PrefixCache(llm, [row.lines for row in rows]).read(*told)  # (B, W, d)
    number = np.repeat(np.arange(len(rows)), [len(row.ends) for row in rows])
    return states[number, np.concatenate([row.ends for row in rows])].float().cpu().numpy()
