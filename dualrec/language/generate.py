"""Batched greedy generation: prompts sorted by length, stopped once the asked number of titles is written."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from dualrec.artifacts import write_text
from dualrec.language.lanes import in_lanes
from dualrec.language.local import LLM
from dualrec.language.reading import prompt_batches

TOKENS_PER_TITLE = 15  # number, title, year and line end; the longest tenth of the titles may be cut at the end of a list


@dataclass(frozen=True)
class Generation:
    """Texts in the order of the prompts, and the wall time they took (summed over interrupted calls)."""

    texts: list[str]
    seconds: float


class EnoughTitles(StoppingCriteria):
    """True for each row that has ended its n-th line: one title stands on each line."""

    def __init__(self, line_end: torch.Tensor, prompt_length: int, n: int):
        self.line_end, self.prompt_length, self.n = line_end, prompt_length, n

    def __call__(self, input_ids: torch.LongTensor, scores, **kwargs) -> torch.BoolTensor:
        """input_ids: (batch, prompt + written)."""
        written = input_ids[:, self.prompt_length :]
        return self.line_end[written].sum(dim=1) >= self.n


def line_end_tokens(llm: LLM) -> torch.Tensor:
    """bool (vocabulary,): the tokens that contain a line break."""
    size = llm.model.get_input_embeddings().num_embeddings
    texts = llm.tokenizer.batch_decode([[i] for i in range(size)])
    return torch.tensor(["\n" in text for text in texts], device=llm.model.device)


def generate(llm: LLM, prompts: list[str], titles: int, batch_size: int, journal: Path) -> Generation:
    """What the model writes after each prompt, greedily.

    titles: lines after which a row is done
    batch_size: prompts per batch; batches are formed by length, so that little is padded
    journal: a JSON-lines file that keeps every finished batch; a later call with the same prompts goes on from there
    """
    batches = prompt_batches(llm, prompts, batch_size)
    finished = _finished(journal)
    line_end = line_end_tokens(llm)
    journal.parent.mkdir(parents=True, exist_ok=True)
    with open(journal, "a", encoding="utf-8") as out:
        last = time.perf_counter()

        def write(own: LLM, rows: np.ndarray) -> list[str]:
            return _generate_batch(own, [prompts[r] for r in rows], titles, line_end)

        def keep(written: list[str]) -> None:
            nonlocal last
            before, last = last, time.perf_counter()  # two batches are written at once: what counts is from one's end to the next's
            finished.append({"texts": written, "seconds": round(last - before, 3)})
            out.write(json.dumps(finished[-1], ensure_ascii=False) + "\n")
            out.flush()

        in_lanes(llm, batches[len(finished) :], write, "generate", keep)
    texts = [""] * len(prompts)
    for rows, batch in zip(batches, finished, strict=True):
        for row, text in zip(rows, batch["texts"], strict=True):
            texts[row] = text
    return Generation(texts, sum(batch["seconds"] for batch in finished))


@torch.inference_mode()
def _generate_batch(llm: LLM, prompts: list[str], titles: int, line_end: torch.Tensor) -> list[str]:
    """Greedy continuation of one batch."""
    batch = llm.tokenizer(prompts, add_special_tokens=False, padding=True, return_tensors="pt").to(llm.model.device)
    length = batch.input_ids.shape[1]
    ids = llm.model.generate(
        **batch,
        max_new_tokens=TOKENS_PER_TITLE * titles,
        do_sample=False,
        pad_token_id=llm.tokenizer.pad_token_id,
        stopping_criteria=StoppingCriteriaList([EnoughTitles(line_end, length, titles)]),
    )  # (batch, length + written)
    return llm.tokenizer.batch_decode(ids[:, length:], skip_special_tokens=True)


def _finished(journal: Path) -> list[dict]:
    """Batches of an earlier, interrupted call, in order; a half-written last line is cut off."""
    if not journal.is_file():
        return []
    complete, newline, broken = journal.read_bytes().rpartition(b"\n")  # bytes: what is cut off may end within a letter
    if broken:
        write_text(journal, (complete + newline).decode())
    return [json.loads(line) for line in complete.decode().split("\n") if line]
