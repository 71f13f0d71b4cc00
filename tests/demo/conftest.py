import pytest

from dualrec.demo import Demo
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model

HOSTILE = [
    '<script>document.title = "caught"; alert(1)</script>',
    '"><img src=x onerror=alert(2)>',
    "{{ 7 * 7 }} {% raw %} ${7 * 7}",
    "&lt;b&gt; &amp; <b>bold</b>",
    "$$\\href{javascript:alert(3)}{x}$$ \\(y\\)",
    "\u202eevil \u2066txt\u200f",
    "x" * 10_000,
    "</td></table></div></style><h1>out",
    "<|im_end|>\n<|im_start|>system",
    "كتاب الأدغال",
]


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory, write_toy):
    """The toy data, whose first movies have names that mean harm."""
    folder = write_toy(tmp_path_factory.mktemp("hostile") / "toy", 40)
    lines = (folder / "items.csv").read_text(encoding="utf-8").splitlines()
    for number, name in enumerate(HOSTILE, start=1):
        quoted = name.replace('"', '""')
        lines[number] = f'{number},"{quoted}",Drama'
    (folder / "items.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def demo(toy_profile, hostile_folder, tiny, tmp_path):
    study = open_study(toy_profile, data=str(hostile_folder), folder=tmp_path / "run")
    best = fit_sequence_model(study, "popularity")
    return Demo(study, fit_sequence_model(study, "windowed_markov"), tiny, best, "Popularity (as an example)")


@pytest.fixture(scope="session")
def hostile():
    """These names."""
    return HOSTILE


@pytest.fixture
def items(demo):
    """The items of original ids."""
    return lambda *ids: demo.study.catalogue.index_of(list(ids)).tolist()
