"""Text from files that other programs wrote, with or without a byte order mark."""

from __future__ import annotations

import codecs

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes) -> str:
    """The text of a file: UTF-16 where its byte order mark says so, else UTF-8; the mark is no part of the text.

    Raises UnicodeDecodeError for what is neither.
    """
    return content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")
