"""Prompts: the words of today, in any style and for any domain, within their budget; and no words anywhere else."""

import ast
import dataclasses
import re
import string

import numpy as np
import pytest

from dualrec.config import MOVIES, DomainConfig
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.llm.prompts import ANSWER_START, STYLES, Prompts, answer, titles_and_hints, turns
from dualrec.profiles.load import available, load_profile
from dualrec.types import Hints

PROMPTS = Prompts(STYLES["default"], MOVIES)
SONGS = DomainConfig("song", "listened to", "listen to")
# What a template must say, beside the words of the domain.
VALUES = {"line": {"title": "Up (2009)"}, "hint": {"title": "Up (2009)"}, "request": {"n": 7}}
QUESTION = """Movies a person watched, oldest first:
- A (1990)
- B (1991)
LSTM suggests: C (1992)
List 3 other movies this person will watch next, one per line: number. Title (Year)"""


def test_the_words_about_movies_are_those_the_recorded_results_were_made_with():
    assert PROMPTS.system == "You recommend movies."
    assert PROMPTS.question(["A (1990)", "B (1991)"], "C (1992)", 3) == QUESTION
    reader = (PROMPTS.reader_header, PROMPTS.reader_hint("C (1992)"), PROMPTS.reader_question)
    assert reader == ("Movies a person watched, oldest first:\n", "LSTM suggests: C (1992)\n", "Next:")


def test_a_question_without_a_hint_does_not_name_the_sequence_model():
    assert PROMPTS.question(["A (1990)", "B (1991)"], None, 3) == QUESTION.replace("LSTM suggests: C (1992)\n", "")


def test_another_domain_has_its_own_words_and_a_regular_plural():
    songs = Prompts(STYLES["default"], SONGS)
    text = songs.question(["Yesterday"], None, 2)
    assert songs.system == "You recommend songs." and text.startswith("Songs a person listened to, oldest first:\n")
    assert "List 2 other songs this person will listen to next" in text and "movie" not in text.lower()
    cds = dataclasses.replace(SONGS, item="CD", items="CDs of any kind")
    assert Prompts(STYLES["default"], cds).reader_header.startswith("CDs of any kind a person")


def test_another_style_is_a_row_with_other_templates():
    polite = dataclasses.replace(STYLES["default"], hint="A friend thinks of {title}.", system="You love {items}.")
    prompts = Prompts(polite, MOVIES)
    assert prompts.messages("x") == turns("You love movies.", "x")
    assert prompts.question(["A (1990)", "B (1991)"], "C (1992)", 3) == QUESTION.replace(
        "LSTM suggests: C (1992)", "A friend thinks of C (1992)."
    )
    assert prompts.reader_hint("C (1992)") == "A friend thinks of C (1992).\n"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("profile", [*available(), "songs"])
def test_every_template_can_be_filled_in_for_every_domain(style, profile):
    domain = SONGS if profile == "songs" else load_profile(profile).domain
    prompts = Prompts(STYLES[style], domain)
    for name, template in dataclasses.asdict(STYLES[style]).items():
        values = VALUES.get(name, {})
        used = {field for _, field, _, _ in string.Formatter().parse(template) if field}
        assert values.keys() <= used, f"{style}: {name} does not say {values}"
        filled = prompts._filled(template, **values)
        assert filled and not {"{", "}", "\n"} & set(filled), f"{style}: {name} is one line"
    text = prompts.question(["A (1990)"], "B (1991)", 7)
    assert len(text.split("\n")) == 4 and all(word in text for word in ("A (1990)", "B (1991)", "7", domain.items))


def test_braces_of_a_title_are_no_placeholders():
    assert PROMPTS.question(["{items} {0} {"], "{n}", 1).split("\n")[1:3] == ["- {items} {0} {", "LSTM suggests: {n}"]


@pytest.mark.parametrize("path", sorted((paths.PACKAGE / "llm").rglob("*.py")), ids=lambda path: path.stem)
def test_no_other_module_has_words_for_a_model(path):
    """Docstrings and comments may speak of prompts; what is left are the texts a module works with."""
    words = ("suggests", "oldest first", "Next:", "recommend", "one per line")
    texts = texts_of(ast.parse(path.read_text(encoding="utf-8")))
    # as words of their own: what a model may call its list, a recommendation, is no word for it
    there = {word for word in words for text in texts if re.search(rf"\b{word}(?!\w)", text)}
    assert there == (set(words) if path.name == "prompts.py" else set())


def texts_of(tree: ast.Module) -> list[str]:
    """Every piece of text in a module but its docstrings."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    described = [node for node in ast.walk(tree) if isinstance(node, holders) and ast.get_docstring(node)]
    docstrings = [node.body[0].value for node in described]
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in constants if node not in docstrings]


def test_answer_continues_the_opened_list():
    assert ANSWER_START + answer(["A (1990)", "B (1991)"]) == "1. A (1990)\n2. B (1991)\n"


def test_chat_uses_the_models_template_and_opens_the_list(tokenizer):
    text = PROMPTS.chat(tokenizer, "hello")
    assert text.startswith("<|im_start|>system\nYou recommend movies.<|im_end|>")
    assert text.endswith("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n" + ANSWER_START)


def test_chat_without_template_is_plain_text(tokenizer, monkeypatch):
    monkeypatch.setattr(tokenizer, "chat_template", None)
    assert PROMPTS.chat(tokenizer, "hello") == f"You recommend movies.\n\nhello\n\n{ANSWER_START}"


def test_budget_drops_the_oldest_titles_whole(tokenizer, toy_catalogue, toy_history):
    full = PROMPTS.build(tokenizer, toy_catalogue, toy_history, None, length=3, n=5, budget=500)
    size = len(tokenizer(full[0], add_special_tokens=False).input_ids)
    tight = PROMPTS.build(tokenizer, toy_catalogue, toy_history, None, length=3, n=5, budget=size - 1)
    assert "- Toy Story (1995)" in full[0] and "- Toy Story (1995)" not in tight[0]
    assert "- Heat (1995)\n- The Postman (Il Postino) (1994)\n" in tight[0]
    assert tight[1] == full[1]


def test_a_budget_too_small_for_one_title_is_an_error(tokenizer, toy_catalogue, toy_history):
    with pytest.raises(StudyError, match="max_prompt_tokens = 10"):
        PROMPTS.build(tokenizer, toy_catalogue, toy_history, None, length=3, n=5, budget=10)


def test_hints_are_written_per_row(tokenizer, toy_catalogue, toy_history):
    hints = Hints(np.array([[4], [1]]), np.ones((2, 1), np.float32))
    first, second = PROMPTS.build(tokenizer, toy_catalogue, toy_history, hints, length=3, n=5, budget=500)
    assert "LSTM suggests: Beauty & the Beast (1991)" in first and "LSTM suggests: Toy Story (1995)" in second


def test_titles_and_hints_are_the_latest_of_each_user(toy_catalogue, toy_history):
    hints = Hints(np.array([[4, 1], [1, 4]]), np.ones((2, 2), np.float32))
    first, second = titles_and_hints(toy_catalogue, toy_history, hints, 2)
    assert first == (["Heat (1995)", "The Postman (Il Postino) (1994)"], "Beauty & the Beast (1991)")
    assert second == (["Star Wars (1977)"], "Toy Story (1995)")
    assert [hint for _, hint in titles_and_hints(toy_catalogue, toy_history, None, 2)] == [None, None]
