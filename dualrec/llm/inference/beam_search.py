"""Constrained beam search: the K titles of a catalogue that a language model finds most likely, and nothing else.

Beams walk down the title trie, so every output is a title of the catalogue and none comes twice (De Cao et al. 2021, Autoregressive
Entity Retrieval, ICLR). A user's seen movies are closed off before the walk begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dualrec.llm.inference.prefix_cache import PrefixCache, prompt_batches, token_ids
from dualrec.llm.inference.title_trie import Trie
from dualrec.llm.local import LLM
from dualrec.llm.speed.threads import in_threads
from dualrec.types import Sequences


@dataclass(frozen=True)
class Beams:
    """leaves: int64 (n, K) trie leaves, best first, -1 where no title is left; scores: float32 (n, K), nan there."""

    leaves: np.ndarray
    scores: np.ndarray


def beam_search(
    llm: LLM, prompts: list[str], trie: Trie, histories: Sequences, k: int, width: int, batch_size: int, length_power: float = 0.0
) -> Beams:
    """The k most likely titles after each prompt.

    histories: what each user has watched and is not given again
    width: titles in the making that are kept per user and step; with the whole catalogue's width the search is exact
    batch_size: prompts per batch; batches are formed by length, so that little is padded
    length_power: a title's score is its log-likelihood divided by (its tokens) ** length_power; 0 = the likelihood itself
    """
    ids = token_ids(llm, prompts)
    leaves, scores = np.full((len(prompts), k), -1, np.int64), np.full((len(prompts), k), np.nan, np.float32)

    def search(own: LLM, rows: np.ndarray) -> None:
        open_nodes = trie.open_nodes(histories.take(rows))  # bool (B, nodes): made per batch, since a catalogue has many nodes
        found = _search_batch(own, [ids[row] for row in rows], trie, open_nodes, k, width, length_power)
        leaves[rows], scores[rows] = found.leaves, found.scores

    in_threads(llm, prompt_batches(ids, batch_size), search, "beam search")
    return Beams(leaves, scores)


@torch.inference_mode()
def _search_batch(llm: LLM, ids: list[list[int]], trie: Trie, open_nodes: np.ndarray, k: int, width: int, length_power: float) -> Beams:
    """One batch; a user is done once no title in the making can come before the k-th finished one."""
    reader = PrefixCache(llm, ids)
    device = reader.last.device
    n, longest = len(ids), int(trie.depth.max())
    done = _Finished(n, k)
    user, node, score = np.arange(n), np.zeros(n, np.int64), np.zeros(n)  # the beams, all users in one row
    states = reader.last  # (beams, d)
    slots = np.zeros((n, 0), np.int64)  # (beams, depth): where the cache holds a beam's tokens
    for depth in range(longest):
        child, beam = trie.children(node)
        kept = open_nodes[user[beam], child]
        child, beam = child[kept], beam[kept]
        rows, tokens = torch.from_numpy(beam).to(device), torch.from_numpy(trie.token[child]).to(device)
        total = score[beam] + reader.log_probabilities(states, rows, tokens).double().cpu().numpy()
        ends = trie.is_leaf(child)
        done.add(user[beam[ends]], child[ends], total[ends] / (depth + 1) ** length_power)
        # all that may follow lowers the sum, and no title is longer than the longest
        alive = ~ends & (total / longest**length_power > done.bar[user[beam]])
        chosen = _best_per_user(user[beam[alive]], total[alive], child[alive], width)
        child, beam, score = child[alive][chosen], beam[alive][chosen], total[alive][chosen]
        if not len(child):
            break
        user, node = user[beam], child
        place = _count_within(user)  # a beam's column among those of its user
        slots = np.column_stack([slots[beam], reader.branched + place])
        grid = _grid(user, place, n, slots, reader.branched + int(place.max()) + 1)
        tokens = np.zeros(grid.shape[:2], np.int64)
        tokens[user, place] = trie.token[child]
        here = torch.full(tokens.shape, depth, device=device)
        read = reader.read(torch.from_numpy(tokens).to(device), here, torch.from_numpy(grid).to(device))  # (n, W, d)
        states = read[torch.from_numpy(user).to(device), torch.from_numpy(place).to(device)]
    return Beams(done.leaves, np.where(done.leaves < 0, np.nan, done.scores).astype(np.float32))


class _Finished:
    """The k best finished titles of each user."""

    def __init__(self, n: int, k: int):
        self.leaves, self.scores = np.full((n, k), -1, np.int64), np.full((n, k), -np.inf)

    @property
    def bar(self) -> np.ndarray:
        """float64 (n,): what a title must beat to enter."""
        return self.scores[:, -1]

    def add(self, user: np.ndarray, leaf: np.ndarray, score: np.ndarray) -> None:
        """Put new titles in; all three (m,)."""
        k = self.leaves.shape[1]
        users = np.concatenate([np.repeat(np.arange(len(self.leaves)), k), user])
        leaves, scores = np.concatenate([self.leaves.ravel(), leaf]), np.concatenate([self.scores.ravel(), score])
        best = _best_per_user(users, scores, leaves, k)
        self.leaves, self.scores = leaves[best].reshape(-1, k), scores[best].reshape(-1, k)


def _best_per_user(user: np.ndarray, score: np.ndarray, node: np.ndarray, n: int) -> np.ndarray:
    """Places of the n best of each user, by user, then best first; the lower node where scores are equal."""
    order = np.lexsort((node, -score, user))
    return order[_count_within(user[order]) < n]


def _count_within(group: np.ndarray) -> np.ndarray:
    """For sorted groups (m,): 0, 1, 2 … within each."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(first, np.diff(np.append(first, len(group))))


def _grid(user: np.ndarray, place: np.ndarray, n: int, slots: np.ndarray, size: int) -> np.ndarray:
    """bool (n, W, size): what each beam's new token sees of the branch tokens; an unused place sees only itself."""
    width = int(place.max()) + 1
    grid = np.zeros((n, width, size), bool)
    grid[:, np.arange(width), size - width + np.arange(width)] = True
    grid[user[:, None], place[:, None], slots] = True
    return grid
