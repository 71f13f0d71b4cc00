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
    assert len(catalogue) == 3 and catalogue.genre_names == ("Drama", "War")
    assert (
        catalogue.ids[0] == 0
        and catalogue.titles[0] == ""
        and catalogue.years[0] == 0
        and not catalogue.genres[0].any()
    )
    rows = {
        int(i): (title, int(year), genres.tolist())
        for i, title, year, genres in zip(
            catalogue.ids, catalogue.titles, catalogue.years, catalogue.genres, strict=True
        )
    }
    assert rows == {
        0: ("", 0, [0, 0]),
        30: ("Heat (1995)", 1995, [1, 1]),
        10: ("The Heat (2013)", 2013, [0, 0]),
        20: ("Item 20", 0, [0, 1]),
    }
    assert catalogue.ids.dtype == catalogue.years.dtype == np.int64 and catalogue.genres.dtype == np.float32


IDS = st.one_of(
    st.lists(st.integers(-(2**60), 2**60), unique=True, min_size=1),
    st.lists(st.text("abc123", min_size=1), unique=True, min_size=1),
)


@given(IDS, st.randoms(use_true_random=False))
def test_the_order_of_the_file_changes_nothing(ids, random):
    def catalogue_of(ids):
        return build_catalogue(ids, [f"{i} (1999)" for i in ids], [[str(i)] for i in ids])

    one, two = catalogue_of(ids), catalogue_of(random.sample(ids, len(ids)))
    assert one.ids.tolist() == two.ids.tolist() and one.titles == two.titles
    np.testing.assert_array_equal(one.genres, two.genres)
    assert one.index_of(ids).tolist() == two.index_of(ids).tolist()


def test_the_order_of_the_items_favours_no_ids():
    """Ids count up by age, popularity or alphabet in one data set or another; the numbers of the items must not."""
    numbers = build_catalogue(range(1, 2001), ["x"] * 2000, [[]] * 2000)
    places = numbers.index_of(range(1, 2001))
    assert abs(np.corrcoef(places, np.arange(2000))[0, 1]) < 0.05
    assert abs((places[:100] <= 1000).mean() - 0.5) < 0.15


def test_ids_of_text_stay_text():
    catalogue = build_catalogue(["B00", "007", "7"], ["a", "b", ""], [[]] * 3)
    assert catalogue.ids.dtype.kind == "U" and catalogue.ids[0] == "" and set(catalogue.ids[1:]) == {"B00", "007", "7"}
    assert catalogue.titles[catalogue.index_of(["7"])[0]] == "Item 7" and catalogue.index_of(["77"]).tolist() == [0]


def test_ranks_of_ids_rise_with_them():
    for ids in ([30, 0, -2], ["b", "a", "c"]):
        catalogue = build_catalogue(ids, ["x"] * 3, [[]] * 3)
        assert catalogue.id_ranks[catalogue.index_of(sorted(ids))].tolist() == [1, 2, 3] and catalogue.id_ranks[0] == 0


def test_the_year_in_the_title_is_believed_before_the_column():
    assert build_catalogue([1], ["Heat (1995)"], [[]], [1986]).years.tolist() == [0, 1995]


def test_ids_find_their_index_and_unknown_ones_zero():
    catalogue = build_catalogue([30, 0, -2], ["a", "b", "c"], [[], [], []])
    found = catalogue.index_of([-2, 30, 7, 0, 30])
    assert catalogue.ids[found].tolist() == [-2, 30, 0, 0, 30] and found.dtype == np.int64
    assert found[2] == 0 and found[3] > 0, "no item has id 7, and one has 0, which is padding's, too"


def test_items_of_one_title_point_to_the_first():
    catalogue = build_catalogue([5, 6, 7, 8], ["Heat (1995)", "Big, The", "Heat (1995)", "The Big"], [[]] * 4)
    index = catalogue.index_of([5, 6, 7, 8])
    assert catalogue.same_title[index].tolist() == [min(index[0], index[2]), min(index[1], index[3])] * 2


def test_an_id_listed_twice_is_refused():
    with pytest.raises(StudyError, match="lists the id 6 2 times"):
        build_catalogue([5, 6, 6], ["a", "b", "c"], [[]] * 3)
