"""What the study says of every registered data set."""

import pytest

from dualrec.core import paths
from dualrec.data.registry import SOURCES
from dualrec.data.sources import LAYOUTS


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_is_complete(name):
    source = SOURCES[name]
    said = (source.title, source.publisher, source.event, source.order, source.repeats, source.licence, source.citation)
    assert all(said) and not any(text.endswith(".") for text in said)
    bibliography = (paths.PACKAGE / "publishing/site/text/references.bib").read_text(encoding="utf-8")
    assert f"{{{source.reference},\n" in bibliography
    assert {files[0] for files in LAYOUTS} >= {source.events[0]}
    assert source.events_sha256 == "" or len(bytes.fromhex(source.events_sha256)) == 32


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_downloaded_and_checked_or_says_how_to_get_it(name):
    source = SOURCES[name]
    assert (source.archive is None) == bool(source.by_hand)
    if source.archive:
        assert source.archive.url.startswith("https://") and len(bytes.fromhex(source.archive.sha256)) == 32
        assert source.archive.members in LAYOUTS and source.archive.members[0] == source.events[0]
    else:
        assert "https://" in source.by_hand
