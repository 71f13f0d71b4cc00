"""What shards of known ranks say: differences, groups and the hybrid by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dualrec.evaluation.shards import Place, Shard
from dualrec.experiments.primary import Hybrid, primary_comparisons
from dualrec.experiments.representation_analysis import analysed
from dualrec.experiments.representation_arms import LABELS, NETWORKS
from dualrec.types import Cases, Sequences

N = 40
DECLARED = primary_comparisons("representation")
PRIMARY = replace(DECLARED, resamples=400, hybrid=replace(DECLARED.hybrid, p=0.02))
SHARD_LABELS = {f"{network}-{arm}": f"{network} {label}" for network in NETWORKS for arm, label in LABELS.items()}
HISTORIES = Sequences.from_lists(range(N), [[1] * (3 if user < 10 else 30) for user in range(N)])


def study(profile="laptop"):
    """Forty people: half of the targets were trained twice, the others fifty times; ten histories are short."""
    cases = Cases(HISTORIES, np.arange(N) % 2 + 1)
    config = SimpleNamespace(name=profile, evaluation=SimpleNamespace(resamples=100))
    split = SimpleNamespace(test=cases)
    return SimpleNamespace(profile=config, seed=0, split=split, popularity=np.array([0, 2, 50]), protocol="audited")


def shards(ranks_of: dict[str, int | np.ndarray], seeds: int = 2) -> list[Shard]:
    """Arm -> the rank of every target, the same with each seed."""
    return [
        Shard("laptop", "representation", Place(arm, "test", seed), np.uint16(np.zeros(N) + ranks), *[None] * 7)
        for arm, ranks in ranks_of.items()
        for seed in range(seeds)
    ]


def measured(**changes):
    """Ranks of the five primary arms; rank 1 is worth 1, rank 3 is worth 1/2, rank 7 a third."""
    ranks = {"sbert": 1, "ids_genres_years": 3, "permuted": 7, "language_model": 1, "random_weights": 3} | changes
    return shards({f"lstm-{arm}": rank for arm, rank in ranks.items()})


@pytest.fixture(autouse=True)
def no_epochs(monkeypatch):
    from dualrec.experiments import representation_analysis

    monkeypatch.setattr(representation_analysis, "seconds_per_epoch", lambda _: 0.5)


def test_the_primary_comparisons_by_hand():
    found = analysed(study(), PRIMARY, measured(), {}, SHARD_LABELS)
    rows = {(row["arm"], row["against"]): row for row in found["primary"]}
    assert list(rows) == [(f"lstm-{a}", f"lstm-{b}") for a, b in PRIMARY.pairs]
    assert [row["delta"] for row in rows.values()] == pytest.approx([1 / 2, 2 / 3, 0, 1 / 2])
    assert [row["verdict"] for row in rows.values()] == ["better", "better", "no gain", "better"]
    smallest = 2 / 401
    assert [row["p_holm"] for row in rows.values()] == pytest.approx([4 * smallest, 4 * smallest, 1, 4 * smallest])
    assert {row["margin"] for row in rows.values()} == {0.005}
    assert all(row["n"] == N and row["seeds"] == 2 for row in rows.values())
    system = found["systems"]["lstm-permuted"]
    assert system["metrics"]["NDCG@10"]["value"] == pytest.approx(1 / 3) and system["seeds"] == [0, 1]
    assert system["label"] == "lstm + SBERT of other items"


def test_intervals_alone_where_no_verdict_is_declared():
    found = analysed(study("lastfm"), PRIMARY, measured(), {}, SHARD_LABELS)
    assert len(found["primary"]) == 4
    assert all(not row.keys() & {"p", "p_holm", "verdict"} and row["low"] <= row["high"] for row in found["primary"])


def test_a_pair_that_is_missing_leaves_no_verdict_on_the_others():
    there = [shard for shard in measured() if shard.place.arm != "lstm-random_weights"]
    found = analysed(study(), PRIMARY, there, {}, SHARD_LABELS)
    assert found["primary"] == []
    assert {(row["arm"], row["against"]) for row in found["described"]} >= {("lstm-sbert", "lstm-permuted")}
    assert all("p" not in row and "verdict" not in row for row in found["described"])


def test_only_seeds_that_both_have_are_compared():
    there = [shard for shard in measured() if shard.place != Place("lstm-permuted", "test", 0)]
    rows = {(row["arm"], row["against"]): row for row in analysed(study(), PRIMARY, there, {}, SHARD_LABELS)["primary"]}
    assert rows["lstm-sbert", "lstm-permuted"]["seeds"] == 1
    assert rows["lstm-sbert", "lstm-ids_genres_years"]["seeds"] == 2


def test_groups_of_users_by_hand():
    """Text helps where the target was trained twice (even users), from rank 3 to rank 1, and nowhere else."""
    ranks = np.where(np.arange(N) % 2 == 0, 1, 3)
    found = analysed(study(), PRIMARY, measured(sbert=ranks), {}, SHARD_LABELS)["groups"]
    assert [(row["group"], row["n"]) for row in found["target_events"]] == [("up to 5", 20), ("21 to 100", 20)]
    assert [(row["group"], row["n"]) for row in found["history_events"]] == [("up to 5", 10), ("21 to 100", 30)]
    rare, frequent = ({(p["arm"], p["against"]): p["delta"] for p in row["pairs"]} for row in found["target_events"])
    text, capacity = ("lstm-sbert", "lstm-ids_genres_years"), ("lstm-permuted", "lstm-ids_genres_years")
    assert rare[text] == pytest.approx(0.5) and frequent[text] == 0
    assert rare[capacity] == frequent[capacity] == pytest.approx(1 / 3 - 1 / 2)


def hybrid(ranks: dict[str, int | np.ndarray], validation: dict[str, float], profile="beauty"):
    choices = {arm: {"validation": value} for arm, value in validation.items()}
    return analysed(study(profile), PRIMARY, shards(ranks), choices, SHARD_LABELS)["hybrid"]


RANKS = {"lstm-ids": 7, "sasrec-ids": 3, "sasrec-sbert": 2, "lstm-sbert": 1, "sasrec-permuted": 3, "lstm-permuted": 1}
VALIDATION = {"lstm-ids": 0.1, "sasrec-ids": 0.2, "sasrec-sbert": 0.4, "lstm-sbert": 0.3, "sasrec-permuted": 0.9}


def test_the_hybrid_is_chosen_on_validation_and_beats_both_of_its_opponents():
    """Rank 2 is worth .6309, rank 3 a half: 26 % more, where 8 and 6 are declared."""
    found = hybrid(RANKS, VALIDATION)
    assert found["hybrid"] == "sasrec-sbert" and found["met"]
    assert (found["over_ids"]["against"], found["over_permuted"]["against"]) == ("sasrec-ids", "sasrec-permuted")
    assert found["over_ids"]["gain"] == pytest.approx(0.2619, abs=1e-4) and found["over_ids"]["wanted"] == 0.08
    assert hybrid(RANKS, VALIDATION | {"lstm-sbert": 0.5})["over_ids"]["arm"] == "lstm-sbert"
    assert not hybrid(RANKS | {"sasrec-permuted": 2}, VALIDATION)["met"], "the gain over permuted vectors is nothing"


def test_a_gain_too_small_or_too_unsure_does_not_meet_what_is_declared():
    few = np.where(np.arange(N) < 2, 1, 3)
    found = hybrid(RANKS | {"sasrec-sbert": few}, VALIDATION)
    assert found["over_ids"]["gain"] == pytest.approx(0.05) and not found["met"]
    one = np.where(np.arange(N) < 4, 1, 3)
    found = hybrid(RANKS | {"sasrec-sbert": one}, VALIDATION)
    assert found["over_ids"]["gain"] == pytest.approx(0.1) and found["over_ids"]["p"] > 0.02 and not found["met"]


def test_no_hybrid_where_none_is_declared_or_measured():
    assert hybrid(RANKS, VALIDATION, "laptop") is None
    assert hybrid({"lstm-sbert": 1}, VALIDATION) is None
    assert hybrid({arm: 1 for arm in RANKS if "permuted" not in arm}, VALIDATION) is None
    assert Hybrid("beauty", 0.08, 0.06, 0.001) == DECLARED.hybrid
