"""Drafts: what is likely to be written next, so that several tokens are read at once and kept as far as they are right.

A draft is what followed the same last tokens before, in the text itself, in its prompt or in titles of the catalogue
(prompt lookup, a kind of speculative decoding; Leviathan et al. 2023, Fast Inference from Transformers via Speculative
Decoding, ICML). It changes how many steps writing takes, not what is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ORDERS = (4, 3, 2)  # last tokens that are looked up, the longest first
LENGTH = 4  # tokens of a draft


class Followers:
    """Per last few tokens, where they ended first in some texts, so that what followed them can be read there.

    texts: tokens of each; of texts that go on in different ways the first counts
    """

    def __init__(self, texts: Iterable[list[int]] = ()):
        self._texts: list[list[int]] = []
        self._first: dict[tuple[int, ...], tuple[int, int]] = {}
        for tokens in texts:
            self._texts.append(tokens)
            self._note(len(self._texts) - 1, 0)

    def extend(self, tokens: Sequence[int]) -> None:
        """Let the last text go on with these tokens."""
        if not self._texts:
            self._texts.append([])
        begin = len(self._texts[-1])
        self._texts[-1].extend(tokens)
        self._note(len(self._texts) - 1, begin)

    def after(self, last: tuple[int, ...]) -> list[int]:
        """Up to LENGTH tokens that followed these; none where they never stood there."""
        if last not in self._first:
            return []
        text, end = self._first[last]
        return self._texts[text][end : end + LENGTH]

    def _note(self, text: int, begin: int) -> None:
        """Note what precedes every token of a text from `begin` on."""
        tokens = self._texts[text]
        for end in range(begin, len(tokens)):
            for order in ORDERS:
                if end >= order:
                    self._first.setdefault(tuple(tokens[end - order : end]), (text, end))


def draft(text: Sequence[int], own: Followers, shared: Followers) -> list[int]:
    """Up to LENGTH tokens that a text may go on with.

    text: its tokens so far
    own: of the text itself and its prompt
    shared: of texts that all may repeat
    """
    for order in ORDERS:
        last = tuple(text[-order:])
        if len(last) == order and (found := own.after(last) or shared.after(last)):
            return found
    return []
