"""Written lists become lists of unseen movies, and every written title has one fate."""

from dataclasses import replace

import numpy as np
import pytest

from dualrec.data.title_matching import TitleMatcher
from dualrec.llm.grounding import Grounder, ground
from dualrec.llm.written_lists import Written


@pytest.fixture
def grounder(toy_catalogue):
    popularity = np.array([0, 9, 1, 3, 4, 2, 1, 5, 8])  # item 7 is the more popular "Heat (1995)"
    return Grounder(TitleMatcher(toy_catalogue, popularity))


@pytest.mark.parametrize(
    ("title", "year", "item"),
    [
        ("toy story", 1995, 1),  # exact
        ("Toy Story", 0, 1),  # no year written
        ("Toy Story", 1996, 1),  # the year may differ by one
        ("Toy Story", 2003, 0),  # another film's year
        ("Toy Storey", 1995, 1),  # a misspelling
        ("Toy Story 2", 1995, 0),  # another film's number
        ("Heat", 1995, 7),  # two items of one title: the popular one
        ("The Postman", 1994, 3),  # without the alternative title
        ("Il Postino", 1994, 3),  # the alternative title
        ("Beauty and the Beast", 1991, 4),
        ("The Big Leopard", 1997, 0),  # invented
        ("", 1995, 0),
    ],
)
def test_match(grounder, title, year, item):
    assert grounder.match(Written(title, year)) == grounder.match(Written(title, year)) == item


def test_of_films_that_share_a_title_the_most_popular_is_meant(toy_catalogue):
    toy_catalogue.titles[8], toy_catalogue.years[8] = "Heat (1977)", 1977
    heat = Grounder(TitleMatcher(toy_catalogue, np.array([0, 9, 1, 3, 4, 2, 1, 5, 8])))
    assert [heat.match(Written("Heat", year)) for year in (0, 1977, 1995)] == [8, 8, 7]


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


def test_titles_as_movielens_writes_them_are_grounded(toy_catalogue, toy_history):
    grounder = Grounder(TitleMatcher(toy_catalogue, np.zeros(9)))
    texts = [
        "**1.** Misérables, Les (1995)\n**2.** Postman, The (Postino, Il) (1994)",
        '["Star Wars [1977]", "Toy Story"]',
    ]
    assert ground(texts, toy_history, grounder, n=5, k=2).items.tolist() == [[5, -1], [1, -1]], "3 and 8 are seen"


def test_where_repeats_are_allowed_nothing_counts_as_seen(grounder, toy_history):
    text = "Toy Story (1995)\nStar Wars (1977)\nToy Story (1995)\n"
    lists = ground([text, ""], replace(toy_history, repeats=True), grounder, n=5, k=4)
    assert lists.items.tolist() == [[1, 8, -1, -1], [-1, -1, -1, -1]]
    assert lists.counts["seen"].tolist() == [0, 0] and lists.counts["duplicate"].tolist() == [1, 0]
