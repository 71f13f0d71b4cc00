"""Free writing: what a language model goes on with after each prompt, greedily, until it has written its titles."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dualrec.core.artifacts import write_text
from dualrec.core.timing import spent
from dualrec.llm.contract import output_layer
from dualrec.llm.inference.drafts import Followers, draft
from dualrec.llm.inference.prefix_cache import PrefixCache, prompt_batches, token_ids
from dualrec.llm.local import LLM
from dualrec.llm.speed.threads import in_threads

# Number, title, year and line end; the longest tenth of the titles may be cut at the end of a list.
TOKENS_PER_TITLE = 15


@dataclass(frozen=True)
class Generation:
    """What was written.

    texts: in the order of the prompts
    seconds: the wall time it took, summed over interrupted calls
    """

    texts: list[str]
    seconds: float


def line_end_tokens(llm: LLM) -> torch.Tensor:
    """bool (vocabulary,): the tokens that contain a line break."""
    texts = llm.tokenizer.batch_decode([[token] for token in range(output_layer(llm.model).out_features)])
    return torch.tensor(["\n" in text for text in texts], device=llm.model.device)


@spent("writing")
def generate(
    llm: LLM, prompts: list[str], titles: int, batch_size: int, journal: Path, likely: Sequence[str] = ()
) -> Generation:
    """What the model writes after each prompt, greedily.

    titles: lines after which a row is done
    likely: lines that may be written, the likeliest first: a guess right saves a step, a guess wrong costs little
    batch_size: prompts per batch; batches are formed by length, so that little is padded
    journal: a JSON-lines file that keeps every finished batch; a later call with the same prompts goes on from there
    """
    ids = token_ids(llm, prompts)
    batches = prompt_batches(ids, batch_size)
    finished = _finished(journal)
    line_end = line_end_tokens(llm)
    shared = Followers(token_ids(llm, [*likely]) if likely else ())
    journal.parent.mkdir(parents=True, exist_ok=True)
    with open(journal, "a", encoding="utf-8") as out:
        last = time.perf_counter()

        def write(thread_llm: LLM, rows: np.ndarray) -> list[list[int]]:
            return _generate_batch(thread_llm, [ids[row] for row in rows], titles, line_end, shared)

        def keep(written: list[list[int]]) -> None:
            nonlocal last
            now = time.perf_counter()  # two batches are written at once: what counts is from one's end to the next's
            texts = llm.tokenizer.batch_decode(written, skip_special_tokens=True)
            finished.append({"texts": texts, "seconds": round(now - last, 3)})
            out.write(json.dumps(finished[-1], ensure_ascii=False) + "\n")
            out.flush()
            last = now

        in_threads(llm, batches[len(finished) :], write, "generate", keep)
    texts = [""] * len(prompts)
    for rows, batch in zip(batches, finished, strict=True):
        for row, text in zip(rows, batch["texts"], strict=True):
            texts[row] = text
    return Generation(texts, sum(batch["seconds"] for batch in finished))


@torch.inference_mode()
def _generate_batch(
    llm: LLM, ids: list[list[int]], titles: int, line_end: torch.Tensor, shared: Followers
) -> list[list[int]]:
    """The tokens that the model writes in each row: `titles` lines, or TOKENS_PER_TITLE * titles tokens.

    line_end: bool (vocabulary,)
    shared: where drafts are looked up beside a row's own text
    """
    prefixes = PrefixCache(llm, ids)
    head = output_layer(llm.model)
    device = prefixes.last_state.device
    end = llm.model.generation_config.eos_token_id  # one, some or none
    last = frozenset([] if end is None else np.ravel(end).tolist())
    rows = [_Row(prompt, titles, last, line_end, shared) for prompt in ids]
    for row, token in zip(rows, head(prefixes.last_state).argmax(dim=1).tolist(), strict=True):
        row.write([token])
    while not all(row.done for row in rows):
        guesses = [[] if row.done else [row.text[-1], *row.draft()] for row in rows]
        before = prefixes.branch_tokens
        inputs = (torch.from_numpy(array).to(device) for array in _inputs(rows, guesses, before))
        states = prefixes.read(*inputs)  # (rows, W, d)
        owner = np.repeat(np.arange(len(rows)), [len(guess) for guess in guesses])
        place = np.concatenate([np.arange(len(guess)) for guess in guesses])
        wanted = states[torch.from_numpy(owner).to(device), torch.from_numpy(place).to(device)]
        choices = head(wanted).argmax(dim=1).cpu().numpy()  # what follows each token that was read
        for number, row in enumerate(rows):
            if not row.done:
                row.accept(guesses[number], choices[owner == number].tolist(), before)
    return [row.text for row in rows]


class _Row:
    """A text in the making.

    text: its tokens
    slots: where among the branch tokens those of it stand that have been read
    """

    def __init__(self, prompt: list[int], titles: int, last: frozenset[int], line_end: torch.Tensor, shared: Followers):
        self.text: list[int] = []
        self.slots: list[int] = []
        self.done = False
        self._lines_left = titles
        self._longest = TOKENS_PER_TITLE * titles
        self._last, self._line_end = last, line_end
        self._own, self._shared = Followers([[*prompt]]), shared

    def draft(self) -> list[int]:
        """What it may go on with, no longer than it may become."""
        return draft(self.text, self._own, self._shared)[: self._longest - len(self.text) - 1]

    def accept(self, guess: list[int], choices: list[int], before: int) -> None:
        """Write what the model chose, as far as it was guessed, and one token more.

        guess: the text's last token and its draft, as they were read
        choices: what the model writes after each of these
        before: branch tokens that were there before them
        """
        right = 0
        while right < len(guess) - 1 and guess[right + 1] == choices[right]:
            right += 1
        self.slots += range(before, before + right + 1)
        self.write(choices[: right + 1])

    def write(self, tokens: list[int]) -> None:
        """Add tokens until the text is done."""
        for token in tokens:
            if self.done:
                return
            self.text.append(token)
            self._own.extend([token])
            self._lines_left -= bool(self._line_end[token])
            self.done = token in self._last or self._lines_left <= 0 or len(self.text) == self._longest


def _inputs(rows: list[_Row], guesses: list[list[int]], before: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens and depths (rows, W), and who sees whom (rows, W, before + W), as `PrefixCache.read` takes them.

    guesses: the tokens of each row that are read now; of a row that is done none, and padding sees itself alone
    before: branch tokens read so far
    """
    width = max(map(len, guesses))
    tokens = np.zeros((len(rows), width), np.int64)
    depth = np.zeros((len(rows), width), np.int64)
    sees = np.zeros((len(rows), width, before + width), bool)
    sees[:, np.arange(width), before + np.arange(width)] = True
    for number, (row, guess) in enumerate(zip(rows, guesses, strict=True)):
        own = np.arange(len(guess))
        tokens[number, own] = guess
        depth[number, own] = len(row.slots) + own
        sees[number, : len(guess), row.slots] = True
        sees[number, : len(guess), before : before + len(guess)] = own[:, None] >= own
    return tokens, depth, sees


def _finished(journal: Path) -> list[dict]:
    """Batches of an earlier, interrupted call, in order; a half-written last line is cut off."""
    if not journal.is_file():
        return []
    complete, newline, broken = journal.read_bytes().rpartition(b"\n")  # bytes: it may end within a letter
    if broken:
        write_text(journal, (complete + newline).decode())
    return [json.loads(line) for line in complete.decode().split("\n") if line]
