"""How likely a language model finds each of many titles after a prompt: log-likelihoods, the prompt read once.

The titles of a user are read as one tree, in which those that begin alike share what they share; the vocabulary projection is
computed at the tokens whose successor is a token of some title.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from dualrec.llm.inference.prefix_cache import PrefixCache, prompt_batches, token_ids
from dualrec.llm.inference.title_trie import Trie
from dualrec.llm.local import LLM
from dualrec.llm.speed.threads import in_threads

CHUNK = 512  # tree nodes per user that are read at once


def score_titles(llm: LLM, prompts: list[str], trie: Trie, items: np.ndarray, batch_size: int) -> np.ndarray:
    """float32 (n, C): log-likelihood in nats of the title of each item after each prompt, down to its line end.

    items: int64 (n, C) item indices, or (1, C) for the same ones after every prompt; -1 gives -inf
    Memory is bounded by batch_size prompts and CHUNK tokens of titles for each, however many items there are.
    """
    ids = token_ids(llm, prompts)
    leaves = np.where(items > 0, trie.leaf_of[np.maximum(items, 0)], 0)
    leaves = np.broadcast_to(leaves, (len(prompts), items.shape[1]))
    found = np.full(leaves.shape, -np.inf, np.float32)

    def score(own: LLM, rows: np.ndarray) -> None:
        found[rows] = _score_batch(own, [ids[row] for row in rows], trie, leaves[rows])

    in_threads(llm, prompt_batches(ids, batch_size), score, "score titles")
    return found


@torch.inference_mode()
def _score_batch(llm: LLM, ids: list[list[int]], trie: Trie, leaves: np.ndarray) -> np.ndarray:
    """float32 (B, C): log-likelihoods of leaves (B, C); 0 stands for no title."""
    reader = PrefixCache(llm, ids)
    found = np.full(leaves.shape, -np.inf, np.float32)
    for columns in _chunks(trie, leaves):
        found[:, columns] = _score_chunk(reader, trie, leaves[:, columns])
        reader.forget()
    return found


def _chunks(trie: Trie, leaves: np.ndarray) -> Iterator[np.ndarray]:
    """Columns of `leaves` in parts of up to CHUNK tree nodes per user.

    Leaves are numbered by depth and not in the order of the alphabet, so columns are first sorted by the path of the first user:
    with the same items for everybody neighbours share most of their nodes.
    """
    paths = trie.paths[leaves[0]]  # (C, L)
    order = np.lexsort(paths.T[::-1])
    same = np.cumprod(paths[order][1:] == paths[order][:-1], axis=1).sum(axis=1) if (leaves == leaves[0]).all() else 0
    new = trie.depth[leaves[:, order]].max(axis=0).astype(np.int64)
    new[1:] -= np.minimum(same, new[1:])
    part = np.cumsum(new) // CHUNK
    for number in np.unique(part):
        yield order[part == number]


def _score_chunk(reader: PrefixCache, trie: Trie, leaves: np.ndarray) -> np.ndarray:
    """float64 (B, C): the log-likelihoods of leaves whose trees are read at once."""
    device, n = reader.last.device, len(leaves)
    trees = [np.unique(trie.paths[row]) for row in leaves]  # node numbers, ascending: parents before children, 0 = the root first
    inner = [tree[~trie.is_leaf(tree) & (tree > 0)] for tree in trees]  # whose successors are wanted
    width = max(1, max(map(len, inner)))
    tokens, depth = np.zeros((n, width), np.int64), np.zeros((n, width), np.int64)
    sees = np.tile(np.eye(width, dtype=bool), (n, 1, 1))
    for row, nodes in enumerate(inner):
        tokens[row, : len(nodes)], depth[row, : len(nodes)] = trie.token[nodes], trie.depth[nodes] - 1
        path = trie.paths[nodes]  # (m, L)
        at, step = np.nonzero(path)
        sees[row, at, np.searchsorted(nodes, path[at, step])] = True
    states = reader.read(*(torch.from_numpy(array).to(device) for array in (tokens, depth, sees)))  # (B, W, d)
    states = torch.cat([reader.last[:, None], states], dim=1)  # (B, 1 + W, d): the root's state is the prompt's last
    found = np.empty(leaves.shape)
    edge = [tree[tree > 0] for tree in trees]
    place = [np.searchsorted(np.append(0, nodes), trie.parent[to]) for nodes, to in zip(inner, edge, strict=True)]
    rows = np.concatenate([row * (width + 1) + at for row, at in enumerate(place)])
    order = np.argsort(rows, kind="stable")
    wanted = trie.token[np.concatenate(edge)]
    values = np.empty(len(rows))
    values[order] = reader.log_probabilities(
        states.flatten(0, 1), torch.from_numpy(rows[order]).to(device), torch.from_numpy(wanted[order]).to(device)
    ).cpu()
    begin = 0
    for row, nodes in enumerate(edge):
        own = np.append(0.0, values[begin : begin + len(nodes)])  # the root costs nothing
        path = trie.paths[leaves[row]]  # (C, L), 0 behind the end
        found[row] = own[np.searchsorted(np.append(0, nodes), path)].sum(axis=1)
        begin += len(nodes)
    return np.where(leaves > 0, found, -np.inf)
