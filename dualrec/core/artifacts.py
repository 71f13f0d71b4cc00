"""Files that are either whole or not there, and `cached` results, kept under the key of all they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors.numpy import load_file, save_file

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.core.fingerprint import plain
from dualrec.core.text import read_text

T = TypeVar("T")
WORKSPACE = re.compile(r"\..+\.(?P<pid>\d+)\.\w+\.writing")  # where `atomic_path` writes, and which process does


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary sibling of `path` (file or folder), which takes its name when the block has succeeded.

    It takes the name only when all of it is on the disk.
    """
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


def require_replaceable(folder: Path, note: str, made_by: str) -> None:
    """Raise StudyError for a folder that holds what a command did not write, where writing replaces all of it.

    folder: to be written; resolved
    note: name of the JSON file that lies in a folder of the command: {"made_by", "files": {name: what it holds}}
    made_by: the command
    """
    if folder.is_file():
        raise StudyError(f"{paths.readable(folder)} is a file, and `{made_by}` writes several; name a folder")
    if not folder.is_dir():
        return
    try:
        said = json.loads(read_text(folder / note))
    except (OSError, ValueError, RecursionError):
        said = {}
    ours = isinstance(said, dict) and said.get("made_by") == made_by and isinstance(said.get("files"), dict)
    others = {path.name for path in folder.iterdir()} - ({note, *said["files"]} if ours else set())
    if others:
        raise StudyError(
            f"{paths.readable(folder)} holds {min(others)}, which `{made_by}` did not write, and that replaces the "
            "whole folder; name a new one or an empty one"
        )


def _flush(file: Path) -> None:
    """Wait until a file is on the disk: a machine that stops may keep a rename and lose what was renamed."""
    with open(file, "rb+") as opened:
        os.fsync(opened.fileno())


def write_text(path: Path, text: str) -> None:
    r"""Write UTF-8 text atomically, with line feeds on every system.

    Half a letter, as in the name of a folder that is not UTF-8, is written as `\udce9`, which JSON reads back.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def json_text(value: Any, **form: Any) -> str:
    """A value as JSON, null where a number is NaN or infinite: JSON knows neither.

    form: as `json.dumps` takes it
    """
    finite = json.loads(json.dumps(value, default=plain), parse_constant=lambda _: None)
    return json.dumps(finite, allow_nan=False, **form)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically: indented, in the given order, with a final newline."""
    write_text(path, json_text(value, indent=1, ensure_ascii=False) + "\n")


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cached(
    path: Path,
    key: str,
    build: Callable[[], T],
    save: Callable[[T, Path], None],
    load: Callable[[Path], T],
) -> T:
    """Return the result that `path` holds if it was made with `key`, else build it, save it and return it.

    A result that cannot be loaded any more is built again.

    path: a folder; it holds what `save` writes, and the key in the file `key`
    key: all that the result depends on, see `fingerprint.cache_key`
    build: makes the result
    save: writes the result into the folder it is given
    load: reads the result from the folder
    """
    if is_kept(path, key):
        try:
            return load(Path(path))
        # A file that a power failure cut short, or that was edited by hand, may raise anything.
        except Exception as error:  # noqa: BLE001
            print(f"{paths.readable(path)} is damaged ({type(error).__name__}) and made again", file=sys.stderr)
    result = build()
    with atomic_path(path) as folder:
        folder.mkdir()
        save(result, folder)
        (folder / "key").write_text(key, encoding="utf-8")
    print(f"kept in {paths.readable(path)}")
    return result


def cached_arrays(
    path: Path, key: str, build: Callable[[], dict[str, np.ndarray]]
) -> tuple[dict[str, np.ndarray], float]:
    """Named arrays that are built once and kept as safetensors, and the seconds that building them took.

    path: a folder, see `cached`
    key: all that the arrays depend on
    build: makes the arrays
    """

    def timed() -> tuple[dict[str, np.ndarray], float]:
        started = time.perf_counter()
        return build(), time.perf_counter() - started

    def save(result: tuple[dict[str, np.ndarray], float], folder: Path) -> None:
        arrays, seconds = result
        save_file(arrays, folder / "arrays.safetensors")
        write_json(folder / "seconds.json", seconds)

    def load(folder: Path) -> tuple[dict[str, np.ndarray], float]:
        seconds = json.loads((folder / "seconds.json").read_text(encoding="utf-8"))
        return load_file(folder / "arrays.safetensors"), seconds

    return cached(path, key, timed, save, load)


def is_kept(path: Path, key: str) -> bool:
    """Whether `cached` has left at `path` a result that was made with `key`."""
    key_file = Path(path) / "key"
    return key_file.is_file() and key_file.read_text(encoding="utf-8", errors="replace") == key
