"""A study opens a profile and its data, and keeps what it makes in a folder of its own."""

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_sidecar
from dualrec.study import open_study
from dualrec.types import RankedLists


def test_another_seed_has_a_folder_and_a_name_of_its_own(toy_profile, toy_folder):
    studies = [open_study(toy_profile, seed, data=str(toy_folder)) for seed in (0, 3)]
    assert [study.profile.name for study in studies] == ["toy", "toy-seed3"]
    assert [study.folder for study in studies] == [paths.run_dir("toy"), paths.run_dir("toy-seed3")]


def test_users_of_language_models_are_a_seeded_subset_of_the_test_users(toy_profile, toy_folder, tmp_path):
    with open(toy_profile, "a", encoding="utf-8") as file:
        file.write("[llm]\nusers = 5\n")
    study, same, other = (open_study(toy_profile, seed, data=str(toy_folder), folder=tmp_path) for seed in (0, 0, 1))
    assert len(study.cases) == 40 and len(study.llm_cases) == 5
    assert set(study.llm_cases.users) < set(study.cases.users)
    assert study.llm_cases.users.tolist() == same.llm_cases.users.tolist() != other.llm_cases.users.tolist()


def test_popularity_counts_training_events_alone(toy_profile, toy_folder, tmp_path):
    study = open_study(toy_profile, data=str(toy_folder), folder=tmp_path)
    assert study.popularity.sum() == 40 * (12 - 2) and study.popularity[0] == 0


def test_a_ledger_comes_back_with_what_it_takes_to_read_it(toy_profile, toy_folder, tmp_path):
    study = open_study(toy_profile, data=str(toy_folder), folder=tmp_path)
    lists = RankedLists(np.tile(np.arange(1, 4), (len(study.cases), 1)))
    saved = study.save("some", study.cases, lists, 1.234)
    assert study.ledger("some").equals(saved) and len(saved) == 3 * len(study.cases)
    sidecar = read_sidecar(tmp_path / "lists/some.parquet")
    assert sidecar["protocol"] == study.protocol and sidecar["protocol"].endswith("ties in file order")
    assert (sidecar["profile"], sidecar["data"], sidecar["seed"], sidecar["wall_seconds"]) == ("toy", "toy", 0, 1.23)
    with pytest.raises(StudyError, match="there is no ledger .*/another.parquet"):
        study.ledger("another")
