"""The roles of a language model, played by random weights on the toy study: what they may give and what they may not see."""

import dataclasses

import numpy as np
import pytest

from dualrec.llm.inference.title_trie import build_trie
from dualrec.study import open_study
from dualrec.systems import language_models as language_ranking
from dualrec.systems import rank as ranking
from dualrec.systems import roles
from dualrec.systems import sequence_models as systems
from dualrec.types import Cases


@pytest.fixture
def llm(tiny):
    return tiny


@pytest.fixture
def study(toy_profile, toy_folder, tmp_path):
    return open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")


def test_the_catalogue_writer_fills_every_list_with_unseen_movies(study, llm):
    histories = study.cases.history
    lists, seconds = roles.write_from_catalogue(study, llm, histories, systems.lstm_hints(study, histories), 5)
    assert seconds > 0 and lists.items.shape == (40, 5) and (lists.items > 0).all()
    for row in range(40):
        assert len(set(lists.items[row].tolist())) == 5
        assert not set(lists.items[row].tolist()) & set(histories.sequence(row).tolist())


def test_opinions_score_the_candidates_of_the_temporal_model(study, llm):
    model, histories = systems.fit_sequence_model(study, "lstm"), study.cases.history
    both, _ = roles.opinions(study, llm, model, histories)
    np.testing.assert_array_equal(both.items[:, 0], systems.lstm_hints(study, histories).items[:, 0])
    assert both.items.shape == (40, study.profile.llm.candidates)
    assert np.isfinite(both.temporal[both.items > 0]).all() and (both.language[both.items > 0] < 0).all()
    assert (np.diff(np.where(both.items > 0, both.temporal, -1e9), axis=1) <= 0).all()
    prompts = roles.prompts_for(study, llm, histories, systems.lstm_hints(study, histories))
    titles = build_trie(llm.tokenizer, study.catalogue.titles)
    alone, _ = roles.likelihoods(study, llm, prompts[7:8], titles, both.items[7:8])
    np.testing.assert_allclose(alone[0], both.language[7], atol=1e-4)


def test_priors_are_one_number_per_title(study, llm):
    known = roles.priors(study, llm, systems.fit_sequence_model(study, "lstm"))
    assert known.keys() == {"no history", "other people"}
    for values in known.values():
        assert values.shape == (len(study.catalogue) + 1,) and values[0] == 0 and (values[1:] < 0).all()


def test_a_profile_may_score_the_most_watched_titles_alone(study, llm):
    model, asked = systems.fit_sequence_model(study, "lstm"), study.profile.llm
    everything = roles.priors(study, llm, model)
    study.profile = dataclasses.replace(study.profile, llm=dataclasses.replace(asked, prior_titles=7))
    some = roles.priors(study, llm, model)
    watched = set((1 + np.argsort(-study.popularity[1:], kind="stable")[:7]).tolist())
    for name, values in some.items():
        assert set(np.flatnonzero(~np.isnan(values)).tolist()) == watched | {0}
        np.testing.assert_allclose(values[sorted(watched)], everything[name][sorted(watched)], atol=1e-4)
    assert set(roles.choose_fusion(study, llm, model).searched.prior) == {"none", "no history", "other people"}


def test_what_was_computed_is_read_back(study, llm, monkeypatch):
    histories = study.cases.history
    first, seconds = roles.write_from_catalogue(study, llm, histories, None, 5)
    both, _ = roles.opinions(study, llm, systems.fit_sequence_model(study, "lstm"), histories)
    known = roles.priors(study, llm, systems.fit_sequence_model(study, "lstm"))
    for name in ("beam_search", "score_titles"):
        monkeypatch.setattr(roles, name, lambda *_: pytest.fail("computed again"))
    again, kept = roles.write_from_catalogue(study, llm, histories, None, 5)
    np.testing.assert_array_equal(again.items, first.items)
    assert kept == seconds
    read, _ = roles.opinions(study, llm, systems.fit_sequence_model(study, "lstm"), histories)
    np.testing.assert_array_equal(read.language, both.language)
    kept_priors = roles.priors(study, llm, systems.fit_sequence_model(study, "lstm"))
    assert all((kept_priors[name] == known[name]).all() for name in known)


def test_more_titles_than_beams_can_be_asked_for(study, llm):
    lists, _ = roles.write_from_catalogue(study, llm, study.cases.history, None, 15)
    assert (lists.items > 0).all() and study.profile.llm.beam < 15


def test_no_test_target_reaches_a_role_or_a_choice(study, llm, monkeypatch):
    """Sentinel targets: lists and the chosen fusion stay as they were when all test targets are replaced."""
    monkeypatch.setattr(language_ranking, "fine_tuned_llm", lambda _: llm)
    monkeypatch.setattr(language_ranking, "load_llm", lambda _: llm)
    before = [ranking.rank(study, name, study.cases.history, 5).items for name in systems.ROLES]
    test = study.split.test
    study.split = dataclasses.replace(study.split, test=Cases(test.history, np.full_like(test.targets, 30)))
    del study.cases
    for name, items in zip(systems.ROLES, before, strict=True):
        assert len(systems.cases_for(study, name)) == 40 and (systems.cases_for(study, name).targets == 30).all()
        np.testing.assert_array_equal(ranking.rank(study, name, study.cases.history, 5).items, items)


def test_the_chosen_fusion_is_the_best_on_validation(study, llm):
    model = systems.fit_sequence_model(study, "lstm")
    way = roles.choose_fusion(study, llm, model)
    validation = study.validation
    both, _ = roles.opinions(study, llm, model, validation.history)
    lists = both.ranked(both.fused(way.prior, way.beta, way.weight), 10).items
    hit = lists == validation.targets[:, None]
    ndcg = np.where(hit.any(axis=1), 1 / np.log2(hit.argmax(axis=1) + 2), 0).mean()
    assert ndcg == pytest.approx(way.searched.ndcg.max())
