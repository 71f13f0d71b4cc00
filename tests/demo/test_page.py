"""The page without a browser: what a click changes, and what is said."""

import pytest

from dualrec.demo import page as pages
from dualrec.demo import show_page


@pytest.fixture
def page(demo):
    return pages.Page(demo)


def labels(box) -> list[str]:
    return [child.description for child in box.children]


def press(page, text: str) -> None:
    """Click the button that begins with a text."""
    waiting = [page.box]
    while waiting:
        widget = waiting.pop()
        waiting += getattr(widget, "children", ())
        if getattr(widget, "description", "").startswith(text) and hasattr(widget, "click"):
            return widget.click()
    raise AssertionError(f"no button {text}")


def test_typing_offers_and_picking_adds(page, items):
    page.search.value = "number 25"
    assert labels(page.offered)[0] == "+ Movie number 25 (1985)" and len(page.offered.children) <= pages.MATCHES
    press(page, "+ Movie number 25")
    assert page.liked == items(25) and labels(page.picked) == ["Movie number 25 (1985) ×"]
    assert page.search.value == "" and page.offered.children == ()
    page.search.value = "number 25"
    assert "+ Movie number 25 (1985)" not in labels(page.offered), "it is picked already"
    press(page, "Movie number 25")
    assert page.liked == [] and page.picked.children == () and "None yet." in page.status.value


def test_a_request_shows_the_lists_and_another_taste_takes_them_away(page):
    press(page, "Most popular")
    assert len(page.liked) == 5
    press(page, "Recommend")
    assert "The prompt" in page.result.value and "Done in" in page.status.value and page.written.value == ""
    press(page, "Let it write")
    assert "Beam search" in page.written.value and "Written in" in page.status.value
    press(page, "Start anew")
    assert page.liked == [] and page.result.value == page.written.value == ""


@pytest.mark.parametrize("button", ["Recommend", "Let it write"])
def test_without_movies_one_sentence_says_what_to_do(page, button):
    press(page, button)
    assert "Pick at least one movie you like" in page.status.value and "Traceback" not in page.status.value
    assert page.result.value == page.written.value == ""


def test_whatever_goes_wrong_is_said_too(page, monkeypatch):
    def full(_):
        raise MemoryError

    press(page, "Most popular")
    monkeypatch.setattr(page.demo, "answer", full)
    press(page, "Recommend")
    assert "The memory is full; close other programs or choose a smaller profile." in page.status.value


def test_what_resembles_nothing_is_said_as_text(page):
    page.search.value = "<qqq>" * 50
    assert "No title in this catalogue resembles “&lt;qqq&gt;" in page.status.value and "<qqq>" not in page.status.value
    assert len(page.status.value) < 6000


def test_hostile_titles_are_text_on_buttons(page, items):
    for item in items(*range(1, 11)):
        page._like(item)
    assert "<script>" in labels(page.picked)[0], "a button's description is text"
    assert max(map(len, labels(page.picked))) <= 95
    assert all(
        not button.description_allow_html
        for button in page.picked.children
        if hasattr(button, "description_allow_html")
    )
    press(page, "Recommend")
    assert "<script>" not in page.result.value and "Done in" in page.status.value


def test_buttons_that_went_are_not_kept(page):
    page.search.value = "movie"
    gone = page.offered.children
    page.search.value = ""
    assert gone and all(button.comm is None for button in gone)


def test_where_there_are_no_widgets_a_sentence_says_where_there_are(demo, monkeypatch):
    monkeypatch.setattr(pages, "ipywidgets", None)
    shown = []
    monkeypatch.setattr(pages, "display", shown.append)
    show_page(demo)
    assert "make demo" in shown[0].data


def test_where_there_are_it_is_the_page(demo, monkeypatch):
    shown = []
    monkeypatch.setattr(pages, "display", shown.append)
    show_page(demo)
    assert "dualrec-page" in shown[0]._dom_classes
