"""Hashes of content, and the keys of cached results: all that a result depends on, computed and not listed by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dualrec.core import sources

LIBRARIES = ("torch", "transformers")  # what computes: another version may round differently


def cache_key(*values: Any, code: ModuleType, libraries: tuple[str, ...] = ()) -> str:
    """The key of a cached result.

    values: every setting and every content that enters
    code: the module that makes the result; all that it reaches within the study counts, see `sources.reached`
    libraries: packages whose versions count beside those of LIBRARIES
    """
    versions = {name: metadata.version(name) for name in (*LIBRARIES, *libraries)}
    return fingerprint(*values, sources.reached(code.__name__), versions)


def fingerprint(*parts: Any) -> str:
    """A content hash of settings and arrays: 16 hexadecimal digits.

    parts: dataclasses count by their fields, arrays by dtype, shape and bytes
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        elif dataclasses.is_dataclass(part) and any(isinstance(value, np.ndarray) for value in _fields(part)):
            digest.update(fingerprint(*_fields(part)).encode())
        else:
            digest.update(json.dumps(part, sort_keys=True, default=plain).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def plain(value: Any) -> Any:
    """A dataclass, numpy scalar, array or path as a value that JSON knows; raises TypeError for anything else."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"cannot fingerprint {type(value).__name__}")


def _fields(value: Any) -> list:
    """The values of a dataclass's fields; the value of a cached property is not one of them."""
    return [getattr(value, field.name) for field in dataclasses.fields(value)]
