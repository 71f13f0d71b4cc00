"""Readable titles, years, genres and identity of items."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.core.errors import StudyError
from dualrec.data.catalogue import build_catalogue, readable_title, year_of


@pytest.mark.parametrize(
    ("written", "readable", "year"),
    [
        ("Toy Story (1995)", "Toy Story (1995)", 1995),
        ("Postman, The (1994)", "The Postman (1994)", 1994),
        ("Postino, Il (1994)", "Il Postino (1994)", 1994),
        ("Misérables, Les (1995)", "Les Misérables (1995)", 1995),
        ("Single Girl, A (La Fille Seule) (1995)", "A Single Girl (La Fille Seule) (1995)", 1995),
        ("American in Paris, An (1951)", "An American in Paris (1951)", 1951),
        ("Star Maker, The (Uomo delle stelle, L') (1995)", "The Star Maker (L'Uomo delle stelle) (1995)", 1995),
        ("Blue Angel, The (Blaue Engel, Der) (1930)", "The Blue Angel (Der Blaue Engel) (1930)", 1930),
        ("Promise, The (Versprechen, Das) (1994)", "The Promise (Das Versprechen) (1994)", 1994),
        ("Convent, The (Convento, O) (1995)", "The Convent (O Convento) (1995)", 1995),
        ("Cronos, Los (a.k.a. Time, The) (Dos) (1993)", "Los Cronos (a.k.a. The Time) (Dos) (1993)", 1993),
        ("Good, The Bad and The Ugly, The (1966)", "The Good, The Bad and The Ugly (1966)", 1966),
        ("Paris, Texas (1984)", "Paris, Texas (1984)", 1984),
        ("Girl, Interrupted (1999)", "Girl, Interrupted (1999)", 1999),
        ("301, 302 (1995)", "301, 302 (1995)", 1995),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey (1968)", 1968),
        ("Associate, The (L'Associe)(1982)", "The Associate (L'Associe) (1982)", 1982),
        (
            "Ciao, Professore! (Io speriamo che me la cavo ) (1993)",
            "Ciao, Professore! (Io speriamo che me la cavo) (1993)",
            1993,
        ),
        ("Land Before Time III (1995) (V)", "Land Before Time III (1995)", 1995),
        ("Death Note (2006–2007)", "Death Note (2006)", 2006),
        ("Short Run (1995-97)", "Short Run (1995)", 1995),
        ("Series, The (2006- )", "The Series (2006)", 2006),
        ("Series, The (200)", "The Series (200)", 0),
        ("  Heat \t (1995)\x00 ", "Heat (1995)", 1995),
        ("Terminal, The", "The Terminal", 0),
        ("unknown", "unknown", 0),
    ],
)
def test_titles_read_as_people_write_them(written, readable, year):
    assert readable_title(written) == readable
    assert year_of(readable) == year


@given(st.text())
def test_any_title_is_tidied_without_losing_a_letter(text):
    tidy = readable_title(text)
    assert tidy.isprintable() and tidy == " ".join(tidy.split())
    if not year_of(tidy):  # `(V)` behind a year and the end of `(2006-2007)` are the only things that go
        assert sorted(tidy.replace(" ", "")) == sorted(c for c in text if c.isprintable() and not c.isspace())


ARTICLES = st.sampled_from(["The", "A", "An", "La", "Le", "Les", "L'", "Il", "Das", "Der", "Die", "El", "Los"])


@given(st.from_regex(r"[A-Z][a-z]{1,8}( [A-Z][a-z]{1,8}){0,2}", fullmatch=True), ARTICLES, st.integers(1900, 2030))
def test_the_article_moves_to_the_front_and_stays_there(name, article, year):
    front = f"{article}{'' if article.endswith(chr(39)) else ' '}{name} ({year})"
    assert readable_title(f"{name}, {article} ({year})") == front
    assert readable_title(front) == front


def test_columns_become_rows_with_padding_in_front():
    catalogue = build_catalogue(
        [30, 10, 20], ["Heat (1995)", "Heat, The", ""], [["War", "Drama"], [], ["War"]], [1995, 2013, 0]
    )
    assert len(catalogue) == 3
    assert catalogue.ids.tolist() == [0, 30, 10, 20] and catalogue.ids.dtype == np.int64
    assert catalogue.titles == ["", "Heat (1995)", "The Heat (2013)", "Item 20"]
    assert catalogue.years.tolist() == [0, 1995, 2013, 0] and catalogue.years.dtype == np.int64
    assert catalogue.genre_names == ("Drama", "War")
    assert catalogue.genres.tolist() == [[0, 0], [1, 1], [0, 0], [0, 1]] and catalogue.genres.dtype == np.float32


def test_the_year_in_the_title_is_believed_before_the_column():
    assert build_catalogue([1], ["Heat (1995)"], [[]], [1986]).years.tolist() == [0, 1995]


def test_ids_find_their_index_and_unknown_ones_zero():
    catalogue = build_catalogue([30, 0, -2], ["a", "b", "c"], [[], [], []])
    found = catalogue.index_of([-2, 30, 7, 0, 30])
    assert found.tolist() == [3, 1, 0, 2, 1] and found.dtype == np.int64


def test_items_of_one_title_point_to_the_first():
    catalogue = build_catalogue([5, 6, 7, 8], ["Heat (1995)", "Big, The", "Heat (1995)", "The Big"], [[]] * 4)
    assert catalogue.same_title.tolist() == [0, 1, 2, 1, 2]


def test_an_id_listed_twice_is_refused():
    with pytest.raises(StudyError, match="lists the id 6 2 times"):
        build_catalogue([5, 6, 6], ["a", "b", "c"], [[]] * 3)
