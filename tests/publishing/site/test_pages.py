"""What a page says, without building it."""

import pytest

from dualrec.config import DomainConfig
from dualrec.profiles.load import load_profile, profile_files
from dualrec.publishing.site.pages import cover, data_card, reproduce

RESULTS = {"profile": "p", "data": "ml-100k", "protocol": "p", "commit": "c0ffee1", "hardware": "h", "systems": {}}


@pytest.mark.parametrize(
    ("name", "files"),
    {"laptop": ["laptop.toml"], "paper": ["paper.toml", "ml-1m.toml", "laptop.toml"]}.items(),
)
def test_a_profile_is_shown_with_all_it_is_based_on(name, files):
    settings = [(file.name, file.read_text(encoding="utf-8")) for file in profile_files(name)]
    page = reproduce(load_profile(name), RESULTS, {}, {}, settings)
    places = [page.index(f"`{file}`\n\n```toml\n{text.strip()}\n```") for file, text in settings]
    assert [file for file, _ in settings] == files and places == sorted(places)
    assert ("that of the file below it" in page) == (len(files) > 1)
    assert "Whatever is not named here has the default of `dualrec/config/`." in page


@pytest.mark.parametrize(
    ("data", "said", "oddities"),
    [
        ("ml-100k", ("GroupLens", "{cite:p}`harper2015`", "whole seconds", "movie is rated once"), True),
        (
            "amazon-beauty",
            ("{cite:p}`mcauley2015`", "no times", "cannot be undone", "none comes with the files"),
            False,
        ),
        ("lastfm-2k", ("{cite:p}`cantador2011`", "first of a month", "tag an artist again", "non-commercial"), False),
        ("mine", ("a folder, mine", "those of its owner"), False),
    ],
)
def test_the_data_card_is_that_of_the_data(data, said, oddities):
    page = data_card(RESULTS | {"data": data, "notebooks": {}}, "movies")
    assert all(text in page for text in said)
    assert ("Postman, The" in page) == oddities


def test_pages_speak_in_the_words_of_the_domain():
    hits = {"value": 0.2, "low": 0.1, "high": 0.3, "n": 40}
    facts = {"users": 40, "items": 90, "events": 640, "tie_share": 0.5}
    results = RESULTS | {"data": "my-shop", "systems": {"lstm": {"metrics": {"HR@10": hits}}}}
    results["notebooks"] = {"01_data": facts}
    books = DomainConfig("book", "read", "read")
    front, card = cover(results, ["01_data"], [], False, books), data_card(results, books.items)
    assert "a sequence model that recommends books?" in front and "names the next book," in front
    assert "On my-shop the LSTM has the next book among its ten" in front
    assert "40 users, 90 books, 640 events" in card and "50% of consecutive events" in card
    assert "movie" not in front + card
