"""Profiles: complete settings of the study, read from `profiles/*.toml` and checked before anything starts."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
import typing
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dualrec.config import LANGUAGE_MODEL, REMOTE, SENTENCE_ENCODER, Profile
from dualrec.core import paths
from dualrec.core.errors import StudyError, did_you_mean
from dualrec.data.sources import SOURCES

_SAID = {  # where pydantic's words would tell a reader of TOML little
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dataclass_type": "must be a table",
    "greater_than_equal": "must be at least {ge:g}",
    "greater_than": "must be greater than {gt:g}",
    "less_than_equal": "must be at most {le:g}",
    "less_than": "must be less than {lt:g}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "must be file, id_up, id_down or random:SEED",  # the tie rules are the only pattern
    "too_short": "must have at least {min_length} entry",
}


def available() -> list[str]:
    """Names of the profiles that come with the package."""
    return sorted(p.stem for p in _folder().glob("*.toml"))


def load_profile(name: str) -> Profile:
    """Read a profile by name, or from a `.toml` file, by whose name the profile then goes.

    Raises StudyError for an unknown name or key, a value of the wrong type or out of reach, naming the nearest valid one; and for a
    file that has the name of a profile of the package, in whose folders it would write.
    """
    path = profile_path(name)
    if not path.is_file():
        raise StudyError(f"unknown profile '{name}'{did_you_mean(name, available())}; choose one of {', '.join(available())}")
    where, own = paths.readable(path), path.resolve().parent == _folder().resolve()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}", path.stem) or (path.stem in available() and not own):
        raise StudyError(
            f"{where} would write to runs/{path.stem}; give the file a name of letters, digits, '-' and '_' that is not one of "
            f"{', '.join(available())}"
        )
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError(f"{where} is not valid TOML: {error}") from error
    if "name" in values:
        raise StudyError(f"{where}: 'name' cannot be set; a profile goes by the name of its file")
    try:
        profile = TypeAdapter(Profile).validate_json(json.dumps(values | {"name": path.stem}, default=str))
    except ValidationError as error:
        first = {found["loc"][:2]: found for found in reversed(error.errors())}  # of each setting
        raise StudyError("; ".join(_sentence(where, found) for found in reversed(first.values()))) from error
    for key, value, known, form, fits in _names(profile):
        if value not in known and not fits and not Path(value).is_dir():
            choice = f"{', '.join(known)}, a folder{form}"
            raise StudyError(f"{where}: '{key}' names nothing known, '{value}'{did_you_mean(value, known)}; choose {choice}")
    return profile


def profile_path(name: str) -> Path:
    """The file of a profile, given by name or as a file itself."""
    return Path(name) if name.endswith(".toml") else _folder() / f"{name}.toml"


def _folder() -> Path:
    return paths.PACKAGE / "profiles"


def _names(profile: Profile) -> list[tuple[str, str, list[str], str, bool]]:
    """Settings that name something: key, value, the names that are known, what else it may be, and whether it is."""
    model, encoder = profile.llm.model, profile.rerank.encoder
    of_the_hub = bool(re.fullmatch(r"[^/@]+/[^/@]+@[^/@]+", model))
    return [
        ("data", profile.data, list(SOURCES), "", False),
        ("llm.model", model, [LANGUAGE_MODEL, REMOTE], " or one of the hub as owner/name@revision", of_the_hub),
        ("rerank.encoder", encoder, [SENTENCE_ENCODER], " or one of the hub as owner/name", "/" in encoder),
    ]


def _sentence(where: str, found: dict) -> str:
    """What one finding of pydantic means in the file; found: see `ValidationError.errors`."""
    *tables, key = [str(part) for part in found["loc"] if not isinstance(part, int)] or [""]
    config = Profile
    for table in tables:
        config = typing.get_type_hints(config)[table]
    where = f"{where} [{'.'.join(tables)}]" if tables else where
    if found["type"] == "unexpected_keyword_argument":
        return f"{where}: unknown key '{key}'{did_you_mean(key, [field.name for field in dataclasses.fields(config)])}"
    if found["type"] == "value_error":  # of a table as a whole
        return f"{where} [{key}]: {found['ctx']['error']}"
    said = _SAID[found["type"]].format(**found.get("ctx", {})) if found["type"] in _SAID else found["msg"]
    return f"{where}: '{key}' {said}" + ("" if found["type"] == "missing" else f", but is {found['input']!r}")
