"""Title words as the paper feeds them to its LSTM: up to ten tokens of the five thousand most frequent words."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

VOCABULARY = 5000
LENGTH = 10
UNKNOWN = 1  # 0 is padding


def title_tokens(titles: list[str]) -> np.ndarray:
    """int64 (N + 1, 10): word ids per title, 0-padded on the right; words are ranked by frequency, then alphabetically."""
    words = [re.findall(r"\w+", title.casefold())[:LENGTH] for title in titles]
    counts = Counter(word for row in words for word in row)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[: VOCABULARY - 2]
    ids = {word: i for i, word in enumerate(ranked, start=UNKNOWN + 1)}
    tokens = np.zeros((len(titles), LENGTH), np.int64)
    for row, listed in enumerate(words):
        tokens[row, : len(listed)] = [ids.get(word, UNKNOWN) for word in listed]
    return tokens
