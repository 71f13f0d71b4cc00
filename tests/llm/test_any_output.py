"""Whatever a language model writes: parsed without exception, in linear time, never more than the catalogue holds."""

import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualrec.data.catalogue import LONGEST, build_catalogue
from dualrec.data.title_matching import TitleMatcher
from dualrec.data.titles import normalise
from dualrec.llm.grounding import Grounder, ground, written_titles
from dualrec.llm.remote import as_list
from dualrec.llm.written_lists import Written, parse_list
from dualrec.types import Sequences

NAMES = [
    "Toy Story (1995)",
    "Heat (1995)",
    "Postman, The (1994)",
    "Beauty (1991)",
    "Misérables, Les (1995)",
    "unknown",
    "Heat (1995)",
    "Z",
]
HISTORIES = Sequences.from_lists([7, 9], [[1, 2, 3], [8]])
CATALOGUE = build_catalogue(range(1, 9), NAMES, [[]] * 8)
GROUNDER = Grounder(TitleMatcher(CATALOGUE, CATALOGUE.ids))
FLOOD = "\u0301\u0323"  # two accents whose order is not the canonical one
EVIL = [
    "(((((",
    "1.1.1.1.",
    "(1999(1999",
    "1) ",
    "- ",
    "*",
    "“",
    "’",
    "[[[",
    "&",
    "9" * 40,
    "<|im_end|>",
    "¼",
    "ﬁ",
    "ß",
    "İ",
    "﷽",
    "١٩٩٥",
]
EVIL += [
    "\u202e",
    FLOOD * 50,
    "\0",
    "\x1b[2J",
    "\ud800",
    "\r",
    "\u2028",
    "\n",
    "\n\n",
    " ",
    "\t",
    "Toy Story (1995)",
    "Heat",
    ": 1995",
    "(0000)",
    '["',
    '", "',
    '"title": "',
    '"}',
    "{",
    "|",
    "\\",
    "```",
    "## ",
]
anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)  # lone surrogates, too
outputs = st.one_of(anything, st.lists(st.sampled_from(EVIL), max_size=60).map("".join))
HUGE = {
    "brackets on one line": "(" * 10**7,
    "digits on one line": "9" * 10**7,
    "years never closed": "(1999" * 10**6,
    "numbers on one line": "1.1.1.1." * 10**6,
    "accents on one line": FLOOD * 10**6,
    "nested brackets": "(" * 10**6 + ")" * 10**6,
    "spaces on one line": " " * 10**7,
    "empty lines": "\n" * 10**7,
    "numbers alone": "1. \n" * 10**6,
    "a million titles": "a (1999)\n" * 10**6,
    "accents line by line": (FLOOD * 200 + "\n") * 10**4,
    "nul after nul": "\0" * 10**7,
    "quotation marks in JSON": '["' + '"' * 10**7,
    "escapes in JSON": '["' + "\\" * 10**7,
    "a million titles in JSON": '["' + 'a (1999)", "' * 10**6,
    "a million rows": "| a | 1999 |\n" * 10**6,
    "a million bars": "|" * 10**7,
}


@given(outputs, st.integers(0, 12))
def test_any_output_is_parsed(text, n):
    found = parse_list(text, n)
    assert len(found) <= min(n, text.count("\n") + 1 + text.count('"'))  # in JSON, a line may hold many
    assert all(written.title == written.title.strip() for written in found)
    assert all(0 < len(written.title) <= LONGEST and 0 <= written.year <= 9999 for written in found)


@given(outputs)
def test_any_title_has_a_name_without_marks_and_needless_spaces(text):
    name = normalise(text)
    assert name == " ".join(name.split()) and not set(name) & set("()[].,&'\"*“’")
    assert name == normalise(text[:LONGEST])


@given(outputs, st.integers(-9999, 9999))
@example("Heat", 10**30)
@example(NAMES[0], 0)
def test_any_written_title_is_a_movie_or_none(title, year):
    assert 0 <= GROUNDER.match(Written(title, year)) <= 8


@given(st.lists(outputs, min_size=2, max_size=2), st.integers(0, 12), st.integers(1, 6))
@example(["Heat (1995)\nHeat\nToy Story\nBeauty (1991)\nGigli (2003)", "Heat (1995)\nHeat\nZ\nToy Story (1996)"], 12, 1)
def test_any_output_becomes_a_list_of_unseen_movies_whose_fates_add_up(texts, n, k):
    lists = ground(texts, HISTORIES, GROUNDER, n, k)
    assert lists.items.shape == (2, k) and lists.raw == texts
    for row in range(2):
        seen = set(HISTORIES.sequence(row).tolist())
        items = lists.items[row].tolist()
        listed = [item for item in items if item != -1]
        assert items == listed + [-1] * (k - len(listed)), "what is missing is missing at the end"
        assert len(set(listed)) == len(listed) and not set(listed) & seen and set(listed) <= set(range(1, 9))
        fates = [fate for _, _, fate in written_titles(texts[row], seen, GROUNDER, n)]
        counts = {name: int(values[row]) for name, values in lists.counts.items()}
        assert counts.pop("written") == len(fates) <= n
        assert counts == {name: fates.count(name) for name in counts}
        assert len(listed) == min(len(fates) - sum(counts.values()), k)


@given(outputs)
@example("Here you are:\n\n**1.** Heat")
def test_any_answer_of_a_server_is_read_as_a_list(text):
    assert text.endswith(as_list(text))


def calls(function: Callable, *arguments) -> int:
    """Python and C calls that a function makes: a measure of work that no busy machine changes."""
    count = 0

    def note(*_) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.slow
@pytest.mark.parametrize("kind", HUGE)
def test_ten_megabytes_come_to_an_end_and_work_grows_no_faster_than_the_text(kind):
    text = HUGE[kind]
    assert calls(parse_list, text[:20_000], 10**6) <= 2.1 * calls(parse_list, text[:10_000], 10**6) + 20
    lists = ground([text, as_list(text)], HISTORIES, GROUNDER, n=10, k=5)
    assert (lists.counts["written"] <= 10).all() and (lists.items == -1).all()


def test_accents_in_no_order_come_to_an_end():
    """Python sorts accents by insertion: without a limit, this million would take an hour."""
    assert CATALOGUE.ids[GROUNDER.match(Written("Heat" + FLOOD * 10**6, 1995))] == 7
