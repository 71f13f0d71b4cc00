import numpy as np
import pytest
from transformers import AutoTokenizer

from dualrec.core.errors import StudyError
from dualrec.llm.local import converted_folder
from dualrec.llm.prompts import ANSWER_START, answer, build_prompts, chat, question
from dualrec.types import Hints


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(converted_folder("smollm2-135m"), padding_side="left")


def test_question_lists_titles_oldest_first_and_the_hint():
    text = question(["A (1990)", "B (1991)"], "C (1992)", 3)
    assert text.index("A (1990)") < text.index("B (1991)") < text.index("LSTM suggests: C (1992)") < text.index("List 3 other")
    assert "LSTM" not in question(["A (1990)"], None, 3)


def test_answer_continues_the_opened_list():
    assert ANSWER_START + answer(["A (1990)", "B (1991)"]) == "1. A (1990)\n2. B (1991)\n"


def test_chat_uses_the_models_template_and_opens_the_list(tokenizer):
    text = chat(tokenizer, "hello")
    assert text.startswith("<|im_start|>system") and text.endswith("<|im_start|>assistant\n" + ANSWER_START)


def test_chat_without_template_is_plain_text(tokenizer, monkeypatch):
    monkeypatch.setattr(tokenizer, "chat_template", None)
    assert chat(tokenizer, "hello") == f"You recommend movies.\n\nhello\n\n{ANSWER_START}"


def test_budget_drops_the_oldest_titles_whole(tokenizer, toy_catalogue, toy_history):
    full = build_prompts(tokenizer, toy_catalogue, toy_history, None, length=3, n=5, budget=500)
    size = len(tokenizer(full[0], add_special_tokens=False).input_ids)
    tight = build_prompts(tokenizer, toy_catalogue, toy_history, None, length=3, n=5, budget=size - 1)
    assert "- Toy Story (1995)" in full[0] and "- Toy Story (1995)" not in tight[0]
    assert "- Heat (1995)\n- The Postman (Il Postino) (1994)\n" in tight[0]
    assert tight[1] == full[1]


def test_a_budget_too_small_for_one_title_is_an_error(tokenizer, toy_catalogue, toy_history):
    with pytest.raises(StudyError, match="max_prompt_tokens = 10"):
        build_prompts(tokenizer, toy_catalogue, toy_history, None, length=3, n=5, budget=10)


def test_hints_are_written_per_row(tokenizer, toy_catalogue, toy_history):
    hints = Hints(np.array([[4], [1]]), np.ones((2, 1), np.float32))
    first, second = build_prompts(tokenizer, toy_catalogue, toy_history, hints, length=3, n=5, budget=500)
    assert "LSTM suggests: Beauty & the Beast (1991)" in first and "LSTM suggests: Toy Story (1995)" in second
