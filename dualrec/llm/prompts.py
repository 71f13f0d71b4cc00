"""Prompts and answers: plain text from titles, one template per task, and a token budget.

Paper, section on prompt design: recent titles, optionally "LSTM suggests: TITLE", and a request for
more movies as `Title (Year)`. The same history length is used for training and for evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dualrec.core.errors import StudyError
from dualrec.data.catalogue import Catalogue
from dualrec.types import Hints, Sequences

SYSTEM = "You recommend movies."
_MARK = r"<(?=[^<>\s]+>)|\[(?=/?[A-Z_]{4,}\])"  # `<|im_end|>`, `</s>`, `[INST]`: how models write the special tokens of a chat
ANSWER_START = "1."  # the assistant's turn opens with it, so that a list is written and not an introduction


def question(titles: Sequence[str], hint: str | None, n: int) -> str:
    """The user's turn: watched titles (oldest first), the sequence model's hint if there is one, the request.

    titles: readable titles; hint: one readable title or None (zero-shot without hint); n: titles asked for
    """
    lines = ["Movies a person watched, oldest first:", *(f"- {title}" for title in titles)]
    if hint is not None:
        lines.append(f"LSTM suggests: {hint}")
    lines.append(f"List {n} other movies this person will watch next, one per line: number. Title (Year)")
    return "\n".join(lines)


def answer(titles: Sequence[str]) -> str:
    """The wanted continuation of `ANSWER_START`: ` A (1990)\\n2. B (1991)\\n`."""
    return "".join(f" {title}\n" if i == 1 else f"{i}. {title}\n" for i, title in enumerate(titles, start=1))


def messages(text: str) -> list[dict[str, str]]:
    """A question as the turns of a chat."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def harmless(tokenizer, texts: list[str]) -> list[str]:
    """The texts with a space inside whatever the tokenizer would read as one of its special tokens.

    Titles are data: one that holds the end of a turn would let whoever named the movie write turns of their own into the chat.
    tokenizer: None where it is behind a server; of one that names no special token, too, whatever looks like one is taken for one
    """
    added = [] if tokenizer is None else tokenizer.added_tokens_decoder.values()
    special = [str(token) for token in added if token.special or re.match(_MARK, str(token))]  # Qwen's `<think>` is not called special
    first = re.compile(rf"(?s)(?={'|'.join(map(re.escape, special))})." if special else _MARK)  # looks ahead: tokens may overlap
    return [first.sub(r"\g<0> ", text) for text in texts]


def chat(tokenizer, text: str) -> str:
    """The whole prompt: the model's chat template where it has one, plain text else; ends with `ANSWER_START`."""
    (text,) = harmless(tokenizer, [text])
    if tokenizer.chat_template:
        return tokenizer.apply_chat_template(messages(text), tokenize=False, add_generation_prompt=True) + ANSWER_START
    return f"{SYSTEM}\n\n{text}\n\n{ANSWER_START}"


def wishes(catalogue: Catalogue, history: Sequences, hints: Hints | None, length: int) -> list[tuple[list[str], str | None]]:
    """For each user the last `length` titles, oldest first, and the hinted one: top-1 of the row, None without hints."""
    names = catalogue.titles
    hinted = [None] * len(history) if hints is None else [names[item] for item in hints.items[:, 0]]
    return [([names[i] for i in row if i], hint) for row, hint in zip(history.recent(length), hinted, strict=True)]


def build_prompts(tokenizer, catalogue: Catalogue, history: Sequences, hints: Hints | None, length: int, n: int, budget: int) -> list[str]:
    """One prompt per user from the last `length` titles; the oldest titles are dropped until `budget` tokens hold it.

    hints: top-1 of each row is written into the prompt; None for the template without hint
    Where the latest title alone is too long, it or the hint, whichever is longer, is cut in half until both fit.
    Raises StudyError when the budget does not even hold a letter of each.
    """
    wished = wishes(catalogue, history, hints, length)
    prompts = [chat(tokenizer, question(titles, hint, n)) for titles, hint in wished]
    sizes = [len(ids) for ids in tokenizer(prompts, add_special_tokens=False).input_ids]
    for r, (titles, hint) in enumerate(wished):
        while sizes[r] > budget:
            if len(titles) > 1:
                titles = titles[1:]
            elif len(longest := max([*titles, hint or ""], key=len)) > 1:
                half = longest[: len(longest) // 2]
                titles, hint = [half if title == longest else title for title in titles], half if hint == longest else hint
            else:
                needs = f"a prompt with one letter of a title needs {sizes[r]} tokens"
                raise StudyError(f"{needs}, more than max_prompt_tokens = {budget}; raise it in the profile")
            prompts[r] = chat(tokenizer, question(titles, hint, n))
            sizes[r] = len(tokenizer(prompts[r], add_special_tokens=False).input_ids)
    return prompts
