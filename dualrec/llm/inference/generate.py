"""Free writing: what a language model goes on with after each prompt, greedily, until it has written its titles."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dualrec.core.artifacts import write_text
from dualrec.core.timing import spent
from dualrec.llm.contract import output_layer
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
def generate(llm: LLM, prompts: list[str], titles: int, batch_size: int, journal: Path) -> Generation:
    """What the model writes after each prompt, greedily.

    titles: lines after which a row is done
    batch_size: prompts per batch; batches are formed by length, so that little is padded
    journal: a JSON-lines file that keeps every finished batch; a later call with the same prompts goes on from there
    """
    ids = token_ids(llm, prompts)
    batches = prompt_batches(ids, batch_size)
    finished = _finished(journal)
    line_end = line_end_tokens(llm)
    journal.parent.mkdir(parents=True, exist_ok=True)
    with open(journal, "a", encoding="utf-8") as out:
        last = time.perf_counter()

        def write(thread_llm: LLM, rows: np.ndarray) -> torch.Tensor:
            return _generate_batch(thread_llm, [ids[row] for row in rows], titles, line_end)

        def keep(written: torch.Tensor) -> None:
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
def _generate_batch(llm: LLM, ids: list[list[int]], titles: int, line_end: torch.Tensor) -> torch.Tensor:
    """int64 (B, TOKENS_PER_TITLE * titles): what the model writes: `titles` lines in each row, then padding.

    line_end: bool (vocabulary,)
    """
    prefixes = PrefixCache(llm, ids)
    head = output_layer(llm.model)
    device = prefixes.last_state.device
    rows = len(ids)
    longest = TOKENS_PER_TITLE * titles
    end = llm.model.generation_config.eos_token_id  # one, some or none
    ends = torch.tensor([] if end is None else np.ravel(end), dtype=torch.long, device=device)
    written = torch.full((rows, longest), llm.padding, device=device)
    done = torch.zeros(rows, dtype=torch.bool, device=device)
    sees = torch.ones(rows, 1, longest, dtype=torch.bool, device=device)
    states = prefixes.last_state  # (rows, d)
    for place in range(longest):
        written[~done, place] = head(states[~done]).argmax(dim=1)
        done |= torch.isin(written[:, place], ends) | (line_end[written[:, : place + 1]].sum(dim=1) >= titles)
        if done.all():
            break
        depth = torch.full((rows, 1), place, device=device)
        states = prefixes.read(written[:, place, None], depth, sees[:, :, : place + 1])[:, 0]
    return written


def _finished(journal: Path) -> list[dict]:
    """Batches of an earlier, interrupted call, in order; a half-written last line is cut off."""
    if not journal.is_file():
        return []
    complete, newline, broken = journal.read_bytes().rpartition(b"\n")  # bytes: it may end within a letter
    if broken:
        write_text(journal, (complete + newline).decode())
    return [json.loads(line) for line in complete.decode().split("\n") if line]
