"""A second opinion on the LSTM's candidates, played by random weights on the toy study."""

import dataclasses

import numpy as np
import pytest

from dualrec.llm.inference import likelihood
from dualrec.llm.inference.title_trie import build_trie
from dualrec.systems.second_opinion import ask_opinions, choose_fusion, fuse_counts, likelihoods, priors
from dualrec.systems.sequence_models import fit_sequence_model, lstm_hints
from dualrec.systems.summed import Sum, log_counts


def test_opinions_score_the_candidates_of_the_sequence_model(study, tiny, lstm):
    histories = study.cases.history
    opinions, _ = ask_opinions(study, tiny, lstm, histories)
    np.testing.assert_array_equal(opinions.items[:, 0], lstm_hints(study, histories).items[:, 0])
    assert opinions.items.shape == (40, study.profile.llm.candidates)
    valid = opinions.items > 0
    assert np.isfinite(opinions.sequence[valid]).all() and (opinions.language[valid] < 0).all()
    assert (np.diff(np.where(valid, opinions.sequence, -1e9), axis=1) <= 0).all()
    prompts = study.prompts_for(tiny, histories, lstm_hints(study, histories))
    trie = build_trie(tiny.tokenizer, study.catalogue.titles)
    alone, _ = likelihoods(study, tiny, prompts[7:8], trie, opinions.items[7:8])
    np.testing.assert_allclose(alone[0], opinions.language[7], atol=1e-4)


def test_priors_are_one_number_per_title(study, tiny, lstm):
    by_name = priors(study, tiny, lstm)
    assert by_name.keys() == {"no history", "other people"}
    for values in by_name.values():
        assert values.shape == (len(study.catalogue) + 1,) and values[0] == 0 and (values[1:] < 0).all()


def test_a_profile_may_score_the_most_watched_titles_alone(study, tiny, lstm):
    everything = priors(study, tiny, lstm)
    few = dataclasses.replace(study.profile.llm, prior_titles=7)
    study.profile = dataclasses.replace(study.profile, llm=few)
    most_watched = set((1 + np.argsort(-study.popularity[1:], kind="stable")[:7]).tolist())
    for name, values in priors(study, tiny, lstm).items():
        assert set(np.flatnonzero(~np.isnan(values)).tolist()) == most_watched | {0}
        places = sorted(most_watched)
        np.testing.assert_allclose(values[places], everything[name][places], atol=1e-4)
    assert set(choose_fusion(study, tiny, lstm).grid.prior) == {"none", "no history", "other people"}


def test_what_was_computed_is_read_back(study, tiny, lstm, monkeypatch):
    opinions, seconds = ask_opinions(study, tiny, lstm, study.cases.history)
    first_priors = priors(study, tiny, lstm)
    monkeypatch.setattr(likelihood, "score_titles", lambda *_: pytest.fail("computed again"))
    again, kept = ask_opinions(study, tiny, lstm, study.cases.history)
    np.testing.assert_array_equal(again.language, opinions.language)
    assert kept == seconds
    kept_priors = priors(study, tiny, lstm)
    assert all((kept_priors[name] == first_priors[name]).all() for name in first_priors)


def test_the_chosen_fusion_is_the_best_on_validation(study, tiny, lstm):
    fusion = choose_fusion(study, tiny, lstm)
    validation = study.validation
    opinions, _ = ask_opinions(study, tiny, lstm, validation.history)
    lists = opinions.ranked(opinions.fused(fusion.prior, fusion.beta, fusion.weight), 10).items
    hit = lists == validation.targets[:, None]
    ndcg = np.where(hit.any(axis=1), 1 / np.log2(hit.argmax(axis=1) + 2), 0).mean()
    assert ndcg == pytest.approx(fusion.grid.ndcg.max())


def test_a_model_that_counts_may_be_the_second_opinion_on_the_same_candidates(study, tiny, lstm):
    """Of all the LSTM's candidates the fused order is that of the sum of both models, at the chosen weight."""
    chain, histories = fit_sequence_model(study, "windowed_markov"), study.cases.history
    lists, grid = fuse_counts(study, chain, lstm, histories)
    best = grid.sort_values(["ndcg", "weight"], ascending=[False, True], kind="stable").iloc[0]
    assert grid.weight.tolist() == choose_fusion(study, tiny, lstm).grid.query("prior == 'none'").weight.tolist()
    opinions, _ = ask_opinions(study, tiny, lstm, histories)
    assert (np.isin(lists.items, [*opinions.items.ravel(), -1])).all()
    counts = log_counts(chain.scores(histories))
    both = Sum(lstm, chain, counts=True, weight=float(best.weight)).scores(histories)
    for user in range(len(histories)):
        candidates = [item for item in opinions.items[user] if item > 0]
        ordered = sorted(candidates, key=lambda item: -both[user, item])
        listed = [item for item in lists.items[user] if item > 0]
        np.testing.assert_allclose(both[user, listed], both[user, ordered[: len(listed)]], atol=1e-4)
        assert np.isfinite(counts[user, listed]).all()
