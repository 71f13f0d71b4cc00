import os

os.environ["HF_HUB_OFFLINE"] = "1"  # every test runs without a network

import numpy as np
import pytest

from dualrec.data.catalogue import Catalogue
from dualrec.types import Sequences


@pytest.fixture(autouse=True)
def _hub_is_never_asked(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def toy_catalogue() -> Catalogue:
    titles = [
        "",
        "Toy Story (1995)",
        "Heat (1995)",
        "The Postman (Il Postino) (1994)",
        "Beauty & the Beast (1991)",
        "Les Misérables (1995)",
        "unknown",
        "Heat (1995)",
        "Star Wars (1977)",
    ]
    years = np.array([0, 1995, 1995, 1994, 1991, 1995, 0, 1995, 1977])
    genres = np.zeros((9, 2), np.float32)
    genres[[1, 4], 0] = 1
    genres[[2, 3, 5, 7, 8], 1] = 1
    return Catalogue(ids=np.arange(9) * 10, titles=titles, years=years, genres=genres, genre_names=("Animation", "Drama"))


@pytest.fixture
def toy_history() -> Sequences:
    return Sequences.from_lists([7, 9], [[1, 2, 3], [8]])
