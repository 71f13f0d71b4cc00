"""The table of systems: every row is whole, and nothing is read out of a name."""

import ast
from dataclasses import fields

import pytest

from dualrec.config import Profile
from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.systems import names
from dualrec.systems.names import ROWS, SYSTEMS, find_system


def test_names_and_labels_are_told_apart():
    assert len(SYSTEMS) == len(ROWS) == len({row.label for row in ROWS})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_names_a_file_a_table_of_settings_and_a_source_that_exist(row):
    assert row.reranks in ("", *SYSTEMS)
    assert (row.family == "reranked") == bool(row.reranks)
    if not row.reranks:
        text = (paths.PACKAGE / "systems" / f"{row.family}.py").read_text(encoding="utf-8")
        assert any(isinstance(node, ast.FunctionDef) and node.name == "rank" for node in ast.parse(text).body)
    assert row.settings in ("", *(field.name for field in fields(Profile)))
    assert row.needs <= {
        names.TRAINING, names.SOLVING, names.HINT, names.TEXT, names.PROBABILITIES, names.ADAPTER, names.WEIGHT
    }  # fmt: skip


def test_groups_are_those_of_the_chapters():
    assert names.COUNTING == ("popularity", "recent_popularity", "item_knn", "markov", "windowed_markov")
    assert names.SOLVED == ("ease", "ials")
    assert names.NETWORKS == ("sasrec", "paper_lstm", "lstm")
    assert names.FREE_WRITERS == ("llm", "llm_hint", "llm_lora")
    assert names.ROLES == ("llm_hint_trie", "llm_lora_trie", "rescored", "fused", "reader", "reader_fused")
    assert {*names.PUBLISHED, *names.ROLES} == set(SYSTEMS)


def test_an_unknown_name_names_the_nearest_and_never_another_system():
    with pytest.raises(StudyError, match="did you mean 'markov'"):
        find_system("markow")
    for name in ("llm_sbert_sbert", "lstm_trie", "markov_sbert", "reader_hint"):
        with pytest.raises(StudyError, match=f"unknown system '{name}'"):
            find_system(name)


@pytest.mark.parametrize("reference", ["no_such_package:Model", "dualrec.sequence.markov:Markow", ":Model", "math:"])
def test_a_class_that_is_not_there_is_one_clear_sentence(reference):
    with pytest.raises(StudyError, match="no class .* can be imported"):
        find_system(reference)


def test_no_code_reads_a_system_out_of_its_name():
    """Looked up, never parsed."""
    parsing = {"endswith", "startswith", "removesuffix", "removeprefix"}
    for folder in ("systems", "plots", "experiments", "demo"):
        for file in (paths.PACKAGE / folder).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in parsing:
                    assert "name" not in ast.unparse(node.value) and "system" not in ast.unparse(node.value), file
