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


def scoring_share(material: Material, users: int = 64, candidates: int = 20, side: int = 4096, repetitions: int = 3) -> dict:
    """FLOP per second of `score_titles` against those of a product of two side x side matrices in the same precision.

    Padding is not counted, what prompts or titles share is counted once.
    """
    llm, histories, batch_size = material.llm, material.histories(users), material.study.profile.llm.score_batch
    prompts, trie, items = material.prompts(histories), material.trie, material.hints(histories, candidates).items
    ids = llm.tokenizer(prompts, add_special_tokens=False).input_ids
    batches = prompt_batches(ids, batch_size)
    work = sum(scoring_work(llm.model.config, [ids[row] for row in rows], trie, trie.leaf_of[items[rows]]) for rows in batches)
    matrices = squares(llm, side)
    ours, peak = in_turns(lambda: score_titles(llm, prompts, trie, items, batch_size), lambda: multiply(*matrices), repetitions)
    facts = {"users": users, "candidates": candidates, "precision": str(llm.model.dtype).removeprefix("torch."), "side": side}
    return letter("f", "Scoring, share of peak", work / ours / 1e9, 2 * side**3 / peak / 1e9, "GFLOP/s", 0.55, **facts)


def scoring_work(config: PreTrainedConfig, prompts: list[list[int]], trie: Trie, leaves: np.ndarray) -> float:
    """Operations for one batch: prompts (B) as token ids, each followed by the tree of its leaves (B, C).

    A tree's leaves themselves are not read, since nothing follows them; the vocabulary is computed after the prompt and every node read.
    """
    shared = common_start(prompts)
    tokens, seen, rows = shared, shared * (shared + 1) // 2, 0
    for ids, own in zip(prompts, leaves, strict=True):
        nodes = np.unique(trie.paths[own])
        nodes = nodes[(nodes > 0) & ~trie.is_leaf(nodes)]
        tokens += len(ids) - shared + len(nodes)
        seen += sum(range(shared + 1, len(ids) + 1)) + len(ids) * len(nodes) + int(trie.depth[nodes].sum())
        rows += 1 + len(nodes)
    return reading(config, tokens, seen) + projection(config, rows)
