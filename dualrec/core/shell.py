"""How a command ends in a shell: what goes wrong is one line that says what to do, never a traceback."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path

import typer

from dualrec.core import choices, paths
from dualrec.core.errors import StudyError
from dualrec.core.text import printable

DEBUG = "--debug"


def run(app: typer.Typer, name: str) -> None:
    """Run a command; what goes wrong is one line on stderr and exit code 1 (wrong usage: 2, an interrupt: 130).

    Anywhere among the arguments, `--debug` shows the traceback instead, and `--device` and `--precision` choose.
    """
    arguments = sys.argv[1:]
    if isinstance(sys.stdout, io.TextIOWrapper):
        # as stderr does: where a letter cannot be written, its number is
        sys.stdout.reconfigure(errors="backslashreplace")
    paths.settle()
    try:
        arguments = choices.take(arguments)
    except ValueError as error:
        print(f"{name}: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)
    try:
        app([argument for argument in arguments if argument != DEBUG], prog_name=name)
    except Exception as error:  # noqa: BLE001  whatever it is, a user gets a sentence
        if DEBUG in arguments:
            raise
        print(f"{name}: {printable(sentence(error))}", file=sys.stderr)
        sys.exit(1)


def sentence(error: Exception) -> str:
    """What is wrong and what to do about it, on one line."""
    if isinstance(error, StudyError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{_at(error)}; make room and run the same command again, what is finished is kept"
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "change its owner or rights, or set DUALREC_HOME to a folder of your own"
        return f"no access{_at(error)} ({error.strerror}); {remedy}"
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"a file stands where a folder belongs{_at(error)}; move it away, or set DUALREC_HOME to a folder"
    if isinstance(error, OSError) and error.strerror:
        remedy = "mend or choose another path and run the same command again"
        return f"the system refuses{_at(error)}: {error.strerror}; {remedy}"
    if isinstance(error, UnicodeDecodeError):
        return f"a file that should be text is not in UTF-8 (byte {error.object[error.start]:#x}); save it in UTF-8"
    if isinstance(error, MemoryError):
        return "the memory is full; close other programs or choose a smaller profile"
    one_line = " ".join(f"{type(error).__name__}: {error}".split())
    return f"this should not happen: {one_line}; run it again with {DEBUG} and report what it prints"


def _at(error: OSError) -> str:
    """` at PATH`, as much of it as fits a line; nothing where the error names no file."""
    return f" at {paths.readable(Path(os.fsdecode(error.filename)))[:200]}" if error.filename else ""
