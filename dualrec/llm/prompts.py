"""All words that a language model reads: templates in named styles, filled with titles and with the words of a domain.

Paper, section on prompt design: recent titles, optionally "LSTM suggests: TITLE", and a request for
more titles as `Title (Year)`. The same history length is used for training and for evaluation.

Another style is another row of STYLES, which a profile then names as `llm.prompt`. The form of a written list is the
same in all styles, since `grounding` parses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dualrec.config import DomainConfig
from dualrec.core.errors import StudyError
from dualrec.data.catalogue import Catalogue
from dualrec.types import Hints, Sequences

# How models write the special tokens of a chat: `<|im_end|>`, `</s>`, `[INST]`.
_MARK = r"<(?=[^<>\s]+>)|\[(?=/?[A-Z_]{4,}\])"
ANSWER_START = "1."  # the assistant's turn opens with it, so that a list is written and not an introduction


@dataclass(frozen=True)
class Style:
    """Templates for everything a model reads, one a line of text.

    Each may use the domain's {item}, {items}, {verb} and {infinitive}, and {Items}, the plural that opens a sentence.
    system: the system message
    header: the line above the history
    line: one {title} of the history
    hint: the line that names the sequence model's best {title}
    request: the line that asks for a list of {n} titles
    reader_question: the end of a history that is read without a list being written; the state at its last token is used
    """

    system: str
    header: str
    line: str
    hint: str
    request: str
    reader_question: str


STYLES = {
    "default": Style(
        system="You recommend {items}.",
        header="{Items} a person {verb}, oldest first:",
        line="- {title}",
        hint="LSTM suggests: {title}",
        request="List {n} other {items} this person will {infinitive} next, one per line: number. Title (Year)",
        reader_question="Next:",
    ),
}


@dataclass(frozen=True)
class Prompts:
    """A style in the words of a domain."""

    style: Style
    domain: DomainConfig

    @property
    def system(self) -> str:
        """The system message."""
        return self._filled(self.style.system)

    def question(self, titles: Sequence[str], hint: str | None, n: int) -> str:
        """The user's turn: the history's titles (oldest first), the sequence model's hint if there is one, the request.

        titles: readable titles
        hint: one readable title, or None (zero-shot without hint)
        n: titles asked for
        """
        lines = [self._filled(self.style.header), *(self._filled(self.style.line, title=title) for title in titles)]
        if hint is not None:
            lines.append(self._filled(self.style.hint, title=hint))
        lines.append(self._filled(self.style.request, n=n))
        return "\n".join(lines)

    def messages(self, text: str) -> list[dict[str, str]]:
        """A question as the turns of a chat."""
        return turns(self.system, text)

    def chat(self, tokenizer, text: str) -> str:
        """The whole prompt: the model's chat template where it has one, plain text else; ends with `ANSWER_START`."""
        (text,) = harmless(tokenizer, [text])
        if tokenizer.chat_template:
            prompt = tokenizer.apply_chat_template(self.messages(text), tokenize=False, add_generation_prompt=True)
            return prompt + ANSWER_START
        return f"{self.system}\n\n{text}\n\n{ANSWER_START}"

    def build(
        self,
        tokenizer,
        catalogue: Catalogue,
        histories: Sequences,
        hints: Hints | None,
        length: int,
        n: int,
        budget: int,
    ) -> list[str]:
        """One prompt per user from the last `length` titles; the oldest are dropped until `budget` tokens hold it.

        catalogue: the items that histories and hints name
        hints: top-1 of each row is written into the prompt; None for prompts without hint
        n: titles asked for
        Where the latest title alone is too long, it or the hint, whichever is longer, is cut in half until both fit.
        Raises StudyError when the budget does not even hold a letter of each.
        """
        rows = titles_and_hints(catalogue, histories, hints, length)
        prompts = [self.chat(tokenizer, self.question(titles, hint, n)) for titles, hint in rows]
        sizes = [len(ids) for ids in tokenizer(prompts, add_special_tokens=False).input_ids]
        for row, (titles, hint) in enumerate(rows):
            while sizes[row] > budget:
                if len(titles) <= 1 and max(map(len, [*titles, hint or ""])) <= 1:
                    needs = f"a prompt with one letter of a title needs {sizes[row]} tokens"
                    raise StudyError(f"{needs}, more than max_prompt_tokens = {budget}; raise it in the profile")
                titles, hint = _shortened(titles, hint)
                prompts[row] = self.chat(tokenizer, self.question(titles, hint, n))
                sizes[row] = len(tokenizer(prompts[row], add_special_tokens=False).input_ids)
        return prompts

    @property
    def reader_header(self) -> str:
        """The line above a history that is read."""
        return self._filled(self.style.header) + "\n"

    def reader_hint(self, title: str) -> str:
        """The line of a hint behind a history that is read."""
        return self._filled(self.style.hint, title=title) + "\n"

    @property
    def reader_question(self) -> str:
        """What ends a history that is read."""
        return self._filled(self.style.reader_question)

    def _filled(self, template: str, **values: str | int) -> str:
        """A template with the domain's words and these values in it."""
        domain = self.domain
        words = {"item": domain.item, "items": domain.items, "Items": domain.items[:1].upper() + domain.items[1:]}
        return template.format(verb=domain.verb, infinitive=domain.infinitive, **words, **values)


def turns(system: str, question: str) -> list[dict[str, str]]:
    """A system message and a question as the turns of a chat."""
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]


def answer(titles: Sequence[str]) -> str:
    """The wanted continuation of `ANSWER_START`: ` A (1990)\\n2. B (1991)\\n`."""
    return "".join(f" {title}\n" if i == 1 else f"{i}. {title}\n" for i, title in enumerate(titles, start=1))


def harmless(tokenizer, texts: list[str]) -> list[str]:
    """The texts with a space inside whatever the tokenizer would read as one of its special tokens.

    Titles are data: one that holds the end of a turn would let whoever named the item write turns of their own.
    tokenizer: None where it is behind a server; then, and where it names no special token, whatever looks like one is
        taken for one
    """
    added = [] if tokenizer is None else tokenizer.added_tokens_decoder.values()
    # Qwen's `<think>` is not called special, so what looks special is taken as well.
    special = [str(token) for token in added if token.special or re.match(_MARK, str(token))]
    any_special = rf"(?s)(?={'|'.join(map(re.escape, special))})."  # looks ahead: tokens may overlap
    first = re.compile(any_special if special else _MARK)
    return [first.sub(r"\g<0> ", text) for text in texts]


def titles_and_hints(
    catalogue: Catalogue, histories: Sequences, hints: Hints | None, length: int
) -> list[tuple[list[str], str | None]]:
    """For each user the last `length` titles, oldest first, and the hinted one: the row's best, None without hints."""
    names = catalogue.titles
    hinted = [None] * len(histories) if hints is None else [names[item] for item in hints.items[:, 0]]
    recent = histories.recent(length)
    return [([names[item] for item in row if item], hint) for row, hint in zip(recent, hinted, strict=True)]


def _shortened(titles: list[str], hint: str | None) -> tuple[list[str], str | None]:
    """Without the oldest of several titles; of a single one and its hint, the longer cut in half."""
    if len(titles) > 1:
        return titles[1:], hint
    longest = max([*titles, hint or ""], key=len)
    half = longest[: len(longest) // 2]
    return [half if title == longest else title for title in titles], half if hint == longest else hint
