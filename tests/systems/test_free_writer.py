"""A writer of free text, played by random weights and by a class of one's own."""

import numpy as np
import pytest

from dualrec.llm.inference import generate
from dualrec.llm.inference.generate import Generation
from dualrec.systems.free_writer import write_lists
from dualrec.systems.sequence_models import lstm_hints


class Parrot:
    """Writes the questions' titles back, and one that everybody knows."""

    def __init__(self):
        self.questions = []

    def write(self, questions, titles, seed, folder):
        self.questions = questions
        titles_read = [[line[2:] for line in question.splitlines() if line.startswith("- ")] for question in questions]
        return Generation(["\n".join([*read, "Movie number 30 (1990)"][:titles]) for read in titles_read], 1.5)


def test_a_writer_without_probabilities_is_asked_in_the_style_of_the_study(study):
    writer, histories = Parrot(), study.cases.history
    hints = lstm_hints(study, histories)
    lists = write_lists(study, writer, histories, hints, 5)
    hinted = study.catalogue.titles[hints.items[3, 0]]
    watched = [study.catalogue.titles[item] for item in histories.sequence(3)[-study.profile.llm.history :]]
    assert writer.questions[3] == study.prompts.question(watched, hinted, study.profile.llm.titles)
    assert lists.seconds == 1.5
    assert (lists.counts["seen"] >= study.profile.llm.history).all()
    assert set(study.catalogue.ids[lists.items[lists.items > 0]].tolist()) <= {30}


def test_what_a_local_model_wrote_is_read_back(study, tiny, monkeypatch):
    histories = study.cases.take(range(4)).history
    first = write_lists(study, tiny, histories, None, 5)
    monkeypatch.setattr(generate, "_generate_batch", lambda *_: pytest.fail("written again"))
    again = write_lists(study, tiny, histories, None, 5)
    assert again.raw == first.raw and again.seconds == first.seconds
    np.testing.assert_array_equal(again.items, first.items)
