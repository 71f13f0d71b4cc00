"""Which modules of the study a module reaches by its imports, and a hash of each: the code behind a cached result.

A module is hashed as its syntax tree, without docstrings and comments, so that a change of prose makes nothing anew.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from dualrec.core import paths

PACKAGE = "dualrec"
VALUES = f"{PACKAGE}.config"  # its modules declare settings alone: what they declare enters a key by its value


def reached(*modules: str) -> dict[str, str]:
    """The hash of every module that the given ones reach, themselves included, by name.

    modules: full names such as `dualrec.sequence.neural`
    """
    return {name: _tree_hash(file_of(name)) for name in sorted(closure(modules)) if not _declares_values(name)}


def _declares_values(name: str) -> bool:
    return name == VALUES or name.startswith(f"{VALUES}.")


def closure(modules: Iterable[str]) -> set[str]:
    """Every module of the package that some modules reach, themselves included."""
    closed: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in closed:
            closed.add(name)
            waiting += imports_of_module(name)
    return closed


def imports_of_module(name: str) -> frozenset[str]:
    """The modules of the package that a module of it imports, wherever in its text, and the packages it lies in."""
    return _imports_of_file(file_of(name)) | set(_parents(name))


def imports_of(text: str) -> frozenset[str]:
    """The modules of the package that Python text imports, with the packages that they lie in.

    Imports count at the top, within functions and under `if __name__ == "__main__"`, but not those for type checkers
    alone. An import whose last name is only known when it runs, as in `import_module(f"dualrec.systems.{family}")`,
    reaches every module of that folder.
    """
    modules = {name for node in running_nodes(ast.parse(text)) for name in named_by(node)}
    return frozenset(modules | {parent for name in modules for parent in _parents(name)})


def running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a syntax tree but those that type checkers alone look at."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def module_names() -> list[str]:
    """Every module of the package."""
    return sorted(_module_name(file) for file in paths.PACKAGE.rglob("*.py"))


def file_of(name: str) -> Path:
    """The file that holds a module of the package.

    name: its full name
    """
    stem = paths.PACKAGE.parent.joinpath(*name.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def named_by(node: ast.AST) -> Iterable[str]:
    """The modules of the package that a single node of a syntax tree imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if _is_module(alias.name))
    elif isinstance(node, ast.ImportFrom) and node.module and _is_module(node.module):
        yield node.module
        yield from (name for alias in node.names if _is_module(name := f"{node.module}.{alias.name}"))
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
        argument = node.args[0]
        if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
            folder = str(argument.values[0].value)
            yield from (name for name in module_names() if name.startswith(folder))


def _is_module(name: str) -> bool:
    return name.split(".")[0] == PACKAGE and file_of(name).is_file()


def _parents(name: str) -> list[str]:
    """The packages that a module lies in, whose `__init__` runs before it."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _module_name(file: Path) -> str:
    parts = file.relative_to(paths.PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _imports_of_file(file: Path) -> frozenset[str]:
    """What a file imports; read once in a process: the text that was loaded counts, not a later edit of it."""
    return imports_of(file.read_text(encoding="utf-8"))


@cache
def _tree_hash(file: Path) -> str:
    """`tree_hash` of a file; read once in a process, too."""
    return tree_hash(file.read_text(encoding="utf-8"))


def tree_hash(text: str) -> str:
    """16 digits for what Python text does: a hash of its syntax tree without docstrings and comments."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
