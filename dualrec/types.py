"""The few types that pass between the stages of the study: plain dataclasses over numpy arrays.

Item indices run from 1 to N; 0 is padding. This module imports nothing of the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Sequences:
    """One ordered item sequence per user, stored flat (CSR style).

    users:   int64 (n,)          numbers of users, see `data.dataset.Dataset.user_ids`
    offsets: int64 (n + 1,)      sequence i is items[offsets[i]:offsets[i + 1]]
    items:   int64 (n_events,)   item indices, oldest first within a user
    repeats: bool                whether an item of a sequence may be recommended to its user again
    """

    users: np.ndarray
    offsets: np.ndarray
    items: np.ndarray
    repeats: bool = False

    @classmethod
    def from_lists(cls, users, sequences, repeats: bool = False) -> Sequences:
        """Build from one sequence of item indices per user.

        users: (n,) numbers of users
        sequences: n of them, oldest item first
        repeats: whether their items may be recommended again
        """
        arrays = [np.asarray(sequence, np.int64) for sequence in sequences]
        offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int64)
        items = np.concatenate([np.empty(0, np.int64), *arrays])
        return cls(np.asarray(users, np.int64), offsets, items, repeats)

    def __len__(self) -> int:
        return len(self.users)

    @property
    def lengths(self) -> np.ndarray:
        """int64 (n,): events per user."""
        return np.diff(self.offsets)

    @property
    def excluded(self) -> Sequences:
        """What may not be recommended to each user: the items of its sequence, or nothing where repeats are allowed."""
        return self.first(np.arange(len(self)), np.zeros(len(self), np.int64)) if self.repeats else self

    def sequence(self, i: int) -> np.ndarray:
        """Item indices of user row i, oldest first."""
        return self.items[self.offsets[i] : self.offsets[i + 1]]

    def recent(self, k: int) -> np.ndarray:
        """int64 (n, k): the last k items of every user, right-aligned, padded with 0 on the left."""
        position = self.offsets[1:, None] - k + np.arange(k)  # (n, k)
        inside = position >= self.offsets[:-1, None]
        return np.where(inside, self.items[np.where(inside, position, 0)] if len(self.items) else 0, 0)

    def take(self, rows) -> Sequences:
        """The sequences of the given rows (numbers or a mask), in the given order."""
        rows = np.arange(len(self))[rows]
        return self.first(rows, self.lengths[rows])

    def drop_last(self, k: int) -> Sequences:
        """Every sequence without its last k events; users left with nothing are dropped."""
        rows = np.flatnonzero(self.lengths > k)
        return self.first(rows, self.lengths[rows] - k)

    def shuffled(self, seed: int) -> Sequences:
        """The same events of every user in a random order."""
        rows = np.repeat(np.arange(len(self)), self.lengths)
        keys = np.random.default_rng(seed).random(len(rows))
        return replace(self, items=self.items[np.lexsort((keys, rows))])

    def first(self, rows: np.ndarray, lengths: np.ndarray) -> Sequences:
        """The first events of some sequences.

        rows: int64 (m,)
        lengths: int64 (m,), how many events of each
        """
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        items = self.items[np.repeat(self.offsets[rows], lengths) + within]
        return Sequences(self.users[rows], offsets, items, self.repeats)


@dataclass(frozen=True)
class Cases:
    """What is evaluated: a history and one target per user.

    history: Sequences (n users)
    targets: int64 (n,) item indices. Validation targets choose epochs, settings and weights. Test targets reach no
        model, no prompt and no ranker: `evaluation` alone compares the finished lists with them.
    """

    history: Sequences
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def users(self) -> np.ndarray:
        """int64 (n,): numbers of users."""
        return self.history.users

    def take(self, rows) -> Cases:
        """The cases of the given rows, in the given order."""
        return Cases(self.history.take(rows), self.targets[rows])

    def sample(self, n: int, seed: int) -> Cases:
        """A seeded random subset of n cases, in their order; all of them where n is 0 or too large."""
        if n <= 0 or n >= len(self):
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), n, replace=False)))


@dataclass(frozen=True)
class Hints:
    """The sequence model's top-n items per case, best first.

    items:         int64 (n_cases, n)
    probabilities: float32 (n_cases, n), softmax over unseen items
    """

    items: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows) -> Hints:
        """The hints of the given rows, in the given order."""
        return Hints(self.items[rows], self.probabilities[rows])


@dataclass(frozen=True)
class RankedLists:
    """What every system hands over: one ranked list of items per case.

    items:   int64 (n_cases, K), best first, -1 where nothing valid was produced
    scores:  float32 (n_cases, K) or None
    raw:     the text that a language model wrote per case, or empty
    counts:  named per-case integer counts (for example written, invalid, duplicate, seen)
    seconds: what making the lists took, however many runs ago
    """

    items: np.ndarray
    scores: np.ndarray | None = None
    raw: list[str] = field(default_factory=list)
    counts: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: float = 0.0

    def __len__(self) -> int:
        return len(self.items)

    def widened(self, k: int) -> RankedLists:
        """The same lists with at least k places; the new ones hold nothing, as in a catalogue of fewer than k items."""
        missing = ((0, 0), (0, max(k - self.items.shape[1], 0)))
        scores = None if self.scores is None else np.pad(self.scores, missing, constant_values=np.nan)
        return replace(self, items=np.pad(self.items, missing, constant_values=-1), scores=scores)
