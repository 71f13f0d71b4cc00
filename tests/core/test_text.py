import codecs

import pytest

from dualrec.core.text import decode


@pytest.mark.parametrize("text", ["", "plain", "Å → 千"])
def test_every_byte_order_mark_is_understood_and_dropped(text):
    assert decode(text.encode()) == decode(codecs.BOM_UTF8 + text.encode()) == text
    assert decode(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == text
    assert decode(codecs.BOM_UTF16_BE + text.encode("utf-16-be")) == text


@pytest.mark.parametrize("content", [b"\xe9", codecs.BOM_UTF16_LE + b"x"])
def test_what_is_no_text_is_refused(content):
    with pytest.raises(UnicodeDecodeError):
        decode(content)
