"""One request: what the roles' own functions say, step by step; and what cannot be answered is one sentence."""

import numpy as np
import pytest

from dualrec.core.errors import StudyError
from dualrec.data.sources import load
from dualrec.demo.recommender import TASTES, Demo
from dualrec.rerank.similarity import rerank_by_hint
from dualrec.sequence.base import hints_from_scores
from dualrec.study import open_study
from dualrec.systems.catalogue_writer import search_catalogue
from dualrec.systems.second_opinion import ask_opinions
from dualrec.types import Sequences

LIKED = [11, 12, 13]


def test_an_answer_is_what_the_roles_say(demo):
    answer, history = demo.answer(LIKED), Sequences.from_lists([0], [LIKED])
    both, _ = ask_opinions(demo.study, demo.llm, demo.model, history)
    ordered = both.ranked(both.language, 10)
    np.testing.assert_array_equal(answer.candidates.items, both.items)
    np.testing.assert_array_equal(answer.language.items, ordered.items)
    np.testing.assert_allclose(answer.language.scores, ordered.scores, rtol=1e-5)
    again = rerank_by_hint(ordered, hints_from_scores(demo.model.scores(history), 1), demo.study.title_vectors)
    np.testing.assert_array_equal(answer.reranked.items, again.items)
    np.testing.assert_array_equal(answer.lstm.items, both.items[:, :10])
    assert answer.hint == both.items[0, 0] and demo.study.catalogue.titles[answer.hint][:20] in answer.prompt
    assert [answer.prompt] == demo.study.prompts_for(demo.llm, history, answer.candidates)
    assert (
        list(answer.seconds) == ["Recommending", "LSTM", "Prompt", "Language model", "Sentence-BERT"]
        and min(answer.seconds.values()) > 0
    )


def test_nothing_is_kept_and_nothing_seen_is_recommended(demo):
    answer = demo.answer(LIKED)
    written, seconds = demo.write(answer)
    for listed in (answer.candidates, answer.lstm, answer.language, answer.reranked, written):
        assert not set(LIKED) & set(listed.items[0].tolist())
    expected = search_catalogue(demo.study, demo.llm, [answer.prompt], Sequences.from_lists([0], [LIKED]), 10)
    np.testing.assert_array_equal(written.items, expected.items)
    assert seconds > 0 and [path.name for path in (demo.study.folder / "cache").iterdir()] == ["title_vectors"]


def test_few_that_are_left_are_all_there_is(demo):
    answer = demo.answer(range(1, 29))
    for listed in (answer.lstm, answer.language, answer.reranked):
        assert sorted(item for item in listed.items[0].tolist() if item > 0) == [29, 30]


@pytest.mark.parametrize(
    ("liked", "said"),
    [
        ([], "pick at least one movie you like"),
        ([0], "no movie number 0 in the catalogue of 30"),
        ([3, 31], "no movie number 31"),
        ([-1], "no movie number -1"),
        (range(1, 31), "you picked all movies of the catalogue"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_sentence(demo, liked, said):
    with pytest.raises(StudyError, match=said) as error:
        demo.answer(liked)
    assert "\n" not in str(error.value)


def test_other_catalogues_start_from_what_is_popular(demo):
    ((name, items),) = demo.tastes().items()
    popularity = demo.study.popularity
    assert name == "Most popular" and popularity[items].min() >= np.sort(popularity)[-len(items)]


@pytest.fixture(scope="module")
def movies():
    return Demo(open_study("smoke"), None, None, None, "")


def test_movielens_starts_from_tastes(movies):
    assert list(movies.tastes()) == list(TASTES)
    titles = load("ml-100k").catalogue.titles
    assert {name: tuple(titles[item] for item in items) for name, items in movies.tastes().items()} == TASTES


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("toy", "Toy Story (1995)"),
        ("STAR W", "Star Wars (1977)"),
        ("wrath khan", "Star Trek: The Wrath of Khan (1982)"),
        ("termnator", "The Terminator (1984)"),
        ("postman", "The Postman (1997)"),
        ("fargo 1996", "Fargo (1996)"),
        ("alien", "Alien (1979)"),
        ("star trek 6", "Star Trek VI: The Undiscovered Country (1991)"),
        ("godfather ii", "The Godfather: Part II (1974)"),
        ("Matrix, The Lion King", "The Lion King (1994)"),
        ("lion king, the", "The Lion King (1994)"),
        ("beauty & the b", "Beauty and the Beast (1991)"),
        ("se7en", "Seven (Se7en) (1995)"),
    ],
)
def test_what_is_typed_finds_its_movie_first(movies, typed, first):
    found = movies.search(typed, 6)
    assert movies.study.catalogue.titles[found[0]] == first and len(found) <= 6


@pytest.mark.parametrize("typed", ["", "   ", "!?", "zzzzqqqq", "\x00"])
def test_nothing_is_found_where_nothing_is_near(movies, typed):
    assert movies.search(typed, 6) == []


def test_a_novel_typed_in_is_harmless(movies):
    assert len(movies.search("love " * 100_000, 6)) <= 6
