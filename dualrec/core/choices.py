"""Where and in which precision to compute, where a person chooses it: by the environment or on the command line."""

from __future__ import annotations

import os

from dualrec.core.errors import StudyError

CHOICES = {  # option of every command -> variable of the environment, and what it may say
    "--device": ("DUALREC_DEVICE", ("cpu", "cuda", "mps")),
    "--precision": ("DUALREC_PRECISION", ("float32", "bfloat16")),
}


def chosen(option: str) -> str | None:
    """What was chosen; None where nothing was. Raises StudyError where it is no choice."""
    variable, values = CHOICES[option]
    value = os.environ.get(variable) or None
    if value is not None and value not in values:
        raise StudyError(f"{variable} is '{value}'; set it to {' or '.join(values)}, or unset it")
    return value


def take(arguments: list[str]) -> list[str]:
    """The arguments without these options, which may stand anywhere and go into the environment, where notebooks look.

    Raises ValueError, with a sentence, where one has no value or another one than it may have.
    """
    left, remaining = [], iter(arguments)
    for argument in remaining:
        option, equals, value = argument.partition("=")
        if option not in CHOICES:
            left.append(argument)
            continue
        variable, values = CHOICES[option]
        value = value if equals else next(remaining, "")
        if value not in values:
            raise ValueError(f"{option} is '{value}'; choose {' or '.join(values)}")
        os.environ[variable] = value
    return left
