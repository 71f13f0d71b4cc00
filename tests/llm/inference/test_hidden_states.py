import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from dualrec.config import MOVIES, ReaderConfig
from dualrec.core.errors import StudyError
from dualrec.llm.inference.hidden_states import Questions, read_states
from dualrec.llm.local import LLM
from dualrec.llm.prompts import STYLES, Prompts
from dualrec.types import Sequences

PROMPTS = Prompts(STYLES["default"], MOVIES)
TITLES = ["", "Alien (1979)", "Heat (1995)", "Casino (1995)", "Toy Story (1995)", "Les Misérables (1995)"]
HISTORIES = Sequences.from_lists([7, 9, 4], [[1, 2, 3, 4], [5], [4, 4, 2]])
#                     row, movies read, hint
PLACES = np.array([[0, 2, 0], [0, 2, 5], [2, 3, 1], [1, 1, 3], [0, 4, 0], [0, 3, 1]])


def config(window, read_batch=3, layers=0):
    return ReaderConfig(window=window, positions=1, read_batch=read_batch, layers=layers)


def questions(table):
    return Questions(*np.asarray(table, np.int64).reshape(-1, 3).T)


def read_alone(llm, items, hint):
    """The state at the end of one plain text."""
    lines = ["Movies a person watched, oldest first:\n", *(f"{TITLES[item]}\n" for item in items)]
    pieces = [*lines, *([f"LSTM suggests: {TITLES[hint]}\n"] if hint else []), "Next:"]
    ids = [token for ids in llm.tokenizer(pieces, add_special_tokens=False).input_ids for token in ids]
    with torch.inference_mode():
        return llm.model.get_decoder()(torch.tensor([ids])).last_hidden_state[0, -1].numpy()


@pytest.mark.parametrize("window", [4, 3])
def test_every_question_is_answered_as_if_it_were_the_only_text(llm, window):
    table = PLACES[PLACES[:, 1] > 4 - window]
    table = np.concatenate([table, [[1, 1, 3]]]) if window == 3 else table
    states = read_states(llm, PROMPTS, TITLES, HISTORIES, questions(table), config(window, read_batch=2))
    for state, (row, at, hint) in zip(states, table, strict=True):
        sequence = HISTORIES.sequence(row)
        start = max(0, len(sequence) - window)
        alone = read_alone(llm, sequence[start:at], hint)
        np.testing.assert_allclose(state, alone, atol=2e-3 * np.abs(alone).max())


def test_what_comes_later_changes_nothing(tiny, spends):
    """Sentinel movies: a state does not know what was watched after its place, nor any other question's hint."""
    other = Sequences.from_lists([7, 9, 4], [[1, 2, 5, 5], [5], [4, 4, 2]])
    changed = PLACES.copy()
    changed[[4, 5], 2] = 2
    before = read_states(tiny, PROMPTS, TITLES, HISTORIES, questions(PLACES), config(4))
    with spends("reading"):
        after = read_states(tiny, PROMPTS, TITLES, other, questions(changed), config(4))
    np.testing.assert_allclose(after[:4], before[:4], atol=1e-5)
    assert (np.abs(after[4:] - before[4:]).max(axis=1) > 1e-3).all()


@pytest.mark.parametrize("at", [1, 5, 0])
def test_a_question_outside_the_window_is_refused(tiny, at):
    with pytest.raises(ValueError, match="outside the window"):
        read_states(tiny, PROMPTS, TITLES, HISTORIES, questions([[0, at, 0]]), config(3))


def test_lower_layers_read_as_a_model_does_that_has_no_others(tiny):
    shallow = LlamaForCausalLM(LlamaConfig(**tiny.model.config.to_dict() | {"num_hidden_layers": 1})).eval()
    shallow.load_state_dict(tiny.model.state_dict(), strict=False)  # what the upper layer has finds no place

    def states(llm, layers=0):
        return read_states(llm, PROMPTS, TITLES, HISTORIES, questions(PLACES), config(4, layers=layers))

    alone = states(LLM("shallow", shallow, tiny.tokenizer))
    whole = states(tiny)
    np.testing.assert_array_equal(states(tiny, layers=1), alone)
    assert np.abs(alone - whole).max() > 1e-3
    np.testing.assert_array_equal(states(tiny, layers=2), whole)


def test_more_layers_than_there_are_is_one_clear_sentence(tiny):
    with pytest.raises(StudyError, match=r"layers = 3 in \[reader\], but the language model has 2"):
        read_states(tiny, PROMPTS, TITLES, HISTORIES, questions(PLACES), config(4, layers=3))
