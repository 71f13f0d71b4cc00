"""No file that is read can run code: nothing of the study unpickles, and no model brings code of its own."""

import ast
import json
import subprocess
import sys

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from dualrec.core import paths

ROOT = paths.PACKAGE.parent
PICKLERS = {
    "pickle",
    "_pickle",
    "cPickle",
    "cloudpickle",
    "pickle5",
    "shelve",
    "marshal",
    "dill",
    "joblib",
    "jsonpickle",
}
READERS = {"read_pickle", "to_pickle"}  # of pandas
SOURCES = sorted(
    [*(ROOT / "dualrec").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
)


def code_of(file) -> str:
    """A file's Python; of a notebook the code of all cells, with its magics made Python."""
    if file.suffix == ".py":
        return file.read_text(encoding="utf-8")
    cells = nbformat.read(file, as_version=4).cells
    return "\n".join(TransformerManager().transform_cell(cell.source) for cell in cells if cell.cell_type == "code")


def dangers(code: str) -> list[str]:
    """What in a piece of Python may run the code that a file holds, with its line."""
    return [f"line {node.lineno}: {danger}" for node in ast.walk(ast.parse(code)) if (danger := danger_of(node))]


def danger_of(node: ast.AST) -> str | None:
    """What is wrong with one node of a syntax tree."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names]
        modules = names if isinstance(node, ast.Import) else [node.module or "", *names]
        return next((f"imports {name}" for name in modules if PICKLERS & set(name.split("."))), None)
    if isinstance(node, ast.Attribute | ast.Name):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        return f"uses {name}" if name in READERS | PICKLERS else None
    if not isinstance(node, ast.Call):
        return None
    called, given = ast.unparse(node.func), {word.arg: word.value for word in node.keywords}
    name = called.rpartition(".")[2]
    if called in ("__import__", "importlib.import_module", "import_module") and PICKLERS & {
        str(getattr(a, "value", "")) for a in node.args
    }:
        return f"{called} of a pickler"
    if "trust_remote_code" in given:
        return "passes trust_remote_code"
    if "allow_pickle" in given and not is_constant(given["allow_pickle"], False):
        return "passes allow_pickle"
    if name == "load" and called.startswith(("np.", "numpy.")) and len(node.args) > 2:  # the third is allow_pickle
        return "passes allow_pickle"
    if called == "torch.load" and not is_constant(given.get("weights_only"), True):
        return "torch.load without weights_only=True"
    return None


def is_constant(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_source_unpickles_or_trusts_a_models_code(file):
    assert dangers(code_of(file)) == []


def test_the_whole_study_is_looked_at():
    looked_at = {file.relative_to(ROOT).parts[0] for file in SOURCES}
    assert looked_at == {"dualrec", "benchmarks", "notebooks"} and len(SOURCES) > 80


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import numpy, cloudpickle as c",
        "from pickle import loads",
        "from six.moves import cPickle",
        "import joblib.numpy_pickle",
        "def f():\n    import dill",
        "__import__('marshal')",
        "importlib.import_module('shelve')",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "torch.load(path, **options)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, None, True)",
        "pd.read_pickle(path)",
        "frame.to_pickle(path)",
        "sklearn.externals.joblib.load(path)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "AutoModel.from_pretrained(name, trust_remote_code=False)",
    ],
)
def test_what_would_be_dangerous_is_found(code):
    assert len(dangers(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "# import pickle",
        "'torch.load(path)'",
        "torch.load(path, weights_only=True)",
        "np.load(path)",
        "np.load(path, allow_pickle=False)",
        "json.load(file)",
        "from dualrec.data import load",
    ],
)
def test_what_is_harmless_is_left_alone(code):
    assert dangers(code) == []


WATCHED = """
import json, pickle, sys
from dualrec import __main__, cli, study  # other packages may unpickle while they are imported, before we look
from dualrec.core import checkpoints
from dualrec.systems import rank
found = []
sys.addaudithook(lambda event, args: found.append(list(map(str, args))) if event == "pickle.find_class" else None)
try:
    __main__.main()
finally:
    pickle.loads(pickle.dumps(ValueError))  # on purpose and at the end: the hook would have seen others
    print(json.dumps(found), file=sys.stderr)
"""


@pytest.mark.slow
def test_an_evaluation_looks_no_class_up_for_a_pickle(toy_folder, toy_profile, tmp_path):
    evaluate = ["evaluate", "--data", str(toy_folder), "--profile", toy_profile, "--out", str(tmp_path / "out")]
    evaluate += ["--systems", "popularity,markov,lstm"]
    done = subprocess.run([sys.executable, "-c", WATCHED, *evaluate], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)) == ["popularity", "markov", "lstm"]
    assert json.loads(done.stderr.splitlines()[-1]) == [["builtins", "ValueError"]]
