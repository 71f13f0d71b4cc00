"""(f) What share of the machine's peak the language model computes at while it scores candidates."""

from __future__ import annotations

import numpy as np
from transformers import PreTrainedConfig

from benchmarks.flops import multiply, projection, reading, squares
from benchmarks.material import Material
from benchmarks.measure import in_turns, letter
from dualrec.llm.inference.likelihood import score_titles
from dualrec.llm.inference.prefix_cache import common_start, prompt_batches
from dualrec.llm.inference.title_trie import Trie


def scoring_share(
    material: Material, users: int = 64, candidates: int = 20, side: int = 4096, repetitions: int = 3
) -> dict:
    """FLOP per second of `score_titles` against those of a product of two square matrices in the same precision.

    Padding is not counted, what prompts or titles share is counted once.

    users: whose candidates are scored
    candidates: titles per user
    side: rows and columns of the matrices
    """
    llm = material.llm
    config = llm.model.config
    batch_size = material.study.profile.llm.score_batch
    histories = material.histories(users)
    prompts = material.prompts(histories)
    trie = material.trie
    items = material.hints(histories, candidates).items
    ids = llm.tokenizer(prompts, add_special_tokens=False).input_ids
    batches = prompt_batches(ids, batch_size)
    work = sum(scoring_work(config, [ids[row] for row in rows], trie, trie.leaf_of[items[rows]]) for rows in batches)
    matrices = squares(llm, side)
    ours, peak = in_turns(
        lambda: score_titles(llm, prompts, trie, items, batch_size), lambda: multiply(*matrices), repetitions
    )
    precision = str(llm.model.dtype).removeprefix("torch.")
    facts = {"users": users, "candidates": candidates, "precision": precision, "side": side}
    rates = (work / ours / 1e9, 2 * side**3 / peak / 1e9)
    return letter("f", "Scoring, share of peak", *rates, "GFLOP/s", 0.55, **facts)


def scoring_work(config: PreTrainedConfig, prompts: list[list[int]], trie: Trie, leaves: np.ndarray) -> float:
    """Operations for one batch of prompts, each followed by the tree of its titles.

    A tree's leaves themselves are not read, since nothing follows them; the vocabulary is computed after the prompt and
    every node read.

    prompts: B lists of token ids
    leaves: (B, C) leaves of the trie
    """
    shared = common_start(prompts)
    tokens = shared
    attended = shared * (shared + 1) // 2
    rows = 0
    for ids, own in zip(prompts, leaves, strict=True):
        nodes = np.unique(trie.paths[own])
        nodes = nodes[(nodes > 0) & ~trie.is_leaf(nodes)]
        tokens += len(ids) - shared + len(nodes)
        attended += sum(range(shared + 1, len(ids) + 1)) + len(ids) * len(nodes) + int(trie.depth[nodes].sum())
        rows += 1 + len(nodes)
    return reading(config, tokens, attended) + projection(config, rows)
