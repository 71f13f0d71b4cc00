"""Text from elsewhere: read whatever its byte order mark says, and shown so that it commands no terminal."""

from __future__ import annotations

import codecs
from pathlib import Path

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes) -> str:
    """The text of a file: UTF-16 where its byte order mark says so, else UTF-8; the mark is no part of the text.

    Raises UnicodeDecodeError (a ValueError) for what is neither.
    """
    return content.decode("utf-16" if content.startswith(_UTF16) else "utf-8-sig")


def read_text(path: Path) -> str:
    """The text of a file, as `decode` takes it, its lines ended by newlines; PowerShell's `>` writes UTF-16.

    Raises OSError where it cannot be read, and UnicodeDecodeError where it is no text.
    """
    return decode(Path(path).read_bytes()).replace("\r\n", "\n")


def printable(text: str) -> str:
    r"""The text with every character that is not printed escaped: `\x1b` moves no cursor, half a letter is UTF-8."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
