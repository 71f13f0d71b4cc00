"""What is shown is text: whatever a title or a prompt says, a page has the elements it would have without it."""

import dataclasses
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualrec.config import MOVIES
from dualrec.demo import markup
from dualrec.demo.recommender import Answer
from dualrec.types import Hints, RankedLists


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str):
        super().__init__()
        self.elements, self.ends, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, attrs))

    def handle_endtag(self, tag):
        self.ends.append(tag)

    def handle_data(self, data):
        self.text += data


def answer_page(titles: list[str], prompt: str) -> str:
    """Five titles, whatever they say, as an answer and as a list that was written."""
    study = SimpleNamespace(catalogue=SimpleNamespace(titles=["", *titles]), words=MOVIES)
    demo = SimpleNamespace(study=study, best_name=titles[0])
    scores = np.array([[0.5, -0.25, 0.125]], np.float32)
    lists = [RankedLists(np.array([order]), scores) for order in ([3, 4, 5], [5, 3, 4], [4, 5, -1])]
    seconds = {"LSTM": 0.5, "Prompt": 0.0001}
    answer = Answer([1, 2], lists[1], Hints(np.array([[3, 4, 5]]), scores), prompt, *lists, seconds)
    return (
        markup.answer_html(demo, answer)
        + markup.written_html(demo, answer, lists[0], 1.5)
        + markup.message_html(titles[0])
    )


ORDINARY = Page(answer_page(["A", "B", "C", "D", "E"], "p"))
PIECES = ["<script>", "</table>", "<!--", "-->", "<![CDATA[", "&lt;", "&#60;", "&", '"', "'", "{{", "}}"]
PIECES += ["\u202e", "\x00", "a", " "]
names = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=20).map("".join))


@given(st.lists(names, min_size=5, max_size=5), names)
@example(["<script>alert(1)</script>"] * 5, "</pre><script>alert(1)</script>")
@example(["", "", "", "", "z" * 300], "z" * 300)  # the prompt stands in full, though the title is cut
@example(["x" * 10_000, "<b " * 5_000, "\u202e", "", "-->"], "y" * 10_000)
def test_no_text_becomes_an_element(titles, prompt):
    page = Page(answer_page(titles, prompt))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in ORDINARY.elements] and page.ends == ORDINARY.ends
    assert page.elements == ORDINARY.elements, "and none has another attribute"
    cut = [title for title in titles[1:] if len(title) > markup.LONGEST and title not in prompt]
    assert not any(title in page.text for title in cut)


def test_every_hostile_title_is_there_to_be_read(demo, items, hostile):
    answer = demo.answer(items(11, 12, 13))
    evil = items(*range(1, len(hostile) + 1))
    shown = RankedLists(np.array([evil]), np.zeros((1, len(evil)), np.float32))
    page = Page(markup.answer_html(demo, dataclasses.replace(answer, lstm=shown)))
    assert "script" not in {tag for tag, _ in page.elements} and "img" not in {tag for tag, _ in page.elements}
    for item in evil:
        assert markup.short(demo.study.catalogue.titles[item]) in page.text
    assert not any("\u202e" in title for title in demo.study.catalogue.titles), (
        "what turns the writing round is no part of a title"
    )


def test_titles_are_cut_where_they_are_longer_than_a_line():
    assert markup.short("a" * 90) == "a" * 90 and markup.short("a" * 91) == "a" * 89 + "…"


def test_tables_have_headings_and_say_where_movies_were(demo, items):
    answer = demo.answer(items(11, 12, 13))
    html = markup.answer_html(demo, answer)
    page = Page(html)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("table") == 5 and tags.count("h4") == 4 and tags.count("thead") == 5
    assert "By Popularity (as an example)." in page.text
    assert {dict(attrs)["scope"] for tag, attrs in page.elements if tag == "th"} == {"col", "row"}
    assert html.count('class="hinted"') >= 2 and page.text.count("(hint)") == html.count('class="hinted"')
    assert f"{answer.candidates.probabilities[0, 0]:.1%}" in page.text and "Together" in page.text
    first = int(answer.language.items[0, 0])
    assert f'<td class="n">{answer.candidates.items[0].tolist().index(first) + 1}</td></tr>' in html


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "&lt; 0.001"), (0.0009, "&lt; 0.001"), (0.0012, "0.001"), (2.5, "2.500")]
)
def test_seconds(seconds, shown):
    assert f'<td class="n">{shown}</td>' in markup.times_html({"LSTM": seconds})
    assert "Together" not in markup.times_html({"LSTM": 1.0})
