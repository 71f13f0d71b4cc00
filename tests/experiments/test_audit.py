"""The audit's cases hide five movies; nothing that a system or the audited ranker is told depends on them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.released import AUDITED, evaluate
from dualrec.experiments.audit import (
    audit_cases,
    listed_outputs,
    random_items,
    released_split,
    sentence_vectors,
    written_outputs,
)
from dualrec.study import open_study
from dualrec.systems.sequence_models import fit_sequence_model, lstm_hints
from dualrec.types import Hints


@pytest.fixture
def study(toy_profile, toy_folder, tmp_path):
    return open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")


def test_five_movies_are_hidden_from_histories_and_models(study):
    audit = audit_cases(study)
    for row, user in enumerate(audit.cases.users):
        everything = study.data.interactions[study.data.interactions.user_id == user].item.tolist()
        assert audit.cases.history.sequence(row).tolist() == everything[:-5]
        assert audit.truth.targets[row].tolist() == everything[-5:]
        assert audit.split.train.sequence(row).tolist() == everything[:-6]  # the one before the five is for validation
    assert (audit.cases.targets == audit.truth.targets[:, 0]).all()
    assert audit.truth.popularity.sum() == len(audit.split.train.items)


@pytest.fixture
def ratings(toy_profile, toy_folder, tmp_path):
    """A study of users 1, 2, … with the given numbers of events, in a file of shuffled rows.

    Event t of user u is movie u + t.
    """

    def opened(*lengths):
        rows = [(user, (user + t - 1) % 30 + 1, t) for user, events in enumerate(lengths, 1) for t in range(events)]
        shuffled = pd.DataFrame(rows, columns=["user_id", "item_id", "order"]).sample(frac=1, random_state=0)
        shuffled.to_csv(toy_folder / "interactions.csv", index=False)
        return open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")

    return opened


def as_lists(sequences):
    return {int(user): sequences.sequence(row).tolist() for row, user in enumerate(sequences.users)}


def test_the_released_rows_by_hand(ratings):
    """A hundred rows: 0-69 train, 70-84 validate, 85-99 test; users begin at rows 0, 30, 60, 74, 80, 88 and 91."""
    study = ratings(30, 30, 14, 6, 8, 3, 9)
    ids = study.catalogue.ids
    split = released_split(study, audit_cases(study))
    trained = as_lists(split.train)
    assert {user: len(events) for user, events in trained.items()} == {1: 30, 2: 30, 3: 10}
    assert ids[trained[3]].tolist() == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12], (
        "the border cuts user 3, who keeps the first ten"
    )
    validated = {user: ids[items].tolist() for user, items in as_lists(split.validation.history).items()}
    assert validated == {4: [4, 5, 6, 7, 8], 5: [5, 6, 7, 8]}, "of user 5 five rows come before row 85"
    assert ids[split.validation.targets].tolist() == [9, 9]
    assert split.left_out == 1, "four rows of user 3 are too few to validate on"
    tested = {user: ids[items].tolist() for user, items in as_lists(split.test.history).items()}
    assert tested == {7: [7, 8, 9, 10]} and ids[split.test.targets].tolist() == [11], "user 6 has nothing to hide"


def test_no_event_of_a_released_test_user_is_trained_or_validated_on(ratings):
    study = ratings(*(7 + user % 5 for user in range(1, 42)))
    audit = audit_cases(study)
    split = released_split(study, audit)
    rows = study.data.interactions.sort_values(["user_id", "timestamp"])
    trained = rows[np.arange(len(rows)) < 0.7 * len(rows)]
    assert as_lists(split.train) == trained.groupby("user_id")["item"].agg(list).to_dict()
    assert 0 < trained.user_id.value_counts()[trained.user_id.max()] < (rows.user_id == trained.user_id.max()).sum(), (
        "a user is cut"
    )
    others = {*split.train.users, *split.validation.users}
    assert len(split.test) and not others & {*split.test.users}
    measured = replace(AUDITED, row_split=True)
    listed = listed_outputs(
        study,
        audit.truth.targets,
        lstm_hints(study, audit.cases.history, fit_sequence_model(study, "lstm", split=split)),
    )
    frame = evaluate(listed, audit.truth, sentence_vectors(study, listed), measured, 0)
    assert frame.index.tolist() == split.test.users.tolist()
    assert (frame["HR@5"] == 1).all(), "the lists are the answers"


def test_too_few_users_for_the_released_rows_are_named(ratings):
    for lengths, users in (
        ((20, 20), "1 users for validation and 0"),
        ((30, 12, 3, 3, 3, 9), "0 users for validation and 1"),
    ):
        study = ratings(*lengths)
        with pytest.raises(StudyError, match=f"leaves {users}.* for the test"):
            released_split(study, audit_cases(study))


def test_the_audited_users_are_the_profiles_or_as_many_as_asked_for(study):
    study.profile = replace(study.profile, audit=replace(study.profile.audit, users=3))
    found = [audit_cases(study, users) for users in (None, 5, 0)]
    assert [len(audit.cases) for audit in found] == [3, 5, 40]
    assert all(len(audit.truth.last_rows) == len(audit.cases) for audit in found)


def test_written_titles_keep_their_place_and_what_they_stand_for(study):
    audit = audit_cases(study)
    audit = replace(audit, cases=audit.cases.take([0]))
    seen = study.catalogue.titles[audit.cases.history.sequence(0)[0]]
    new = study.catalogue.titles[audit.truth.targets[0, 0]]
    hints = Hints(audit.truth.targets[:1, :1], np.ones((1, 1)))
    found = written_outputs(
        study, audit, [f" {seen}\n2. The Big Leopard\n3. {new}\n4. {new}\n5. {seen}\n6. {seen}\n"], hints, 5
    )
    assert found.titles == [[seen, "The Big Leopard", new, new, seen]]
    assert found.items == [[-1, -1, audit.truth.targets[0, 0], -1, -1]]
    assert found.hints == [new]


def test_random_titles_are_unseen_different_and_seeded(study):
    histories = audit_cases(study).cases.history
    items = random_items(study, histories, 6)
    for row in range(len(items)):
        assert (
            len(set(items[row])) == 6 and not set(items[row]) & set(histories.sequence(row)) and items[row].min() >= 1
        )
    np.testing.assert_array_equal(items, random_items(study, histories, 6))
    study.seed = 1
    assert (items != random_items(study, histories, 6)).any()


def test_sentinel_targets_change_no_output_and_no_audited_rank(study):
    """All that may change with the targets is whether a place counts as a hit."""
    audit = audit_cases(study)
    sentinel = replace(audit, truth=replace(audit.truth, targets=np.full_like(audit.truth.targets, 30)))

    def outputs(cases):
        hints = lstm_hints(study, cases.cases.history, fit_sequence_model(study, "lstm", split=cases.split))
        texts = [f" {study.catalogue.titles[3]}\n2. {study.catalogue.titles[9]}\n"] * len(cases.cases)
        return written_outputs(study, cases, texts, hints, 5), listed_outputs(
            study, random_items(study, cases.cases.history, 5), hints
        )

    assert outputs(audit) == outputs(sentinel)
    _, blind = outputs(audit)
    vectors = sentence_vectors(study, blind)
    ranks = []
    for place in range(5):  # ask where each written item ends up, whatever the real targets are
        wanted = np.array(blind.items)[:, [place]].repeat(5, axis=1)
        ranks.append(evaluate(blind, replace(audit.truth, targets=wanted), vectors, AUDITED, 0)["NDCG@5"])
    assert np.allclose(sum(ranks), sum(1 / np.log2(np.arange(2, 7)))), (
        "five items take five places: no target moved one"
    )
