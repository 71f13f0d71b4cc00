"""Constrained beam search: the K titles of a catalogue that a language model finds most likely, and nothing else.

Beams walk down the title trie, so every output is a title of the catalogue and none comes twice (De Cao et al. 2021,
Autoregressive Entity Retrieval, ICLR). What a user has seen is closed off before the walk begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dualrec.core.timing import spent
from dualrec.llm.inference.prefix_cache import PrefixCache, prompt_batches, token_ids
from dualrec.llm.inference.title_trie import Trie
from dualrec.llm.local import LLM
from dualrec.llm.speed.threads import in_threads
from dualrec.types import Sequences


@dataclass(frozen=True)
class Beams:
    """What a search ends with.

    leaves: int64 (n, K) trie leaves, best first, -1 where no title is left
    scores: float32 (n, K), nan where no title is left
    """

    leaves: np.ndarray
    scores: np.ndarray


@spent("reading")
def beam_search(
    llm: LLM,
    prompts: list[str],
    trie: Trie,
    histories: Sequences,
    k: int,
    width: int,
    batch_size: int,
    length_power: float = 0.0,
) -> Beams:
    """The k most likely titles after each prompt.

    histories: what each user has seen and is not given again
    k: titles per prompt
    width: titles in the making that are kept per user and step; with the whole catalogue's width the search is exact
    batch_size: prompts per batch; batches are formed by length, so that little is padded
    length_power: a title's score is its log-likelihood divided by (its tokens) ** length_power
    """
    ids = token_ids(llm, prompts)
    leaves = np.full((len(prompts), k), -1, np.int64)
    scores = np.full((len(prompts), k), np.nan, np.float32)

    def search(thread_llm: LLM, rows: np.ndarray) -> None:
        open_nodes = trie.open_nodes(histories.take(rows))  # per batch, since a catalogue has many nodes
        batch_ids = [ids[row] for row in rows]
        beams = _search_batch(thread_llm, batch_ids, trie, open_nodes, k, width, length_power)
        leaves[rows] = beams.leaves
        scores[rows] = beams.scores

    in_threads(llm, prompt_batches(ids, batch_size), search, "beam search")
    return Beams(leaves, scores)


@torch.inference_mode()
def _search_batch(
    llm: LLM, ids: list[list[int]], trie: Trie, open_nodes: np.ndarray, k: int, width: int, length_power: float
) -> Beams:
    """One batch; a user is done once no title in the making can come before the k-th finished one."""
    prefixes = PrefixCache(llm, ids)
    device = prefixes.last_state.device
    n = len(ids)
    longest = int(trie.depth.max())
    finished = _Finished(n, k)
    # The beams, all users in one row: whose each is, where in the trie, and its log-likelihood so far.
    user = np.arange(n)
    node = np.zeros(n, np.int64)
    score = np.zeros(n)
    states = prefixes.last_state  # (beams, d)
    slots = np.zeros((n, 0), np.int64)  # (beams, depth): where the cache holds a beam's tokens
    for depth in range(longest):
        child, beam = trie.children(node)
        is_open = open_nodes[user[beam], child]
        child, beam = child[is_open], beam[is_open]
        rows = torch.from_numpy(beam).to(device)
        tokens = torch.from_numpy(trie.token[child]).to(device)
        total = score[beam] + prefixes.log_probabilities(states, rows, tokens).double().cpu().numpy()
        ends = trie.is_leaf(child)
        finished.add(user[beam[ends]], child[ends], total[ends] / (depth + 1) ** length_power)
        # all that may follow lowers the sum, and no title is longer than the longest
        alive = ~ends & (total / longest**length_power > finished.bar[user[beam]])
        best = _best_per_user(user[beam[alive]], total[alive], child[alive], width)
        node, beam, score = child[alive][best], beam[alive][best], total[alive][best]
        if not len(node):
            break
        user = user[beam]
        column = _count_within(user)  # a beam's place among those of its user
        slots = np.column_stack([slots[beam], prefixes.branch_tokens + column])
        states = _read_beams(prefixes, user, column, trie.token[node], slots)
    return Beams(finished.leaves, np.where(finished.leaves < 0, np.nan, finished.scores).astype(np.float32))


def _read_beams(
    prefixes: PrefixCache, user: np.ndarray, column: np.ndarray, token: np.ndarray, slots: np.ndarray
) -> torch.Tensor:
    """(beams, d): the states after the beams' newest tokens.

    user, column: int64 (beams,) where each beam stands in a grid of users and places
    token: int64 (beams,) the newest tokens
    slots: int64 (beams, depth) where the cache holds each beam's tokens, the newest included
    """
    device = prefixes.last_state.device
    sees = _visible(len(prefixes.prompt_mask), user, column, slots, prefixes.branch_tokens)
    tokens = np.zeros(sees.shape[:2], np.int64)
    tokens[user, column] = token
    depth = torch.full(tokens.shape, slots.shape[1] - 1, device=device)
    states = prefixes.read(torch.from_numpy(tokens).to(device), depth, torch.from_numpy(sees).to(device))  # (n, W, d)
    return states[torch.from_numpy(user).to(device), torch.from_numpy(column).to(device)]


class _Finished:
    """The k best finished titles of each user."""

    def __init__(self, n: int, k: int):
        self.leaves = np.full((n, k), -1, np.int64)
        self.scores = np.full((n, k), -np.inf)

    @property
    def bar(self) -> np.ndarray:
        """float64 (n,): what a title must beat to enter."""
        return self.scores[:, -1]

    def add(self, user: np.ndarray, leaf: np.ndarray, score: np.ndarray) -> None:
        """Put new titles in; all three (m,)."""
        n, k = self.leaves.shape
        users = np.concatenate([np.repeat(np.arange(n), k), user])
        leaves = np.concatenate([self.leaves.ravel(), leaf])
        scores = np.concatenate([self.scores.ravel(), score])
        best = _best_per_user(users, scores, leaves, k)
        self.leaves = leaves[best].reshape(n, k)
        self.scores = scores[best].reshape(n, k)


def _best_per_user(user: np.ndarray, score: np.ndarray, node: np.ndarray, n: int) -> np.ndarray:
    """Places of the n best of each user, by user, then best first; the lower node where scores are equal."""
    order = np.lexsort((node, -score, user))
    return order[_count_within(user[order]) < n]


def _count_within(group: np.ndarray) -> np.ndarray:
    """For sorted groups (m,): 0, 1, 2 … within each."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(first, np.diff(np.append(first, len(group))))


def _visible(n: int, user: np.ndarray, column: np.ndarray, slots: np.ndarray, before: int) -> np.ndarray:
    """bool (n, W, before + W): which branch tokens each beam's newest token sees; an unused place sees only itself.

    user, column: int64 (beams,)
    slots: int64 (beams, depth)
    before: branch tokens already read
    """
    width = int(column.max()) + 1
    sees = np.zeros((n, width, before + width), bool)
    sees[:, np.arange(width), before + np.arange(width)] = True
    sees[user[:, None], column[:, None], slots] = True
    return sees
