"""Arms by hand: what each reads, how wide it is, and that all of them are searched alike."""

import math
from dataclasses import replace

import pytest

from dualrec.core.errors import StudyError
from dualrec.experiments.representation_arms import (
    ARMS,
    DESCRIBED,
    LABELS,
    NETWORKS,
    SUMS,
    WIDTHS,
    WITH_TEXT,
    Point,
    lstm_settings,
    network_settings,
    points,
)
from dualrec.profiles.load import load_profile

LAPTOP, BEAUTY = load_profile("laptop"), load_profile("beauty")
WIDE, NARROW = Point(1e-3, 0.2, 1.0), Point(1e-3, 0.2, 0.5)


def parts(profile, network, arm, point):
    """Dimensions of id, title and genres."""
    settings = network_settings(profile, network, ARMS[arm], point, 12)
    config = replace(getattr(profile, network), **settings)
    return config.id_dim, config.title_dim, config.genre_dim


def test_the_widths_of_the_lstm_by_hand():
    """The profile has an id of 128 and genres of 64 dimensions; a title has 64 or 128."""
    found = {arm: parts(LAPTOP, "lstm", arm, NARROW) for arm in ARMS}
    assert found["ids"] == (256, 0, 0)
    assert found["ids_genres"] == found["ids_genres_years"] == found["sbert_pca_init"] == (192, 0, 64)
    assert found["sbert_alone"] == (0, 192, 64)
    others = ("words", "tfidf", "sbert", "language_model", "tokens", "random_weights", "permuted", "gaussian")
    assert all(found[arm] == (128, 64, 64) for arm in (*others, "sbert_frozen_pca"))
    assert parts(LAPTOP, "lstm", "sbert", WIDE) == (128, 128, 64) and parts(LAPTOP, "lstm", "ids", WIDE) == (320, 0, 0)


@pytest.mark.parametrize("profile", [LAPTOP, BEAUTY, load_profile("ml-1m"), load_profile("lastfm")])
@pytest.mark.parametrize("network", NETWORKS)
def test_at_a_point_of_the_grid_all_arms_are_equally_wide_and_differ_in_nothing_else(profile, network):
    for point in points(profile.grid):
        configs = {
            arm: replace(getattr(profile, network), **network_settings(profile, network, row, point, 12))
            for arm, row in ARMS.items()
        }
        assert len({config.id_dim + config.title_dim + config.genre_dim for config in configs.values()}) == 1
        own = {"id_dim", "dim", "title_dim", "genre_dim", "years", "title_side", "title_way", "title_layers"}
        rest = {tuple((k, v) for k, v in vars(config).items() if k not in own) for config in configs.values()}
        assert len(rest) == 1
        (values,) = map(dict, rest)
        assert (values["learning_rate"], values["dropout"]) == point[:2] and values["warmup"] == 0


def test_without_genres_in_the_data_the_arms_of_genres_are_ids():
    assert parts(BEAUTY, "lstm", "ids_genres_years", WIDE) == parts(BEAUTY, "lstm", "ids", WIDE) == (128, 0, 0)
    assert parts(BEAUTY, "sasrec", "sbert", WIDE) == (64, 64, 0) and parts(LAPTOP, "sasrec", "sbert", WIDE)[2] == 32
    assert not network_settings(BEAUTY, "lstm", ARMS["ids_genres_years"], WIDE, 0)["years"]


def test_every_arm_has_the_same_eight_trials():
    for profile in (LAPTOP, BEAUTY):
        tried = points(profile.grid)
        grid = profile.grid
        assert len(set(tried)) == len({p.name for p in tried}) == 8
        assert len(tried) == math.prod(map(len, (grid.learning_rate, grid.dropout, WIDTHS)))
    assert NARROW.name == "0.001-0.2-0.5"


def test_layers_are_said_where_they_read():
    layers = {arm: network_settings(LAPTOP, "lstm", row, WIDE, 12).get("title_layers") for arm, row in ARMS.items()}
    assert {arm for arm, number in layers.items() if number == 12} == {"language_model", "random_weights"}
    assert {number for arm, number in layers.items()} == {None, 0, 12}


def test_what_is_compared_and_summed_is_there():
    assert {arm for pair in DESCRIBED for arm in pair} | set(WITH_TEXT) <= LABELS.keys() == ARMS.keys() | SUMS.keys()
    assert {arm for _, *parts in SUMS.values() for arm in parts} <= ARMS.keys()
    assert len(set(LABELS.values())) == len(LABELS)


def test_the_arms_of_chapter_13_differ_in_nothing_but_what_stands_for_an_item():
    """The LSTM's item has 128, 64 and 64 numbers for id, title and genres; here it has half of them."""
    titles = LAPTOP.titles
    configs = {name: replace(LAPTOP.lstm, **lstm_settings(LAPTOP, name)) for name in titles.arms}
    widths = {name: (c.id_dim, c.title_dim, c.genre_dim) for name, c in configs.items()}
    assert widths == {
        "ids": (128, 0, 0),
        "ids_genres_years": (96, 0, 32),
        "permuted": (64, 32, 32),
        "sbert": (64, 32, 32),
    }
    assert configs["permuted"] == replace(configs["sbert"], title_side="permuted")
    for config in configs.values():
        for key in ("hidden", "dropout", "learning_rate", "batch_size", "epochs"):
            assert getattr(config, key) == getattr(titles, key)
        assert (config.tied, config.window, config.warmup) == (True, 50, 0.1), "the rest is the LSTM's"
    with pytest.raises(StudyError, match="unknown arm 'sbrt' .did you mean 'sbert'"):
        lstm_settings(LAPTOP, "sbrt")
