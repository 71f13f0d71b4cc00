"""A study says what it left out, names its rules, and never works in the folder of another."""

import json
import shutil

import pytest

from dualrec.evaluation.ledger import read_sidecar
from dualrec.sequence.base import top_k
from dualrec.sequence.popularity import Popularity
from dualrec.study import open_study


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))


def test_data_of_one_name_other_seeds_and_changed_data_have_folders_of_their_own(toy_profile, toy_folder, write_toy, tmp_path, monkeypatch):
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
