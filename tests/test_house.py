"""The order of the house: which floor stands on which, no circles, few rooms at the door, a test beside every module."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from dualrec.core import paths, sources

# From the ground up. What a floor imports stands below it, or beside it on the same floor without a circle.
FLOORS = (
    ("core", "types", "config"),
    ("data", "evaluation", "plots"),
    ("sequence", "llm", "profiles"),
    ("rerank", "study", "workflow"),
    ("systems", "publishing"),
    ("experiments", "demo", "notebook", "cli"),
    ("__main__",),
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
FORBIDDEN = {"llm": {"sequence", "evaluation"}, "evaluation": {"sequence", "llm"}}  # although their floors would allow it
TESTS = Path(__file__).parent
MODULES = [name for name in sources.module_names() if name.count(".")]


def room_of(module: str) -> str:
    return module.split(".")[1]


def own_imports(module: str) -> set[str]:
    """What the text of a module imports, without the packages that lead there."""
    text = sources.file_of(module).read_text(encoding="utf-8")
    named = {name for node in sources.running_nodes(ast.parse(text)) for name in sources.named_by(node)}
    return {name for name in named - {module} if name.count(".") and not module.startswith(f"{name}.")}


def test_every_room_has_a_floor():
    assert {room_of(module) for module in MODULES} == set(FLOOR)


@pytest.mark.parametrize("module", MODULES)
def test_imports_lead_down(module):
    room = room_of(module)
    for imported in own_imports(module):
        other = room_of(imported)
        assert FLOOR[other] <= FLOOR[room], f"{module} imports {imported}, which stands above it"
        assert other not in FORBIDDEN.get(room, ()), f"{module} imports {imported}: {room} knows nothing of {other}"


def test_no_imports_go_in_circles():
    try:
        TopologicalSorter({module: own_imports(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail("imports in a circle: " + " → ".join(error.args[1]))


def test_few_modules_lie_at_the_door():
    assert len(list(paths.PACKAGE.glob("*.py"))) <= 9


def test_lazy_dynamic_and_main_imports_are_seen():
    text = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from dualrec.notebook import show
def later():
    from dualrec.core import paths
    import_module(f"dualrec.profiles.{name}")
if __name__ == "__main__":
    import dualrec.core.shell
"""
    assert sources.imports_of(text) == {
        "dualrec",
        "dualrec.core",
        "dualrec.core.paths",
        "dualrec.core.shell",
        "dualrec.profiles",
        "dualrec.profiles.load",
    }


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "dualrec/publishing/site/text/extend.md"])
def test_paths_in_prose_lead_to_files(page):
    text = (paths.PACKAGE.parent / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\bdualrec/[\w/]+\.\w+", text)) - {"dualrec/systems/bold.py"}  # which a reader is to write
    assert named and all((paths.PACKAGE.parent / path).is_file() for path in named), named
