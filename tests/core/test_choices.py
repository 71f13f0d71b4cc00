"""Options that may stand anywhere, and the variables behind them."""

import os

import pytest

from dualrec.core.choices import chosen, take
from dualrec.core.errors import StudyError


@pytest.fixture(autouse=True)
def _nothing_chosen(monkeypatch):
    for variable in ("DUALREC_DEVICE", "DUALREC_PRECISION"):
        monkeypatch.setenv(variable, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--device", "cpu", "evaluate", "--precision", "float32", "--seed", "1"],
        ["evaluate", "--precision=float32", "--seed", "1", "--device=cpu"],
    ],
)
def test_they_are_taken_out_and_put_into_the_environment(arguments):
    assert take(arguments) == ["evaluate", "--seed", "1"]
    assert chosen("--device") == os.environ["DUALREC_DEVICE"] == "cpu" and chosen("--precision") == "float32"


def test_without_them_nothing_is_chosen():
    assert take(["run", "--only", "03"]) == ["run", "--only", "03"]
    assert chosen("--device") is None and chosen("--precision") is None


@pytest.mark.parametrize("arguments", [["--device", "gpu"], ["--device"], ["--device="], ["--precision", "double"]])
def test_other_values_are_refused(arguments):
    with pytest.raises(ValueError, match=r"^--\w+ is '\w*'; choose (cpu or cuda or mps|float32 or bfloat16)$"):
        take(["run", *arguments])


def test_so_are_those_of_a_variable(monkeypatch):
    monkeypatch.setenv("DUALREC_PRECISION", "half")
    with pytest.raises(StudyError, match="DUALREC_PRECISION is 'half'; set it to float32 or bfloat16, or unset it"):
        chosen("--precision")
