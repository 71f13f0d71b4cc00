"""How likely a language model finds each of many titles after a prompt: log-likelihoods, the prompt read once.

The titles of a user are read as one tree, in which those that begin alike share what they share; logits are computed
where a token of some title follows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from dualrec.core.timing import spent
from dualrec.llm.inference.prefix_cache import PrefixCache, prompt_batches, token_ids
from dualrec.llm.inference.title_trie import Trie
from dualrec.llm.local import LLM
from dualrec.llm.speed.threads import in_threads

CHUNK = 512  # tree nodes per user that are read at once


@spent("reading")
def score_titles(llm: LLM, prompts: list[str], trie: Trie, items: np.ndarray, batch_size: int) -> np.ndarray:
    """float32 (n, C): log-likelihood in nats of the title of each item after each prompt, down to its line end.

    trie: all titles
    items: int64 (n, C) item indices, or (1, C) for the same ones after every prompt; -1 gives -inf
    batch_size: prompts per batch
    Memory is bounded by batch_size prompts and CHUNK tokens of titles for each, however many items there are.
    """
    ids = token_ids(llm, prompts)
    leaves = np.where(items > 0, trie.leaf_of[np.maximum(items, 0)], 0)
    leaves = np.broadcast_to(leaves, (len(prompts), items.shape[1]))
    scores = np.full(leaves.shape, -np.inf, np.float32)

    def score(thread_llm: LLM, rows: np.ndarray) -> None:
        scores[rows] = _score_batch(thread_llm, [ids[row] for row in rows], trie, leaves[rows])

    in_threads(llm, prompt_batches(ids, batch_size), score, "score titles")
    return scores


@torch.inference_mode()
def _score_batch(llm: LLM, ids: list[list[int]], trie: Trie, leaves: np.ndarray) -> np.ndarray:
    """float32 (B, C): log-likelihoods of leaves (B, C); 0 stands for no title."""
    prefixes = PrefixCache(llm, ids)
    scores = np.full(leaves.shape, -np.inf, np.float32)
    for columns in _chunks(trie, leaves):
        scores[:, columns] = _score_chunk(prefixes, trie, leaves[:, columns])
        prefixes.drop_branches()
    return scores


def _chunks(trie: Trie, leaves: np.ndarray) -> Iterator[np.ndarray]:
    """Columns of `leaves` in parts of up to CHUNK tree nodes per user.

    Leaves are numbered by depth and not in the order of the alphabet, so columns are first sorted by the path of the
    first user: with the same items for everybody neighbours share most of their nodes.
    """
    paths = trie.paths[leaves[0]]  # (C, L)
    order = np.lexsort(paths.T[::-1])
    nodes = trie.depth[leaves[:, order]].max(axis=0).astype(np.int64)  # that each column adds to those before it
    if (leaves == leaves[0]).all():
        shared = np.cumprod(paths[order][1:] == paths[order][:-1], axis=1).sum(axis=1)
        nodes[1:] -= np.minimum(shared, nodes[1:])
    chunk = np.cumsum(nodes) // CHUNK
    for number in np.unique(chunk):
        yield order[chunk == number]


def _score_chunk(prefixes: PrefixCache, trie: Trie, leaves: np.ndarray) -> np.ndarray:
    """float64 (B, C): the log-likelihoods of leaves whose trees are read at once."""
    device = prefixes.last_state.device
    trees = [np.unique(trie.paths[row]) for row in leaves]  # ascending: the root, 0, first, and parents before children
    edges = [tree[tree > 0] for tree in trees]  # the nodes whose tokens are scored
    inner = [tree[~trie.is_leaf(tree) & (tree > 0)] for tree in trees]  # the nodes that are read
    inputs = (torch.from_numpy(array).to(device) for array in _tree_inputs(trie, inner))
    states = torch.cat([prefixes.last_state[:, None], prefixes.read(*inputs)], dim=1)  # (B, 1 + W, d): the root's first
    # For each edge of each user: the row of its parent's state among all states, and its token.
    read = [np.append(0, nodes) for nodes in inner]
    places = [np.searchsorted(nodes, trie.parent[to]) for nodes, to in zip(read, edges, strict=True)]
    rows = np.concatenate([user * states.shape[1] + place for user, place in enumerate(places)])
    tokens = trie.token[np.concatenate(edges)]
    order = np.argsort(rows, kind="stable")
    by_row = (torch.from_numpy(array[order]).to(device) for array in (rows, tokens))
    log_p = np.empty(len(rows))
    log_p[order] = prefixes.log_probabilities(states.flatten(0, 1), *by_row).cpu()
    scores = np.empty(leaves.shape)
    ends = np.cumsum([len(nodes) for nodes in edges])
    for user, own in enumerate(np.split(log_p, ends[:-1])):
        path = trie.paths[leaves[user]]  # (C, L), 0 behind the end
        own = np.append(0.0, own)  # the root costs nothing
        scores[user] = own[np.searchsorted(np.append(0, edges[user]), path)].sum(axis=1)
    return np.where(leaves > 0, scores, -np.inf)


def _tree_inputs(trie: Trie, nodes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens and depths (B, W), and who sees whom (B, W, W), of each user's nodes, as `PrefixCache.read` takes them.

    nodes: int64 (m,) per user, ascending
    """
    users = len(nodes)
    width = max(1, max(map(len, nodes)))
    tokens = np.zeros((users, width), np.int64)
    depth = np.zeros((users, width), np.int64)
    sees = np.tile(np.eye(width, dtype=bool), (users, 1, 1))
    for user, own in enumerate(nodes):
        tokens[user, : len(own)] = trie.token[own]
        depth[user, : len(own)] = trie.depth[own] - 1
        path = trie.paths[own]  # (m, L)
        place, step = np.nonzero(path)
        sees[user, place, np.searchsorted(own, path[place, step])] = True
    return tokens, depth, sees
