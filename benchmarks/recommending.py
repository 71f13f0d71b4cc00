"""(c) Lists of the catalogue writer, against writing freely for one user at a time and matching lines with difflib."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
import torch

from benchmarks.material import Material
from benchmarks.measure import in_turns, letter
from dualrec.llm.grounding import parse_list
from dualrec.llm.inference.beam_search import beam_search
from dualrec.llm.inference.title_trie import Trie
from dualrec.llm.local import LLM
from dualrec.types import Sequences

SECONDS = 0.35  # the most that a user may take


def recommending(
    material: Material, k: int = 10, users: int = 128, one_by_one: int = 2, new_tokens: int = 256, repetitions: int = 3
) -> dict:
    """Users per second, from histories to items; both ways use the same model in the same precision.

    The trie is built before, as it is for every user of a catalogue but the first.

    k: length of a list
    users: for whom the catalogue writer writes
    one_by_one: users for whom is written freely
    new_tokens: the most that is written freely for one user
    """
    study = material.study
    histories = material.histories(users)
    some = histories.take(range(one_by_one))
    trie = material.trie

    def constrained() -> None:
        written = search(material, material.prompts(histories), trie, histories, k)
        trie.unseen_items(written, histories, study.popularity)

    def freely() -> None:
        for prompt in material.prompts(some):
            for line in parse_list(write_freely(material.llm, prompt, new_tokens), k):
                difflib.get_close_matches(line.title, study.catalogue.titles[1:], n=1)

    ours, baseline = in_turns(constrained, freely, repetitions)
    seconds = ours / len(histories)
    facts = {"k": k, "users": [users, one_by_one], "new_tokens": new_tokens}
    facts |= {"seconds_per_user": seconds, "must_seconds": SECONDS}
    row = letter("c", "Recommending", users / ours, one_by_one / baseline, "users/s", 40, **facts)
    return row | {"met": row["met"] and seconds <= SECONDS}


def search(material: Material, prompts: list[str], trie: Trie, histories: Sequences, k: int = 10) -> np.ndarray:
    """int64 (n, k): the leaves that the study's beam search finds, with its width and its batches."""
    config = material.study.profile.llm
    return beam_search(material.llm, prompts, trie, histories, k, max(config.beam, k), config.batch_size).leaves


@torch.inference_mode()
def write_freely(llm: LLM, prompt: str, new_tokens: int) -> str:
    """Greedy text after one prompt."""
    tokenizer = llm.tokenizer
    batch = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").to(llm.model.device)
    model: Any = llm.model  # `generate` comes by a mixin that type checkers do not see
    ids = model.generate(**batch, max_new_tokens=new_tokens, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    (text,) = tokenizer.batch_decode(ids[:, batch.input_ids.shape[1] :], skip_special_tokens=True)
    return text
