"""Quoted numbers: each has a source that can be opened, and stands on data that the study knows."""

import pytest

from dualrec.data.registry import SOURCES
from dualrec.evaluation.published import ROWS, Published, published_on
from dualrec.systems.names import LOOKS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.data}: {row.model}")
def test_every_row_has_data_protocol_and_source(row):
    assert row.data in SOURCES and row.protocol.startswith("leave-one-out, full ranking") and "](https://" in row.link
    assert 0 < row.ndcg < (row.hr or 0.99) < 1, "NDCG@10 is at most HR@10, since there is one target"
    assert row.beside in ("", *LOOKS)


def test_beauty_says_what_its_order_is():
    assert all("by product id" in row.protocol for row in published_on("amazon-beauty"))


def test_the_best_comes_first_and_unknown_data_have_none():
    values = [row.ndcg for row in published_on("amazon-beauty")]
    assert len(values) == 10 and values == sorted(values, reverse=True)
    assert published_on("ml-100k") == []


def test_links():
    def link(source: str) -> str:
        return Published("ml-1m", "M", "p", source, 0.1).link

    assert link("2408.14238") == "[2408.14238](https://arxiv.org/abs/2408.14238)"
    assert link("a/b") == "[a/b](https://github.com/a/b)"
    assert link("https://x.org/y/z.html") == "[x.org](https://x.org/y/z.html)"
