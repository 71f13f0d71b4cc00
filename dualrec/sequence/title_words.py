"""Title words as the paper feeds them to its LSTM: up to ten tokens of the five thousand most frequent words."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

VOCABULARY = 5000
LENGTH = 10
UNKNOWN = 1  # 0 is padding


def title_tokens(titles: list[str]) -> np.ndarray:
    """int64 (N + 1, 10): word ids per title, 0-padded on the right.

    Words are ranked by frequency, then alphabetically.

    titles: of items 0..N
    """
    words = [re.findall(r"\w+", title.casefold())[:LENGTH] for title in titles]
    counts = Counter(word for title_words in words for word in title_words)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[: VOCABULARY - 2]
    ids = {word: i for i, word in enumerate(ranked, start=UNKNOWN + 1)}
    tokens = np.zeros((len(titles), LENGTH), np.int64)
    for row, title_words in enumerate(words):
        tokens[row, : len(title_words)] = [ids.get(word, UNKNOWN) for word in title_words]
    return tokens
