"""Names by which titles are compared, in any script, and the numbers that tell a film from its sequel."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualrec.data.catalogue import LONGEST
from dualrec.data.titles import (
    joined,
    main_names,
    normalise,
    numbered_names,
    numbers,
    other_names,
    subtitles,
    without_articles,
)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Beauty & the Beast", "beauty and the beast"),
        ("Romeo + Juliet", "romeo and juliet"),
        ("  Les  Misérables! ", "les miserables"),
        ("Smørrebrød på Straße", "smorrebrod pa strasse"),
        ("Schindler's List", "schindlers list"),
        ("Schindler’s List", "schindlers list"),
        ("E.T. the Extra-Terrestrial", "et the extra terrestrial"),
        ("G. I. Blues", "gi blues"),
        ("Doctor Dolittle", "dr dolittle"),
        ("Ирония судьбы", "ирония судьбы"),
        ("ЁЛКИ", "елки"),
        ("Мой", "мой"),
        ("Україна", "украіна".replace("і", "ї")),
        ("七人の侍", "七人の侍"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
        ("ｶﾞﾒﾗ", "ガメラ"),
        ("부산행", "부산행"),
        ("كِتَاب الأدغال", "كتاب الادغال"),
        ("Ταξίδι στα Κύθηρα", "ταξιδι στα κυθηρα"),
        ("पथेर पांचाली", "पथेर पांचाली"),
        ("สุริโยไท", "สุริโยไท"),
        ("Ｈｅａｔ", "heat"),
        ("ﬁlm", "film"),
        ("?!", ""),
        ("$", "$"),
        ("", ""),
    ],
)
def test_every_script_keeps_its_letters(title, name):
    assert normalise(title) == name


@pytest.mark.parametrize("title", ["七人の侍", "부산행", "ガメラ", "Мой", "पथेर पांचाली", "Les Misérables", "Ёлки", "Ǆ"])
def test_a_title_has_one_name_however_its_letters_are_composed(title):
    assert normalise(unicodedata.normalize("NFD", title)) == normalise(unicodedata.normalize("NFC", title))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Toy Story", ()),
        ("Toy Story 2", ("2",)),
        ("Toy Story II", ("2",)),
        ("Toy Story Two", ("2",)),
        ("Toy Story²", ("2",)),
        ("Toy Story ２", ("2",)),
        ("Toy Story Ⅱ", ("2",)),
        ("Toy Story ٢", ("2",)),
        ("Ёлки 2", ("2",)),
        ("Rocky XIV", ("14",)),
        ("8½", ("8", "1", "2")),
        ("8 1/2", ("8", "1", "2")),
        ("20,000 Leagues Under the Sea", ("20000",)),
        ("301, 302", ("301", "302")),
        ("3:10 to Yuma", ("3", "10")),
        ("007", ("7",)),
        ("Friday the 13th Part IV", ("13", "4")),
        ("The Matrix", ()),
        ("Vixen", ()),
    ],
)
def test_a_number_is_one_however_it_is_written(title, expected):
    assert numbers(normalise(title)) == expected


@pytest.mark.parametrize(
    "title", ["The Godfather: Part II", "The Godfather Part 2", "The Godfather, Vol. II", "the godfather 2"]
)
def test_a_part_says_nothing_beside_its_number(title):
    assert normalise(title) == "the godfather 2"
    assert normalise("Parting Glances, Part") == "parting glances part"


def test_spaces_and_articles_may_go():
    assert joined("spider man") == joined("spiderman") and joined("apollo 13") == "apollo 13"
    assert joined("8 1 2 women") == "8 1 2 women" != joined("8 12 women")
    assert without_articles("the man and a woman") == "man and woman" and without_articles("the the") == "the the"


def test_names_in_brackets():
    title = "Hard 8 (a.k.a. Sydney, a.k.a. Hard Eight)"
    assert main_names(title) == ["hard 8 aka sydney aka hard 8", "hard 8"] and other_names(title) == [
        "sydney",
        "hard 8",
    ]
    assert main_names("Kill Bill (Vol. 2)") == ["kill bill 2"] and other_names("Kill Bill (Vol. 2)") == []
    assert main_names("Heat") == ["heat"] and main_names("?!") == []
    assert "dr strangelove" in main_names("Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb")


def test_names_without_series_and_without_subtitle():
    assert numbered_names("Terminator 2: Judgment Day") == ["terminator 2"]
    assert numbered_names("Star Trek: First Contact") == [] and numbered_names("X: The Unknown") == []
    assert subtitles("Star Wars: Episode V - The Empire Strikes Back") == [
        "5 the empire strikes back",
        "the empire strikes back",
    ]
    assert subtitles("Highlander: Endgame") == [] and subtitles("Kill Bill: Vol. 2") == []


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=2 * LONGEST))
@example("\u0301\u0323" * 200)
@example("İ")
@example("\ud800")
@example("1" * 5000)
def test_any_title_has_a_name(title):
    name = normalise(title)
    assert name == " ".join(name.split()) == normalise(title[:LONGEST])
    assert isinstance(main_names(title) + other_names(title) + numbered_names(title) + subtitles(title), list)
