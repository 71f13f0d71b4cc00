"""The audit's cases hide five movies; nothing that a system or the audited ranker is told depends on them."""

from dataclasses import replace

import numpy as np
import pytest

from dualrec.audit import audit_cases, listed_outputs, random_items, sentence_vectors, written_outputs
from dualrec.evaluation.released import AUDITED, evaluate
from dualrec.study import open_study
from dualrec.systems import fit_temporal, hint
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


def test_written_titles_keep_their_place_and_what_they_stand_for(study):
    audit = audit_cases(study)
    audit = replace(audit, cases=audit.cases.take([0]))
    seen = study.catalogue.titles[audit.cases.history.sequence(0)[0]]
    new = study.catalogue.titles[audit.truth.targets[0, 0]]
    hints = Hints(audit.truth.targets[:1, :1], np.ones((1, 1)))
    found = written_outputs(study, audit, [f" {seen}\n2. The Big Leopard\n3. {new}\n4. {new}\n5. {seen}\n6. {seen}\n"], hints, 5)
    assert found.titles == [[seen, "The Big Leopard", new, new, seen]]
    assert found.items == [[-1, -1, audit.truth.targets[0, 0], -1, -1]]
    assert found.hints == [new]


def test_random_titles_are_unseen_different_and_seeded(study):
    histories = audit_cases(study).cases.history
    items = random_items(study, histories, 6)
    for row in range(len(items)):
        assert len(set(items[row])) == 6 and not set(items[row]) & set(histories.sequence(row)) and items[row].min() >= 1
    np.testing.assert_array_equal(items, random_items(study, histories, 6))
    study.seed = 1
    assert (items != random_items(study, histories, 6)).any()


def test_sentinel_targets_change_no_output_and_no_audited_rank(study):
    """All that may change with the targets is whether a place counts as a hit."""
    audit = audit_cases(study)
    sentinel = replace(audit, truth=replace(audit.truth, targets=np.full_like(audit.truth.targets, 30)))

    def outputs(cases):
        hints = hint(study, cases.cases.history, fit_temporal(study, "lstm", split=cases.split))
        texts = [f" {study.catalogue.titles[3]}\n2. {study.catalogue.titles[9]}\n"] * len(cases.cases)
        return written_outputs(study, cases, texts, hints, 5), listed_outputs(study, random_items(study, cases.cases.history, 5), hints)

    assert outputs(audit) == outputs(sentinel)
    _, blind = outputs(audit)
    vectors = sentence_vectors(study, blind)
    ranks = []
    for place in range(5):  # ask where each written item ends up, whatever the real targets are
        wanted = np.array(blind.items)[:, [place]].repeat(5, axis=1)
        ranks.append(evaluate(blind, replace(audit.truth, targets=wanted), vectors, AUDITED, 0)["NDCG@5"])
    assert np.allclose(sum(ranks), sum(1 / np.log2(np.arange(2, 7)))), "five items take five places: no target moved one"
