"""Every system by its name: what its lists hold, and what cannot reach them."""

import dataclasses

import numpy as np
import pytest

from dualrec.evaluation.metrics import per_user
from dualrec.systems import names
from dualrec.systems.cases import cases_for
from dualrec.systems.names import SYSTEMS
from dualrec.systems.parts import Parts
from dualrec.systems.rank import rank
from dualrec.systems.sequence_models import lstm_hints
from dualrec.types import Cases

LOCAL = [name for name in SYSTEMS if name not in names.FREE_WRITERS and SYSTEMS[name].reranks not in names.FREE_WRITERS]


@pytest.fixture
def parts(study, tiny):
    """Random weights in the place of the language model, with and without adapter."""
    shared = Parts(study)
    shared.language_model = shared.fine_tuned = tiny
    return shared


def test_every_sequence_model_ranks_unseen_items(study):
    histories = study.cases.history
    for name in (*names.SEQUENCE_MODELS, "lstm_sbert"):
        items = rank(study, name, histories, 5).items
        assert items.shape == (40, 5) and (items > 0).all()
        assert not any(set(items[row]) & set(histories.sequence(row)) for row in range(40)), name


def test_markov_finds_the_rule_of_the_toy(study):
    ledger = study.save("markov", study.cases, rank(study, "markov", study.cases.history, 5), seconds=0)
    assert per_user(ledger)["HR@1"].mean() == 1


def test_a_reranked_system_holds_the_items_of_its_source(study):
    plain, reranked = (rank(study, name, study.cases.history, 5).items for name in ("lstm", "lstm_sbert"))
    assert (np.sort(plain, axis=1) == np.sort(reranked, axis=1)).all() and (plain != reranked).any()


def test_no_target_reaches_a_list_a_hint_or_a_prompt(study, parts, tiny):
    """Sentinel targets: every list, hint and prompt stays as it was when all test targets are replaced."""
    histories = study.cases.history
    before = {name: rank(study, name, cases_for(study, SYSTEMS[name]).history, 5, parts).items for name in LOCAL}
    hints_before = lstm_hints(study, histories)
    prompts_before = study.prompts_for(tiny, histories, hints_before)
    test = study.split.test
    study.split = dataclasses.replace(study.split, test=Cases(test.history, np.full_like(test.targets, 30)))
    del study.cases
    fresh = Parts(study)
    fresh.language_model = fresh.fine_tuned = tiny
    for name, items in before.items():
        cases = cases_for(study, SYSTEMS[name])
        assert len(cases) == 40 and (cases.targets == 30).all()
        np.testing.assert_array_equal(rank(study, name, cases.history, 5, fresh).items, items, err_msg=name)
    hints_after = lstm_hints(study, study.cases.history)
    np.testing.assert_array_equal(hints_after.items, hints_before.items)
    assert study.prompts_for(tiny, study.cases.history, hints_after) == prompts_before
