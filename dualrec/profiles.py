"""Profiles: complete settings of the study, read from `profiles/*.toml` and checked."""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from pathlib import Path

from dualrec import paths
from dualrec.configs import Profile
from dualrec.errors import StudyError, did_you_mean


def available() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(p.stem for p in (paths.PACKAGE / "profiles").glob("*.toml"))


def load_profile(name: str) -> Profile:
    """Read a profile by name, or from a `.toml` file.

    Raises StudyError for an unknown name, an unknown key or a value of the wrong type, naming the nearest valid one.
    """
    path = Path(name) if name.endswith(".toml") else paths.PACKAGE / "profiles" / f"{name}.toml"
    if not path.is_file():
        raise StudyError(f"unknown profile '{name}'{did_you_mean(name, available())}; choose one of {', '.join(available())}")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{paths.readable(path)} is not valid TOML: {error}") from error
    return _build(Profile, {"name": path.stem} | values, paths.readable(path))


def _build(cls: type, values: dict, where: str):
    """Make a config dataclass from a TOML table, checking names and types."""
    hints = typing.get_type_hints(cls)
    for key, value in values.items():
        if key not in hints:
            raise StudyError(f"{where}: unknown key '{key}'{did_you_mean(key, hints)}")
        expected = hints[key]
        if dataclasses.is_dataclass(expected):
            if not isinstance(value, dict):
                raise StudyError(f"{where}: '{key}' must be a table, not {value!r}")
            values[key] = _build(expected, value, f"{where} [{key}]")
        elif typing.get_origin(expected) is tuple:
            kind = typing.get_args(expected)[0]
            if not isinstance(value, list) or not all(_is(v, kind) for v in value):
                raise StudyError(f"{where}: '{key}' must be a list of {kind.__name__}, not {value!r}")
            values[key] = tuple(kind(v) for v in value)
        elif not _is(value, expected):
            raise StudyError(f"{where}: '{key}' must be {expected.__name__}, not {value!r}")
        elif expected in (int, float) and value < 0:
            raise StudyError(f"{where}: '{key}' must not be negative, but is {value!r}")
    try:
        return cls(**values)
    except TypeError as error:
        raise StudyError(f"{where}: {error}") from error


def _is(value, kind: type) -> bool:
    """Whether a TOML value has the wanted type; a whole number will do for a float, a boolean for nothing else."""
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
