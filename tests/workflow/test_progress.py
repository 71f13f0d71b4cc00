"""A terminal hears how far a notebook is, on one line; a log hears when it began and ended."""

import io
import os
import shutil

import pytest

from dualrec.workflow.progress import ERASE, Ticker, readable_seconds

FIRST, SECOND = (
    "beam search:  40%|████      | 6/15 [00:10<00:15,  1.7s/batch]",
    "beam search:  80%|████████  | 12/15 [00:20<00:05]",
)


class Screen(io.StringIO):
    def __init__(self, terminal: bool):
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def shown(screen: Screen) -> list[str]:
    """The lines as they stand in the end."""
    return [line.rpartition(ERASE)[2] for line in screen.getvalue().split("\n")]


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((120, 24)))


def test_a_terminal_shows_the_last_bar_and_then_what_became_of_it():
    screen = Screen(terminal=True)
    ticker = Ticker("[1/2] 03_zero … ", screen)
    ticker.write(f"\r{FIRST}\r{SECOND}")
    assert shown(screen) == [f"[1/2] 03_zero … {SECOND}"]
    ticker.write("FutureWarning: something else\n")
    assert shown(screen) == [f"[1/2] 03_zero … {SECOND}"]
    ticker.end("done in 9 s")
    assert shown(screen) == ["[1/2] 03_zero … done in 9 s", ""]


def test_a_line_never_wraps(monkeypatch):
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((30, 24)))
    screen = Screen(terminal=True)
    Ticker("[1/2] 03_zero … ", screen).write(SECOND)
    assert len(shown(screen)[0]) == 29


def test_a_log_is_not_flooded():
    screen = Screen(terminal=False)
    ticker = Ticker("[1/2] 03_zero … ", screen)
    for _ in range(100):
        ticker.write(f"\r{FIRST}")
    ticker.end("done in 9 s")
    assert screen.getvalue() == "[1/2] 03_zero … done in 9 s\n"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (252, "4 min 12 s")])
def test_seconds_are_readable(seconds, text):
    assert readable_seconds(seconds) == text
