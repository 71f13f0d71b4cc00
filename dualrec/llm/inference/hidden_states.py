"""A language model as a reader: it reads a history once, and what it then knows is a vector at any point of it.

A history is read as plain lines. At any item one may stop and ask what comes next, with or without the sequence
model's hint: each such question is a branch that sees the lines up to there and itself, so that one pass over a user
answers all of them (see `prefix_cache`). What a branch cannot see cannot reach its vector: neither later items nor
other hints.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from dualrec.config import ReaderConfig
from dualrec.core.batching import sorted_batches
from dualrec.core.timing import spent
from dualrec.llm.inference.layer_slice import only_layers
from dualrec.llm.inference.prefix_cache import PrefixCache, token_ids
from dualrec.llm.local import LLM
from dualrec.llm.prompts import Prompts, harmless
from dualrec.llm.speed.threads import in_threads
from dualrec.types import Sequences

PADDING = -1  # the branch of no question


@dataclass(frozen=True)
class Questions:
    """Where the reader stops and asks; int64 (M,) each.

    row: which history
    at: how many of its items are read, at least 1
    hint: an item, 0 or less for none
    """

    row: np.ndarray
    at: np.ndarray
    hint: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


@spent("reading")
def read_states(
    llm: LLM, prompts: Prompts, titles: list[str], histories: Sequences, questions: Questions, config: ReaderConfig
) -> np.ndarray:
    """float32 (M, d): the model's state after each question, in units of its own hidden space.

    prompts: the words around the titles
    titles: readable titles of items 0..N
    config: how many items of each history are read, the last ones, how many histories at once, and by how many of the
        model's layers
    Batches are formed by length. Questions before the window are not answered: a ValueError.
    Raises StudyError where the model has fewer layers than shall read.
    """
    tokens = _Tokens(llm, prompts, titles)
    start = np.maximum(histories.lengths - config.window, 0)
    if ((questions.at <= start[questions.row]) | (questions.at > histories.lengths[questions.row])).any():
        raise ValueError("a question lies outside the window that is read; read a longer one")
    branched = []
    for row in np.unique(questions.row):
        numbers = np.flatnonzero(questions.row == row)
        window = histories.sequence(row)[start[row] :]
        branched.append(_BranchedHistory.of(tokens, window, questions, numbers, int(start[row])))
    states = np.empty((len(questions), llm.model.config.hidden_size), np.float32)

    def read(thread_llm: LLM, batch: np.ndarray) -> None:
        batch_histories = [branched[i] for i in batch]
        states[np.concatenate([history.numbers for history in batch_histories])] = _forward(thread_llm, batch_histories)

    batches = sorted_batches([len(history) for history in branched], config.read_batch)
    with only_layers(llm.model, config.layers):
        in_threads(llm, batches, read, "read histories")
    return states


class _Tokens:
    """Tokens of header, question, every title and every hint; by lines, so that a line reads the same everywhere."""

    def __init__(self, llm: LLM, prompts: Prompts, titles: list[str]):
        self.header, self.question = token_ids(llm, [prompts.reader_header, prompts.reader_question])
        titles = harmless(llm.tokenizer, titles)
        self.title = token_ids(llm, [f"{title}\n" for title in titles])
        self.hint = token_ids(llm, [prompts.reader_hint(title) for title in titles])


@dataclass(frozen=True)
class _BranchedHistory:
    """One history with its questions, which are branches of its lines.

    lines: its tokens
    tokens: int64 (W,) the tokens of all branches
    depth: int64 (W,) tokens of the same branch before each
    known: int64 (W,) tokens of the lines that each sees
    branch: int64 (W,) the number of its branch, from 0
    numbers: int64 (m,) which questions the branches are
    ends: int64 (m,) where among the branch tokens each of them ends
    """

    lines: list[int]
    tokens: np.ndarray
    depth: np.ndarray
    known: np.ndarray
    branch: np.ndarray
    numbers: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(
        cls, tokens: _Tokens, items: np.ndarray, questions: Questions, numbers: np.ndarray, start: int
    ) -> _BranchedHistory:
        """From the items of a window, the numbers of the questions about it, and the number of items before it."""
        lines = [tokens.header, *(tokens.title[item] for item in items)]
        line_ends = np.cumsum([len(line) for line in lines])  # tokens up to and with each line
        hints = questions.hint[numbers]
        branches = [(tokens.hint[hint] if hint > 0 else []) + tokens.question for hint in hints]
        sizes = np.array([len(branch) for branch in branches])
        return cls(
            lines=list(chain(*lines)),
            tokens=np.concatenate(branches).astype(np.int64),
            depth=np.concatenate([np.arange(size) for size in sizes]),
            known=np.repeat(line_ends[questions.at[numbers] - start], sizes),
            branch=np.repeat(np.arange(len(sizes)), sizes),
            numbers=numbers,
            ends=np.cumsum(sizes) - 1,
        )

    def __len__(self) -> int:
        return len(self.lines) + len(self.tokens)


@torch.inference_mode()
def _forward(llm: LLM, histories: list[_BranchedHistory]) -> np.ndarray:
    """float32 (questions, d): the states at the ends of all questions of a batch."""
    width = max(len(history.tokens) for history in histories)

    def padded(arrays: list[np.ndarray], fill: int = 0) -> np.ndarray:
        """int64 (B, W), padded on the right."""
        return np.stack([np.pad(array, (0, width - len(array)), constant_values=fill) for array in arrays])

    branch = padded([history.branch for history in histories], PADDING)
    place = np.arange(width)
    sees = (branch[:, :, None] == branch[:, None, :]) & (place <= place[:, None])  # (B, W, W): its branch up to itself
    tokens = padded([history.tokens for history in histories])
    depth = padded([history.depth for history in histories])
    known = padded([history.known for history in histories])
    inputs = (torch.from_numpy(array).to(llm.model.device) for array in (tokens, depth, sees, known))
    states = PrefixCache(llm, [history.lines for history in histories]).read(*inputs)  # (B, W, d)
    row = np.repeat(np.arange(len(histories)), [len(history.ends) for history in histories])
    return states[row, np.concatenate([history.ends for history in histories])].float().cpu().numpy()
