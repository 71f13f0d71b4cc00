import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualrec.llm.grounding import Grounder, Written, ground, normalise, parse_list


@pytest.fixture
def grounder(toy_catalogue):
    popularity = np.array([0, 9, 1, 3, 4, 2, 1, 5, 8])  # item 7 is the more popular "Heat (1995)"
    return Grounder(toy_catalogue, popularity, threshold=90)


def test_parse_list_reads_numbers_bullets_quotes_and_drops_remarks():
    text = (
        ' Toy Story (1995)\n2) "Heat" (1995) - a crime film\n\n- **Star Wars** (1977)\n'
        "* 2001: A Space Odyssey\n5. 12 Monkeys (1995)\n"
    )
    assert parse_list(text, 10) == [
        Written("Toy Story", 1995),
        Written("Heat", 1995),
        Written("Star Wars", 1977),
        Written("2001: A Space Odyssey", 0),
        Written("12 Monkeys", 1995),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Heat: 1995", Written("Heat", 1995)),
        ("Heat, 1995", Written("Heat", 1995)),
        ('"Heat" – 1995', Written("Heat", 1995)),
        ("Heat (1995): 2 hours, 1996", Written("Heat", 1995)),
        ("Blade Runner 2049", Written("Blade Runner 2049", 0)),
        ("Apollo: 13", Written("Apollo: 13", 0)),
        ("Heat: 1995, a crime film", Written("Heat: 1995, a crime film", 0)),
    ],
)
def test_parse_list_reads_years_without_brackets(line, expected):
    assert parse_list(line, 10) == [expected]


def test_parse_list_stops_at_the_asked_number():
    assert [w.title for w in parse_list("A\nB\nC\n", 2)] == ["A", "B"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Beauty & the Beast", "beauty and the beast"),
        ("  Les  Misérables! ", "les miserables"),
        ("七人の侍", "七人の侍"),
        ("?!", ""),
    ],
)
def test_normalise(title, expected):
    assert normalise(title) == expected


@pytest.mark.parametrize(
    ("title", "year", "item"),
    [
        ("toy story", 1995, 1),  # exact
        ("Toy Story", 0, 1),  # no year written
        ("Toy Story", 1996, 1),  # fuzzy: the year may differ by one
        ("Toy Story", 2003, 0),  # another film's year
        ("Toy Storey", 1995, 1),  # a misspelling
        ("Heat", 1995, 7),  # two items of one title: the popular one
        ("The Postman", 1994, 3),  # without the alternative title
        ("Beauty and the Beast", 1991, 4),
        ("The Big Leopard", 1997, 0),  # invented
        ("", 1995, 0),
    ],
)
def test_match(grounder, title, year, item):
    assert grounder.match(Written(title, year)) == item


def test_ground_counts_every_fate(grounder, toy_history):
    text = (
        " Star Wars (1977)\n2. Toy Story (1995)\n3. The Big Leopard (1997)\n"
        "4. Star Wars (1977)\n5. Beauty and the Beast (1991)\n"
    )
    lists = ground([text, ""], toy_history, grounder, n=5, k=4)
    assert lists.items.tolist() == [[8, 4, -1, -1], [-1, -1, -1, -1]]
    assert {name: values.tolist() for name, values in lists.counts.items()} == {
        "written": [5, 0],
        "invalid": [1, 0],
        "duplicate": [1, 0],
        "seen": [1, 0],
    }


def test_where_repeats_are_allowed_nothing_counts_as_seen(grounder, toy_history):
    text = "Toy Story (1995)\nStar Wars (1977)\nToy Story (1995)\n"
    lists = ground([text, ""], replace(toy_history, repeats=True), grounder, n=5, k=4)
    assert lists.items.tolist() == [[1, 8, -1, -1], [-1, -1, -1, -1]]
    assert lists.counts["seen"].tolist() == [0, 0] and lists.counts["duplicate"].tolist() == [1, 0]


@given(st.text(max_size=400))
@example("0\x1f")
@example('\u2003"\x85Heat\u2003"')
def test_any_text_is_parsed(text):
    for written in parse_list(text, 10):
        assert written.title == written.title.strip()
        normalise(written.title)


def test_a_monstrous_line_is_parsed_at_once():
    started = time.perf_counter()
    assert len(parse_list("(" * 200_000 + "\n" + "9" * 200_000, 10)) <= 2
    assert time.perf_counter() - started < 1
