"""Encodings by their byte order mark, and letters that are no letters."""

import codecs

import pytest

from dualrec.core.text import decode, printable, read_text


@pytest.mark.parametrize("text", ["", "plain", "Å → 千"])
def test_every_byte_order_mark_is_understood_and_dropped(text):
    assert decode(text.encode()) == decode(codecs.BOM_UTF8 + text.encode()) == text
    assert decode(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == text
    assert decode(codecs.BOM_UTF16_BE + text.encode("utf-16-be")) == text


@pytest.mark.parametrize("content", [b"\xe9", codecs.BOM_UTF16_LE + b"x"])
def test_what_is_no_text_is_refused(content):
    with pytest.raises(UnicodeDecodeError):
        decode(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_is_read_by_its_mark_and_with_plain_line_ends(tmp_path, encoding):
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""
    (tmp_path / "text").write_bytes((mark + "Café\r\nΔ\n").encode(encoding))
    assert read_text(tmp_path / "text") == "Café\nΔ\n"


def test_only_what_is_not_printed_is_escaped():
    assert printable("Café … Δ \\x1b") == "Café … Δ \\x1b"
    assert printable("\x1b[2J\n\x9b\u202e\udce9\x00") == r"\x1b[2J\n\x9b\u202e\udce9\x00"
    printable("\udce9").encode("utf-8")
