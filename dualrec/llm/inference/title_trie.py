"""The title trie: every token path a language model may write, as flat arrays.

Nodes are numbered level by level, so the children of a node are one range of numbers. A title ends with a line break, so no title
is the beginning of another; titles that read alike share a leaf that names all their items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dualrec.core.errors import StudyError
from dualrec.llm.prompts import answer, harmless
from dualrec.types import Sequences


@dataclass(frozen=True)
class Trie:
    """Node 0 is the root; a node without children is a leaf.

    token, parent, depth: int64 (nodes,) the token that leads to a node, the node before it, tokens from the root
    first_child: int64 (nodes + 1,) the children of node i are first_child[i] ... first_child[i + 1] - 1
    leaf_of: int64 (N + 1,) the leaf of each item; 0 for padding
    """

    token: np.ndarray
    parent: np.ndarray
    depth: np.ndarray
    first_child: np.ndarray
    leaf_of: np.ndarray

    def __len__(self) -> int:
        return len(self.token)

    @cached_property
    def paths(self) -> np.ndarray:
        """int64 (nodes, depth): the nodes from below the root down to each node, filled up with 0 behind it."""
        found = np.zeros((len(self), int(self.depth.max())), np.int64)
        for level in range(1, found.shape[1] + 1):
            here = np.flatnonzero(self.depth == level)
            found[here] = found[self.parent[here]]
            found[here, level - 1] = here
        return found

    def children(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All children of the given nodes, and for each the place of its parent in `nodes`; both int64 (m,)."""
        begin, counts = self.first_child[nodes], self.first_child[nodes + 1] - self.first_child[nodes]
        rows = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return begin[rows] + within, rows

    def is_leaf(self, nodes: np.ndarray) -> np.ndarray:
        """Whether each node ends a title."""
        return self.first_child[nodes] == self.first_child[nodes + 1]

    def open_nodes(self, histories: Sequences) -> np.ndarray:
        """bool (n, nodes): below which nodes each user has a title left, some item of which is not in the history."""
        items = np.arange(1, len(self.leaf_of))
        left = np.tile(np.bincount(self.leaf_of[items], minlength=len(self)), (len(histories), 1))  # (n, nodes) unseen items of a leaf
        user = np.repeat(np.arange(len(histories)), histories.lengths)
        seen = np.unique(np.stack([user, histories.items]), axis=1)  # a movie seen twice is one item less, not two
        np.subtract.at(left, (seen[0], self.leaf_of[seen[1]]), 1)
        found = left > 0
        for level in range(int(self.depth.max()) - 1, -1, -1):
            here = np.flatnonzero((self.depth == level) & ~self.is_leaf(np.arange(len(self))))
            below = found[:, self.first_child[here[0]] : self.first_child[here[-1] + 1]]  # children of one level are one range
            found[:, here] = np.logical_or.reduceat(below, self.first_child[here] - self.first_child[here[0]], axis=1)
        return found

    def unseen_items(self, leaves: np.ndarray, histories: Sequences, popularity: np.ndarray) -> np.ndarray:
        """int64 (n, K): for each user's leaves (n, K) the most popular of its items that is not in the history; -1 where there is none.

        popularity: (N + 1,); a leaf of -1 stands for no title
        """
        order = np.lexsort((np.arange(len(self.leaf_of)), -popularity))
        order = order[order > 0]
        by_leaf: dict[int, list[int]] = {}
        for item in order.tolist():
            by_leaf.setdefault(int(self.leaf_of[item]), []).append(item)
        found = np.full(leaves.shape, -1, np.int64)
        for row, column in zip(*np.nonzero(leaves > 0), strict=True):
            seen = histories.sequence(row)
            found[row, column] = next((item for item in by_leaf[int(leaves[row, column])] if item not in seen), -1)
        return found


def build_trie(tokenizer, titles: list[str]) -> Trie:
    """The trie over a catalogue; adding an item is building it again, which takes milliseconds per thousand titles.

    titles: readable titles of items 1..N, with anything at place 0
    Raises StudyError where there is no title, or one of no tokens.
    """
    if len(titles) < 2:
        raise StudyError("a catalogue without titles gives no trie; give it at least one item")
    lines = tokenizer(harmless(tokenizer, [answer([title]) for title in titles[1:]]), add_special_tokens=False).input_ids
    return trie_of(lines)


def trie_of(lines: list[list[int]]) -> Trie:
    """The trie over token lists, the i-th of which (from 0) is item i + 1; none may be empty or the beginning of another."""
    lengths = np.array([len(line) for line in lines])
    table = np.zeros((len(lines), lengths.max()), np.int64)  # (N, L)
    table[np.arange(table.shape[1]) < lengths[:, None]] = np.concatenate([np.asarray(line, np.int64) for line in lines])
    token, parent, depth = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
    node, size = np.zeros(len(lines), np.int64), 1  # each item's node so far
    base = int(table.max()) + 1
    for level in range(table.shape[1]):
        inside = np.flatnonzero(lengths > level)
        edges, place = np.unique(node[inside] * base + table[inside, level], return_inverse=True)
        parent.append(edges // base)
        token.append(edges % base)
        depth.append(np.full(len(edges), level + 1))
        node[inside] = size + place
        size += len(edges)
    parents = np.concatenate(parent)
    children = np.bincount(parents[1:], minlength=size)
    first_child = 1 + np.concatenate([[0], np.cumsum(children)])  # nodes are sorted by parent within and across levels
    if children[node].any() or not lengths.all():
        raise StudyError("a title of the catalogue is empty or the beginning of another in tokens; titles must end with a line break")
    return Trie(np.concatenate(token), parents, np.concatenate(depth), first_child, np.concatenate([[0], node]))
