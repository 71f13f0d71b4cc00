"""What a module reaches, and what counts as a change of it."""

import pytest

from dualrec.core import sources

LAZY = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from dualrec.notebook import show
else:
    import dualrec.core.errors
def later():
    from dualrec.core import paths
    import_module(f"dualrec.profiles.{name}")
if __name__ == "__main__":
    import dualrec.core.shell
"""
CODE = "def f(x):\n    return x\n"


def test_lazy_dynamic_and_main_imports_are_seen_and_those_for_type_checkers_are_not():
    assert sources.imports_of(LAZY) == {
        "dualrec",
        "dualrec.core",
        "dualrec.core.errors",
        "dualrec.core.paths",
        "dualrec.core.shell",
        "dualrec.profiles",
        "dualrec.profiles.load",
    }


def test_a_module_reaches_itself_its_packages_and_what_they_import():
    reached = sources.closure(["dualrec.core.git", "dualrec.evaluation.ledger"])
    assert {"dualrec", "dualrec.core", "dualrec.core.git", "dualrec.core.artifacts", "dualrec.types"} <= reached
    assert not {name for name in reached if name.startswith("dualrec.llm")}


def test_settings_are_no_part_of_the_code_that_a_key_holds():
    assert "dualrec.config" in sources.closure(["dualrec.data.splits"])
    assert "dualrec.config.profile" in sources.closure(["dualrec.data.splits"])
    assert not [name for name in sources.reached("dualrec.data.splits") if name.startswith("dualrec.config")]


@pytest.mark.parametrize("name", ["dualrec", "dualrec.core", "dualrec.core.git"])
def test_every_module_has_its_file_and_its_name_back(name):
    assert name in sources.module_names()
    assert sources.file_of(name).is_file()


def test_prose_does_not_change_a_hash_and_code_does():
    documented = '"""What it is."""\n# why\ndef f(x):\n    """What it does."""\n    return x  # so\n'
    assert sources.tree_hash(documented) == sources.tree_hash(CODE)
    assert sources.tree_hash(CODE.replace("return x", "return -x")) != sources.tree_hash(CODE)
    assert sources.tree_hash("def f():\n    'Nothing but a docstring.'\n") == sources.tree_hash("def f():\n    pass\n")
