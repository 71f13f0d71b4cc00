"""The interface of a language model that writes lists and keeps its probabilities to itself."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from dualrec.llm.inference.generate import Generation


class Writer(Protocol):
    """Anything that writes lists without showing probabilities, such as a model behind a server (`remote.RemoteLLM`).

    Write a class with this method to add a language backend of your own, and hand it to `free_writer.write_lists`.
    """

    def write(self, questions: list[str], titles: int, seed: int, folder: Path) -> Generation:
        """One text after each question, a title per line.

        questions: as `llm.prompts.Prompts.question` words them
        titles: how many to write
        seed: of whatever is drawn
        folder: where answers may be kept from one call to the next
        """
        ...
