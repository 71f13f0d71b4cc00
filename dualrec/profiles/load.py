"""Profiles: complete settings of the study, read from `profiles/*.toml` and checked before anything starts.

A profile says what differs from its base, if it names one, and else from the defaults of `config`.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
import typing
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from dualrec.config import LANGUAGE_MODEL, REMOTE, SENTENCE_ENCODER, Profile
from dualrec.core import paths
from dualrec.core.errors import StudyError, did_you_mean
from dualrec.core.text import read_text
from dualrec.data.registry import SOURCES
from dualrec.llm.prompts import STYLES

BASE = "base"  # the key that names the profile to read this one over
_MEANINGS = {  # where pydantic's words would tell a reader of TOML little
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
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

    A file may name a `base`: a profile of the package, or a `.toml` file by its path from this one. It is read over its
    base, table by table and key by key; only the summary is its own. A base may have a base.
    Raises StudyError for an unknown name or key, a value of the wrong type or out of reach, naming the nearest valid
    one; for bases that lead in a circle; and for a file that has the name of a profile of the package, in whose folders
    it would write.
    """
    path = _profile_path(name)
    choice = ", ".join(available())
    if not path.is_file():
        raise StudyError(f"unknown profile '{name}'{did_you_mean(name, available())}; choose one of {choice}")
    where, own = paths.readable(path), path.resolve().parent == _folder().resolve()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}", path.stem) or (path.stem in available() and not own):
        wanted = f"a name of letters, digits, '-' and '_' that is not one of {choice}"
        raise StudyError(f"{where} would write to runs/{path.stem}; give the file {wanted}")
    settings, profiles = {}, []
    for file, values in reversed(_with_bases(path)):
        settings.pop("summary", None)  # its base's
        settings = _laid_over(settings, values)
        profiles.append(_checked(file, settings))  # bases, too, so that a fault is told of the file it is in
    return profiles[-1]


def profile_files(name: str) -> list[Path]:
    """The file of a profile, the file of its base, and so on.

    Raises StudyError where one cannot be read, or bases lead in a circle.
    """
    return [file for file, _ in _with_bases(_profile_path(name))]


def _folder() -> Path:
    return paths.PACKAGE / "profiles"


def _profile_path(name: str) -> Path:
    """The file of a profile, given by name or as a file itself."""
    return Path(name) if name.endswith(".toml") else _folder() / f"{name}.toml"


def _with_bases(path: Path) -> list[tuple[Path, dict]]:
    """The file of a profile, that of its base, and so on, each with what it says."""
    chain, file = [], path
    while file:
        files = [earlier for earlier, _ in chain]
        if file.resolve() in [earlier.resolve() for earlier in files]:
            circle = " → ".join(step.name for step in (*files, file))
            raise StudyError(f"{paths.readable(path)}: 'base' leads in a circle, {circle}; take one 'base' out")
        values = _read(file)
        base = values.pop(BASE, None)
        chain.append((file, values))
        file = None if base is None else _base_path(file, base)
    return chain


def _read(path: Path) -> dict:
    """What a profile's file says."""
    where = paths.readable(path)
    try:
        values = tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError(f"{where} is not valid TOML: {error}") from error
    if "name" in values:
        raise StudyError(f"{where}: 'name' cannot be set; a profile goes by the name of its file")
    return values


def _base_path(path: Path, base: object) -> Path:
    """The file of the base that a profile's file names."""
    where = paths.readable(path)
    if not isinstance(base, str):
        raise StudyError(f"{where}: 'base' must be text, but is {base!r}")
    file = path.parent / base if base.endswith(".toml") else _profile_path(base)
    if not file.is_file():
        choice = f"choose {', '.join(available())}, or a .toml file by its path from {path.name}"
        raise StudyError(f"{where}: 'base' names no profile, '{base}'{did_you_mean(base, available())}; {choice}")
    return file


def _laid_over(below: dict, above: dict) -> dict:
    """Settings with others over them; tables are merged key by key."""
    tables = [key for key, value in above.items() if isinstance(value, dict) and isinstance(below.get(key), dict)]
    return below | above | {key: below[key] | above[key] for key in tables}


def _checked(path: Path, settings: dict) -> Profile:
    """The profile of a file, from all that holds for it."""
    where = paths.readable(path)
    try:
        profile = TypeAdapter(Profile).validate_json(json.dumps(settings | {"name": path.stem}, default=str))
    except ValidationError as error:
        # A default that is made from other settings is missing where these are wrong, which is said of them.
        faults = [fault for fault in error.errors() if fault["type"] != "default_factory_not_called"]
        first = {fault["loc"][:2]: fault for fault in reversed(faults)}  # of each setting
        raise StudyError("; ".join(_sentence(where, fault) for fault in reversed(first.values()))) from error
    for key, value, known, others, is_other in _names(profile):
        if value not in known and not is_other:
            choice = f"choose {', '.join(known)}{others}"
            raise StudyError(f"{where}: '{key}' names nothing known, '{value}'{did_you_mean(value, known)}; {choice}")
    return profile


def _names(profile: Profile) -> list[tuple[str, str, list[str], str, bool]]:
    """Settings that name something: key, value, the known names, what else it may be, and whether it is that."""
    model, encoder = profile.llm.model, profile.rerank.encoder
    on_disk = {value: Path(value).is_dir() for value in (profile.data, model, encoder)}
    of_the_hub = bool(re.fullmatch(r"[^/@]+/[^/@]+@[^/@]+", model))
    hub = ", a folder or one of the hub as owner/name"
    return [
        ("data", profile.data, list(SOURCES), ", a folder", on_disk[profile.data]),
        ("llm.model", model, [LANGUAGE_MODEL, REMOTE], f"{hub}@revision", of_the_hub or on_disk[model]),
        ("llm.prompt", profile.llm.prompt, list(STYLES), "", False),
        ("rerank.encoder", encoder, [SENTENCE_ENCODER], hub, "/" in encoder or on_disk[encoder]),
    ]


def _sentence(where: str, fault: ErrorDetails) -> str:
    """What a fault that pydantic names means in the file."""
    *tables, key = [str(part) for part in fault["loc"] if not isinstance(part, int)] or [""]
    context = fault.get("ctx", {})
    config = Profile
    for table in tables:
        config = typing.get_type_hints(config)[table]
    where = f"{where} [{'.'.join(tables)}]" if tables else where
    if fault["type"] == "unexpected_keyword_argument":
        known = [field.name for field in dataclasses.fields(config)] + [BASE] * (config is Profile)
        return f"{where}: unknown key '{key}'{did_you_mean(key, known)}"
    if fault["type"] == "value_error":  # of a table as a whole
        return f"{where} [{key}]: {context['error']}"
    meaning = _MEANINGS[fault["type"]].format(**context) if fault["type"] in _MEANINGS else fault["msg"]
    return f"{where}: '{key}' {meaning}" + ("" if fault["type"] == "missing" else f", but is {fault['input']!r}")
