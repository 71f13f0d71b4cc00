"""The order of the house: which floor stands on which, no circles, few rooms at the door, tests that mirror modules."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from dualrec.core import paths, sources
from tests.conftest import LOADS_LANGUAGE_MODEL

# From the ground up. What a floor imports stands below it, or beside it on the same floor without a circle.
FLOORS = (
    ("core", "types", "config"),
    ("data", "evaluation", "plots"),
    ("sequence", "llm", "profiles"),
    ("rerank", "study", "workflow"),
    ("systems", "publishing"),
    ("experiments", "demo", "notebook", "cli", "exchange", "recommending"),
    ("__main__",),
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# Although their floors would allow it.
FORBIDDEN = {"llm": {"sequence", "evaluation"}, "evaluation": {"sequence", "llm"}}
TESTS = Path(__file__).parent
MODULES = [name for name in sources.module_names() if name.count(".")]
# Modules without a test of their own name, and why they need none.
TESTED_ELSEWHERE = {
    "__main__": "commands of one line each; `test_cli` runs them",
    "config.data": "settings are read from profiles: profiles/test_load",
    "config.language": "settings are read from profiles: profiles/test_load",
    "config.profile": "settings are read from profiles: profiles/test_load",
    "config.sequence": "settings are read from profiles: profiles/test_load",
    "config.values": "settings are read from profiles: profiles/test_load",
    "core.shell": "how a command ends is trouble of the whole: whole/test_trouble",
    "data.dataset": "built by every reader of data: data/test_sources, data/test_folders",
    "data.layouts.hetrec": "all layouts share their cases: data/test_folders",
    "data.layouts.movielens": "all layouts share their cases: data/test_folders",
    "data.layouts.plain": "all layouts share their cases: data/test_folders",
    "demo.recommender": "demo/test_demo",
    "experiments.grid_search": "side runs share a toy study: experiments/test_seeds",
    "experiments.sequence_arms": "side runs share a toy study: experiments/test_seeds",
    "llm.inference.likelihood": "against beams and plain passes: llm/inference/test_beam_search",
    "llm.writer": "an interface; a class of one's own fits it: systems/test_free_writer",
    "sequence.item_knn": "models that count share their cases: sequence/test_counting",
    "sequence.markov": "models that count share their cases: sequence/test_counting",
    "sequence.popularity": "models that count share their cases: sequence/test_counting",
    "sequence.windowed_markov": "models that count share their cases: sequence/test_counting",
    "systems.parts": "with the loaders that fill it: systems/test_lazy_parts",
}
# Files of tests that are named after a behaviour, not after a module.
BEHAVIOURS = {
    "data/test_bad_data.py": "whatever lies in a folder of data",
    "data/test_folders.py": "every layout",
    "demo/test_browser.py": "the page in a browser",
    "demo/test_demo.py": "one request, from the taste to the list",
    "evaluation/test_broken_ledgers.py": "damaged files",
    "llm/test_any_output.py": "whatever a model writes",
    "llm/test_hostile_titles.py": "whatever a title says",
    "publishing/site/test_extend.py": "the examples of a page",
    "sequence/test_counting.py": "all models that count",
    "systems/test_keys.py": "the keys of all cached results",
    "test_house.py": "the order of the package",
}
ACROSS = {"golden", "notebooks", "torture", "whole"}  # folders of tests across the package
LOADERS = {"from_pretrained", "load_llm"}  # functions that load a tokenizer or a language model


def room_of(module: str) -> str:
    return module.split(".")[1]


def own_imports(module: str) -> set[str]:
    """What the text of a module imports, for type checkers too, without the packages that lead there."""
    text = sources.file_of(module).read_text(encoding="utf-8")
    named = {name for node in ast.walk(ast.parse(text)) for name in sources.named_by(node)}
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


@pytest.mark.parametrize(
    "page",
    [
        "CONTRIBUTING.md",
        "README.md",
        *(f"dualrec/publishing/site/text/{name}.md" for name in ("extend", "profiles", "runs")),
    ],
)
def test_paths_in_prose_lead_to_files(page):
    text = (paths.PACKAGE.parent / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\bdualrec/[\w/]+\.\w+", text)) - {"dualrec/systems/bold.py"}  # which a reader is to write
    assert named and all((paths.PACKAGE.parent / path).is_file() for path in named), named


def test_every_module_has_a_test_of_its_name_or_a_reason_why_not():
    without = {
        name.removeprefix("dualrec.")
        for name in MODULES
        if sources.file_of(name).name != "__init__.py" and not (TESTS / mirrored(name)).is_file()
    }
    assert without - TESTED_ELSEWHERE.keys() == set(), "write a test at the mirrored place, or the reason why not"
    assert TESTED_ELSEWHERE.keys() - without == set(), "they have a test, or are no modules: take the reason away"


def test_every_file_of_tests_mirrors_a_module_or_names_its_behaviour():
    mirrors = {mirrored(name) for name in MODULES}
    files = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    others = {file for file in files - mirrors if file.split("/")[0] not in ACROSS}
    assert others == BEHAVIOURS.keys()


def mirrored(module: str) -> str:
    """Where the test of a module belongs, relative to `tests/`."""
    *folders, name = module.split(".")[1:]
    return "/".join([*folders, f"test_{name}.py"])


def test_no_quick_test_loads_a_language_model(request):
    quick = [item for item in request.session.items if not item.get_closest_marker("slow")]
    assert [item.nodeid for item in quick if LOADS_LANGUAGE_MODEL & set(getattr(item, "fixturenames", ()))] == []


def test_every_fixture_that_loads_a_language_model_is_known():
    """By what it calls: whoever writes another one is told here, before the quick tests take minutes."""
    calls: dict[str, set[str]] = {}
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "fixture" in "".join(map(ast.unparse, node.decorator_list)):
                called = {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
                calls.setdefault(node.name, set()).update(name.split(".")[-1] for name in called)
    assert calls.keys() >= LOADS_LANGUAGE_MODEL, "they are no fixtures any more"
    assert {name for name, called in calls.items() if called & LOADERS} <= LOADS_LANGUAGE_MODEL
