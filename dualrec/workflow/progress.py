"""What a terminal shows while notebooks run: one line that renews itself, and nothing where nobody watches."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TextIO

BAR = re.compile(r"\d+%\|")  # tqdm's: "beam search:  40%|████      | 6/15 [00:10<00:15,  1.7s/batch]"
ERASE = "\r\x1b[K"  # back to the line's beginning, and away with what stood there


class Ticker:
    """A file for a notebook's standard error that shows the last progress bar in one line.

    Bars are for people: where the screen is no terminal (a log, continuous integration) only `lead` is printed, once.

    lead: what stands before the bar
    screen: where the line is shown; standard error if left out
    """

    def __init__(self, lead: str, screen: TextIO | None = None):
        self.lead = lead
        self.screen = screen or sys.stderr
        self._print(lead)

    def write(self, text: str) -> None:
        """Take what a kernel wrote."""
        bars = [part for part in re.split(r"[\r\n]", text) if BAR.search(part)]
        if bars and self.screen.isatty():
            self._print((ERASE + self.lead + bars[-1].strip())[: shutil.get_terminal_size().columns + len(ERASE) - 1])

    def flush(self) -> None:
        """Nothing is held back."""

    def end(self, text: str) -> None:
        """Finish the line with this text."""
        self._print((ERASE + self.lead if self.screen.isatty() else "") + text + "\n")

    def _print(self, text: str) -> None:
        print(text, end="", file=self.screen, flush=True)


def readable_seconds(seconds: float) -> str:
    """A time in words, such as `4 min 12 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
