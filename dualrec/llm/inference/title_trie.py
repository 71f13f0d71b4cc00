"""The title trie: all titles of a catalogue as one tree of tokens, in flat arrays.

Nodes are numbered level by level, so the children of a node are one range of numbers. A title ends with a line break,
so no title is the beginning of another; titles that read alike share a leaf that names all their items.
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

    token: int64 (nodes,) the token that leads to each node
    parent: int64 (nodes,) the node before it
    depth: int64 (nodes,) tokens from the root
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
        longest = int(self.depth.max())
        paths = np.zeros((len(self), longest), np.int64)
        for level in range(1, longest + 1):
            nodes = np.flatnonzero(self.depth == level)
            paths[nodes] = paths[self.parent[nodes]]
            paths[nodes, level - 1] = nodes
        return paths

    def children(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All children of the given nodes, and for each the place of its parent in `nodes`; both int64 (m,)."""
        counts = self.first_child[nodes + 1] - self.first_child[nodes]
        rows = np.repeat(np.arange(len(nodes)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.first_child[nodes][rows] + within, rows

    def is_leaf(self, nodes: np.ndarray) -> np.ndarray:
        """Whether each node ends a title."""
        return self.first_child[nodes] == self.first_child[nodes + 1]

    def open_nodes(self, histories: Sequences) -> np.ndarray:
        """bool (n, nodes): below which nodes each user has a title left, some item of which may be recommended."""
        items = np.arange(1, len(self.leaf_of))
        items_of_leaf = np.bincount(self.leaf_of[items], minlength=len(self))  # (nodes,)
        unseen = np.tile(items_of_leaf, (len(histories), 1))  # (n, nodes)
        closed = histories.excluded
        user = np.repeat(np.arange(len(closed)), closed.lengths)
        seen = np.unique(np.stack([user, closed.items]), axis=1)  # an item seen twice is one item less, not two
        np.subtract.at(unseen, (seen[0], self.leaf_of[seen[1]]), 1)
        is_open = unseen > 0
        inner = ~self.is_leaf(np.arange(len(self)))
        for level in range(int(self.depth.max()) - 1, -1, -1):
            nodes = np.flatnonzero((self.depth == level) & inner)
            first = self.first_child[nodes]
            below = is_open[:, first[0] : self.first_child[nodes[-1] + 1]]  # children of one level are one range
            is_open[:, nodes] = np.logical_or.reduceat(below, first - first[0], axis=1)
        return is_open

    def unseen_items(self, leaves: np.ndarray, histories: Sequences, popularity: np.ndarray) -> np.ndarray:
        """int64 (n, K): the most popular item of each leaf that may be recommended to the user; -1 where there is none.

        leaves: int64 (n, K), -1 for no title
        histories: of the n users
        popularity: (N + 1,)
        """
        by_popularity = np.lexsort((np.arange(len(self.leaf_of)), -popularity))
        items_of: dict[int, list[int]] = {}
        for item in by_popularity[by_popularity > 0].tolist():
            items_of.setdefault(int(self.leaf_of[item]), []).append(item)
        items = np.full(leaves.shape, -1, np.int64)
        closed = histories.excluded
        for row, column in zip(*np.nonzero(leaves > 0), strict=True):
            seen = closed.sequence(row)
            candidates = items_of[int(leaves[row, column])]
            items[row, column] = next((item for item in candidates if item not in seen), -1)
        return items


def build_trie(tokenizer, titles: list[str]) -> Trie:
    """The trie over a catalogue; adding an item is building it again, which takes milliseconds per thousand titles.

    titles: readable titles of items 1..N, with anything at place 0
    Raises StudyError where there is no title, or one of no tokens.
    """
    if len(titles) < 2:
        raise StudyError("a catalogue without titles gives no trie; give it at least one item")
    lines = harmless(tokenizer, [answer([title]) for title in titles[1:]])
    return trie_of(tokenizer(lines, add_special_tokens=False).input_ids)


def trie_of(lines: list[list[int]]) -> Trie:
    """The trie over token lists, the i-th of which (from 0) is item i + 1; none may be empty or begin another."""
    lengths = np.array([len(line) for line in lines])
    longest = int(lengths.max())
    table = np.zeros((len(lines), longest), np.int64)
    table[np.arange(longest) < lengths[:, None]] = np.concatenate([np.asarray(line, np.int64) for line in lines])
    base = int(table.max()) + 1  # a node and a token make one number: node * base + token
    node = np.zeros(len(lines), np.int64)  # each item's node so far
    size = 1
    token, parent, depth = ([np.zeros(1, np.int64)] for _ in range(3))  # level by level, the root first
    for level in range(longest):
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
        raise StudyError(
            "a title of the catalogue is empty or the beginning of another in tokens; titles must end with a line break"
        )
    return Trie(np.concatenate(token), parents, np.concatenate(depth), first_child, np.concatenate([[0], node]))
