"""Encodings by their byte-order mark, and letters that are no letters."""

import pytest

from dualrec.core.text import encoding_of, printable, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_text_is_read_by_its_mark(tmp_path, encoding):
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""
    (tmp_path / "text").write_bytes((mark + "Café\r\nΔ\n").encode(encoding))
    assert read_text(tmp_path / "text") == "Café\nΔ\n"


def test_without_a_mark_it_is_utf_8(tmp_path):
    assert encoding_of(b"") == encoding_of(b"{}") == "utf-8"
    (tmp_path / "text").write_bytes("Café".encode("latin-1"))
    with pytest.raises(ValueError, match="utf-8"):
        read_text(tmp_path / "text")


def test_only_what_is_not_printed_is_escaped():
    assert printable("Café … Δ \\x1b") == "Café … Δ \\x1b"
    assert printable("\x1b[2J\n\x9b\u202e\udce9\x00") == r"\x1b[2J\n\x9b\u202e\udce9\x00"
    printable("\udce9").encode("utf-8")
