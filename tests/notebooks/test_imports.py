"""What the kernel of a chapter imports, since every chapter has one of its own and these packages take seconds."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
# Chapters that read no language model themselves; the vectors of titles are kept by whoever first needs them.
WITHOUT = ("01_data", "02_lstm", "05_rerank", "06_results", "07_diversity", "09_protocols", "12_more_examples")
WITHOUT += ("13_what_a_title_is_worth",)
LANGUAGE = {"transformers", "sentence_transformers", "peft", "accelerate", "openai", "sklearn", "torch._dynamo"}
# What it says of the machine, too: every caption names it.
SCRIPT = """{imports}
import sys
from dualrec import plots
from dualrec.core.machine import hardware
plots.use_style()
hardware()
print(*sys.modules)
"""


def imports(chapter: str) -> list[str]:
    """Every import of a chapter, wherever it stands."""
    cells = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4).cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return list(dict.fromkeys(map(ast.unparse, found)))


def loaded(*lines: str) -> set[str]:
    """The modules of a process that has run these lines."""
    script = SCRIPT.format(imports="\n".join(lines))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_chapters_without_a_language_model_import_none():
    lines = [line for chapter in WITHOUT for line in imports(chapter)]
    assert loaded(*lines) & LANGUAGE == set()


def test_chapters_with_one_do_not_import_what_others_of_their_kind_need():
    others = {path.stem for path in NOTEBOOKS.glob("*.ipynb")} - {*WITHOUT, "04_lora_finetune"}
    found = loaded(*[line for chapter in sorted(others) for line in imports(chapter)])
    assert "transformers" in found and found & {"sentence_transformers", "peft", "openai"} == set()
