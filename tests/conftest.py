"""What tests share. Nothing imports PyTorch or transformers at the top: `make check` runs tests that need neither."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from dualrec.core.timing import seconds_spent
from dualrec.types import Sequences

if TYPE_CHECKING:
    from dualrec.data.catalogue import Catalogue
    from dualrec.llm.local import LLM

# Fixtures that load a tokenizer or a language model: whatever asks for one of them is marked `slow`.
LOADS_LANGUAGE_MODEL = {"tokenizer", "tiny", "tiny_folder", "llm", "served"}

settings.register_profile("short", max_examples=200, deadline=None)
settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("torture", max_examples=5000, deadline=None)
# `make check` and `make torture` ask for the others; a test that names its own number would not hear of it.
settings.load_profile("short")


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that loads a language model, by its own fixtures or by theirs; tests of the whole begin.

    These take minutes each, and what begins last is what all wait for.
    """
    for item in items:
        if LOADS_LANGUAGE_MODEL.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: "whole" not in item.path.parts)


TOY_PROFILE = """
summary = "a toy"
data = "ml-100k"
seeds = 1
[lstm]
id_dim = 8
title_dim = 4
genre_dim = 4
hidden = [8, 8]
dense = 8
title_side = "sbert"
tied = true
batch_size = 8
epochs = 2
[paper_lstm]
id_dim = 8
title_dim = 4
genre_dim = 4
hidden = [8, 8]
dense = 8
batch_size = 8
epochs = 1
[sasrec]
dim = 8
batch_size = 8
epochs = 2
[reader]
window = 6
positions = 3
epochs = 2
[evaluation]
resamples = 50
"""


@pytest.fixture(scope="session")
def spends():
    """A block whose work must count as these kinds and no other, see `core.timing`."""

    @contextmanager
    def block(*kinds):
        before = seconds_spent()
        yield
        assert {kind for kind, seconds in seconds_spent().items() if seconds > before[kind]} == set(kinds)

    return block


@pytest.fixture
def toy_catalogue() -> Catalogue:
    from dualrec.data.catalogue import Catalogue

    titles = [
        "",
        "Toy Story (1995)",
        "Heat (1995)",
        "The Postman (Il Postino) (1994)",
        "Beauty & the Beast (1991)",
        "Les Misérables (1995)",
        "unknown",
        "Heat (1995)",
        "Star Wars (1977)",
    ]
    years = np.array([0, 1995, 1995, 1994, 1991, 1995, 0, 1995, 1977])
    genres = np.zeros((9, 2), np.float32)
    genres[[1, 4], 0] = 1
    genres[[2, 3, 5, 7, 8], 1] = 1
    return Catalogue(
        ids=np.arange(9) * 10, titles=titles, years=years, genres=genres, genre_names=("Animation", "Drama")
    )


@pytest.fixture
def toy_history() -> Sequences:
    return Sequences.from_lists([7, 9], [[1, 2, 3], [8]])


@pytest.fixture(scope="session")
def write_toy():
    """Writes users who walk through thirty movies, twelve each, in the plain layout."""
    return _write_toy


def _write_toy(folder: Path, users: int) -> Path:
    folder.mkdir()
    items = "".join(f"{i},Movie number {i} ({1960 + i}),Drama|Comedy\n" for i in range(1, 31))
    (folder / "items.csv").write_text("item_id,title,genres\n" + items, encoding="utf-8")
    events = "".join(f"{u},{(u * 3 + t) % 30 + 1},{t}\n" for u in range(1, users + 1) for t in range(12))
    (folder / "interactions.csv").write_text("user_id,item_id,order\n" + events, encoding="utf-8")
    return folder


@pytest.fixture
def toy_folder(tmp_path, write_toy) -> Path:
    """Forty of these users."""
    return write_toy(tmp_path / "toy", 40)


@pytest.fixture
def toy_profile(tmp_path) -> str:
    path = tmp_path / "toy.toml"
    path.write_text(TOY_PROFILE, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def toy_settings() -> str:
    """What this profile says."""
    return TOY_PROFILE


@pytest.fixture(scope="session")
def tokenizer():
    from transformers import AutoTokenizer

    from dualrec.llm.local import converted_folder

    return AutoTokenizer.from_pretrained(converted_folder("smollm2-135m"), padding_side="left")


@pytest.fixture
def tiny(tokenizer):
    """Random weights of a small architecture of the same family, under the real tokenizer."""
    return _tiny(tokenizer)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory, tokenizer) -> Path:
    """The same as a folder that a profile may name."""
    folder = tmp_path_factory.mktemp("tiny")
    _tiny(tokenizer).model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tiny(tokenizer) -> LLM:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from dualrec.llm.local import LLM

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    return LLM("tiny", LlamaForCausalLM(config).eval(), tokenizer)
