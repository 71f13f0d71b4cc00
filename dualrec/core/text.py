"""Text from elsewhere: read whatever its byte-order mark says, and shown so that it commands no terminal."""

from __future__ import annotations

import codecs
from pathlib import Path

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, or in the encoding of its byte-order mark: PowerShell's `>` writes UTF-16.

    Raises OSError where it cannot be read, and UnicodeDecodeError (a ValueError) where it is no such text.
    """
    with open(path, "rb") as file:
        head = file.read(4)
    return Path(path).read_text(encoding=encoding_of(head))


def encoding_of(content: bytes) -> str:
    """The encoding that the first bytes of a text name; UTF-8 where they name none."""
    return next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")


def printable(text: str) -> str:
    r"""The text with every character that is not printed escaped: `\x1b` moves no cursor, half a letter is UTF-8."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
