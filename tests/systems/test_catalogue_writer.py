"""A writer kept to the catalogue, played by random weights on the toy study."""

import numpy as np
import pytest

from dualrec.llm.inference import beam_search
from dualrec.systems.catalogue_writer import write_from_catalogue
from dualrec.systems.sequence_models import lstm_hints


def test_every_list_is_full_of_unseen_movies(study, tiny):
    histories = study.cases.history
    lists = write_from_catalogue(study, tiny, histories, lstm_hints(study, histories), 5)
    assert lists.seconds > 0 and lists.items.shape == (40, 5) and (lists.items > 0).all()
    for row in range(40):
        assert len(set(lists.items[row].tolist())) == 5
        assert not set(lists.items[row].tolist()) & set(histories.sequence(row).tolist())


def test_more_titles_than_beams_can_be_asked_for(study, tiny):
    lists = write_from_catalogue(study, tiny, study.cases.history, None, 15)
    assert (lists.items > 0).all() and study.profile.llm.beam < 15


def test_what_was_written_is_read_back(study, tiny, monkeypatch):
    first = write_from_catalogue(study, tiny, study.cases.history, None, 5)
    monkeypatch.setattr(beam_search, "beam_search", lambda *_: pytest.fail("searched again"))
    again = write_from_catalogue(study, tiny, study.cases.history, None, 5)
    np.testing.assert_array_equal(again.items, first.items)
    assert again.seconds == first.seconds
