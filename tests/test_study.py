"""A study opens a profile and its data, says what it left out, and keeps what it makes in a folder of its own."""

import json
import shutil

import numpy as np
import pytest

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_sidecar
from dualrec.sequence.base import top_k
from dualrec.sequence.popularity import Popularity
from dualrec.study import open_study
from dualrec.types import RankedLists


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))


def test_every_data_set_and_every_seed_has_a_folder_of_its_own(
    toy_profile, toy_folder, write_toy, tmp_path, monkeypatch
):
    (tmp_path / "other").mkdir()
    other = write_toy(tmp_path / "other" / toy_folder.name, 39)
    folders = [open_study(toy_profile, data=str(data)).folder for data in (toy_folder, other)]
    folders.append(open_study(toy_profile, 1, str(toy_folder)).folder)
    monkeypatch.chdir(toy_folder)
    assert open_study(toy_profile, data=".").folder == folders[0]
    (toy_folder / "items.csv").write_text((toy_folder / "items.csv").read_text().replace("number 1 ", "number one "))
    folders.append(open_study(toy_profile, data=".").folder)
    assert len(set(folders)) == 4 and all(folder.name.startswith("toy-") for folder in folders)
    assert open_study(toy_profile, data=".", folder=tmp_path / "mine").folder == tmp_path / "mine"
    copy = shutil.copytree(toy_folder, tmp_path / "copies" / toy_folder.name)
    assert open_study(toy_profile, data=str(copy)).folder == folders[3], "the same data is the same data"


def test_what_is_left_out_is_said_and_kept_beside_every_ledger(toy_profile, toy_folder):
    with (toy_folder / "interactions.csv").open("a") as file:
        file.write("1,99,99\n1,4,99\n2,7,0\n50,1,0\n")  # an unknown item, one met before, an exact copy, a short user
    study = open_study(toy_profile, data=str(toy_folder))
    assert [line.partition(" (")[0] for line in study.losses] == ["1 of 484 rows"] * 3 + ["1 of 41 users"] * 2
    model = Popularity(len(study.catalogue)).fit(study.split.train, study.split.validation)
    study.save("popularity", study.cases, top_k(model.scores(study.cases.history), 10), 0)
    notes = read_sidecar(study.folder / "lists" / "popularity.parquet")["notes"]
    assert notes == study.notes == json.loads(json.dumps(study.notes))
    assert {name: notes[name] for name in list(notes) if notes[name] == 1} == {
        "ratings_of_unknown_items": 1,
        "ratings_listed_twice": 1,
        "users_with_too_few_events": 1,
        "events_met_before": 1,
        "users_whose_last_item_was_met_before": 1,
    }


def test_the_core_of_the_data_is_what_is_split_and_the_protocol_names_it(toy_profile, toy_folder, tmp_path):
    with (toy_folder / "interactions.csv").open("a") as file:
        file.write("50,1,0\n50,2,1\n50,3,2\n")
    (tmp_path / "mine.toml").write_text(f'base = {str(toy_profile)!r}\nsummary = "x"\ncore = 4\n')
    study = open_study(str(tmp_path / "mine.toml"), data=str(toy_folder))
    assert study.notes["users_outside_the_core"] == 1 and 50 not in study.data.user_ids
    assert "1 of 41 users" in "".join(study.losses)
    assert "full ranking of the 4-core, first encounters only" in study.protocol
    whole = open_study(toy_profile, data=str(toy_folder))
    assert "full ranking, first encounters only" in whole.protocol and whole.folder != study.folder


def test_the_study_s_own_data_lose_nothing():
    study = open_study("smoke")
    assert study.losses == [] and study.notes["events_met_before"] == 0


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("first", "first encounters only, seen items removed"),
        ("drop", "seen items removed, users without those"),
        ("allow", "seen items may come again"),
    ],
)
def test_the_protocol_names_its_rules(toy_settings, toy_folder, tmp_path, rule, words):
    profile = tmp_path / "ruled.toml"
    profile.write_text(toy_settings + f'[split]\nrepeats = "{rule}"\n')
    study = open_study(str(profile), data=str(toy_folder))
    assert words in study.protocol and "ties in file order" in study.protocol
    assert study.protocol.endswith("equal scores in a fixed random order of the items")
    assert study.cases.history.repeats == (rule == "allow")


def test_another_seed_has_a_folder_and_a_name_of_its_own(toy_profile, toy_folder):
    studies = [open_study(toy_profile, seed, data=str(toy_folder)) for seed in (0, 3)]
    assert [study.profile.name for study in studies] == ["toy", "toy-seed3"]
    own = studies[0].data.digest[:8]
    assert [study.folder for study in studies] == [paths.run_dir(f"{name}-toy-{own}") for name in ("toy", "toy-seed3")]


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
    assert sidecar["protocol"] == study.protocol and "ties in file order" in sidecar["protocol"]
    assert (sidecar["profile"], sidecar["data"], sidecar["seed"], sidecar["wall_seconds"]) == ("toy", "toy", 0, 1.23)
    with pytest.raises(StudyError, match="there is no ledger .*/another.parquet"):
        study.ledger("another")
