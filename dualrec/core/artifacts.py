"""What is done is not done again: atomic writes, fingerprints, and one `cached` call."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dualrec.core import paths

WORKSPACE = re.compile(r"\..+\.(?P<pid>\d+)\.\w+\.writing")  # where `atomic_path` writes, and which process does


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary sibling of `path` (file or folder) that takes its name only when the block succeeds and all of it is on the disk."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f".{path.name}.{os.getpid()}.", suffix=".writing", dir=path.parent))
    temporary = workspace / path.name
    try:
        yield temporary
        for file in [temporary, *temporary.rglob("*")]:
            if file.is_file():
                _flush(file)
        if path.is_dir():
            os.replace(path, workspace / "previous")  # a folder cannot be replaced in one step; keep the gap short
        os.replace(temporary, path)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _flush(file: Path) -> None:
    """Wait until a file is on the disk: a machine that stops may keep a rename and lose what was renamed."""
    with open(file, "rb+") as opened:
        os.fsync(opened.fileno())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically, with line feeds on every system."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically: indented, in the given order, with a final newline."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, default=_plain) + "\n")


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*parts: Any) -> str:
    """A 16-digit content hash of configuration, arrays and source modules.

    Dataclasses count by their fields, arrays by dtype, shape and bytes, modules by their source text.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, ModuleType):
            digest.update(inspect.getsource(part).encode())
        elif isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        elif dataclasses.is_dataclass(part) and any(isinstance(v, np.ndarray) for v in _fields(part)):
            digest.update(fingerprint(*_fields(part)).encode())
        else:
            digest.update(json.dumps(part, sort_keys=True, default=_plain).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def cached(path: Path, key: str, build: Callable[[], Any], save: Callable[[Any, Path], None], load: Callable[[Path], Any]) -> Any:
    """Return what `path` holds if it was made with `key`, else build it, save it and return it.

    path: a file name without extension; the artefact lies in the folder `path`, its key in `path/key`.
    save: writes into the folder it is given; load: reads from the folder. What cannot be loaded any more is built again.
    """
    if is_kept(path, key):
        try:
            return load(Path(path))
        except Exception as error:  # noqa: BLE001  a file cut short by a power failure or edited by hand may raise anything
            print(f"{paths.readable(path)} is damaged ({type(error).__name__}) and made again", file=sys.stderr)
    value = build()
    with atomic_path(path) as folder:
        folder.mkdir()
        save(value, folder)
        (folder / "key").write_text(key, encoding="utf-8")
    print(f"kept in {paths.readable(path)}")
    return value


def is_kept(path: Path, key: str) -> bool:
    """Whether `cached` has left at `path` what was made with `key`."""
    marker = Path(path) / "key"
    return marker.is_file() and marker.read_text(encoding="utf-8", errors="replace") == key


def _fields(value: Any) -> list:
    """The values of a dataclass's fields; what a cached property left in the object is none."""
    return [getattr(value, field.name) for field in dataclasses.fields(value)]


def _plain(value: Any) -> Any:
    """Turn dataclasses, numpy scalars, arrays and paths into what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"cannot fingerprint {type(value).__name__}")
