"""Shards: ranks by hand and against ledgers, what is kept comes back, and a damaged file is named in one sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from dualrec.core import paths
from dualrec.core.errors import StudyError
from dualrec.evaluation.ledger import read_ledger, write_ledger
from dualrec.evaluation.metrics import per_user
from dualrec.evaluation.ranks import list_ranks
from dualrec.evaluation.shards import (
    METRICS,
    Place,
    Shard,
    kept_ranks,
    missing,
    read_family,
    read_shard,
    shard_path,
    write_shard,
)
from dualrec.types import Cases, RankedLists, Sequences


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))


def shard(ranks, arm: str = "lstm", seed: int = 0, **changes) -> Shard:
    facts = {"k": None, "settings": {"dim": 8}, "measured": {"epochs": [{"loss": 0.5}]}, "command": "make seeds"}
    facts |= {"commit": "1a2b3c4", "hardware": "a processor", "protocol": "audited"} | changes
    return Shard("toy", "seeds", Place(arm, "test", seed), kept_ranks(np.asarray(ranks)), **facts)


def test_metrics_by_hand():
    """First, second, tenth and eleventh place, a miss, and a place that no 16 bits hold."""
    found = shard([1, 2, 10, 11, np.inf, 65536]).metrics
    assert list(found) == list(METRICS)
    assert found["HR@1"].tolist() == [1, 0, 0, 0, 0, 0]
    assert found["HR@5"].tolist() == [1, 1, 0, 0, 0, 0]
    assert found["HR@10"].tolist() == [1, 1, 1, 0, 0, 0]
    assert found["NDCG@10"].tolist() == pytest.approx([1, 1 / np.log2(3), 1 / np.log2(11), 0, 0, 0])
    assert found["MRR"].tolist() == pytest.approx([1, 1 / 2, 1 / 10, 0, 0, 0])


def test_ranks_are_kept_as_far_as_16_bits_reach():
    kept = kept_ranks(np.array([1, 65535, 65536, np.inf]))
    assert kept.dtype == np.uint16 and kept.tolist() == [1, 65535, 0, 0]


@st.composite
def any_lists(draw) -> tuple[Cases, RankedLists]:
    """Lists of ten places, some of them empty, with or without the target."""
    n = draw(st.integers(1, 6))
    rows = [draw(st.permutations(range(1, 16))) for _ in range(n)]
    holes = np.array([draw(st.lists(st.booleans(), min_size=10, max_size=10)) for _ in range(n)])
    targets = np.array([draw(st.integers(1, 15)) for _ in range(n)])
    items = np.where(holes, -1, np.array(rows)[:, :10])
    return Cases(Sequences.from_lists(range(n), [[16]] * n), targets), RankedLists(items)


@given(any_lists())
def test_metrics_are_those_of_the_ledger(tmp_path_factory, drawn):
    cases, lists = drawn
    folder = tmp_path_factory.mktemp("lists")
    ledger = per_user(read_ledger(write_ledger(folder, "system", cases, lists, np.arange(17), {})))
    ours = shard(list_ranks(lists.items, cases.targets)).metrics
    np.testing.assert_array_equal(ours, ledger[list(METRICS)])


NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.floats(allow_nan=False, width=32))
FACTS = st.dictionaries(st.text(max_size=8), st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=3)))


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=50), FACTS, FACTS, st.one_of(st.none(), st.integers(1, 20)))
def test_what_is_kept_comes_back_and_again_as_the_same_file(ranks, settings, measured, k):
    settings, measured = ({n: v for n, v in f.items() if v not in (np.inf, -np.inf)} for f in (settings, measured))
    settings, measured = (json.loads(json.dumps(f).replace("Infinity", "0")) for f in (settings, measured))
    ours = shard(ranks, settings=settings, measured=measured, k=k)
    path = write_shard(ours)
    content = path.read_bytes()
    back = read_shard(path)
    np.testing.assert_array_equal(back.ranks, ours.ranks)
    assert replace(back, ranks=ours.ranks).__dict__ == ours.__dict__
    assert write_shard(back).read_bytes() == content


def test_a_family_is_what_lies_in_its_folder():
    assert read_family("toy", "seeds") == {}
    for arm, seed in (("lstm", 1), ("lstm", 0), ("markov", 0)):
        write_shard(shard([1], arm, seed))
    there = read_family("toy", "seeds")
    assert {(place.arm, place.seed) for place in there} == {("lstm", 0), ("lstm", 1), ("markov", 0)}
    assert (paths.home() / "figures/shards/toy/seeds/lstm/test-1.safetensors").is_file()


def test_what_is_missing_in_words():
    wanted = [Place("sasrec", "test", seed) for seed in range(5)] + [Place("markov", "test", 0)]
    there = wanted[:3]
    assert missing(wanted, there, {"sasrec": "SASRec"}) == "not measured yet: SASRec, seeds 3, 4; markov, seed 0"
    assert missing(wanted, wanted, {}) == ""


def facts_of(**changes) -> dict[str, str]:
    facts = {"version": 1, "n": 2, "profile": "toy", "family": "seeds", "k": None, "settings": {}, "measured": {}}
    facts |= {"place": {"arm": "lstm", "fold": "test", "seed": 0}} | dict.fromkeys(("command", "commit"), "x")
    facts |= dict.fromkeys(("hardware", "protocol"), "x") | changes
    return {"shard": json.dumps(facts)}


RANKS = {"ranks": np.array([1, 2], np.uint16)}
BROKEN = {  # kind -> what is written in place of a good shard
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "no safetensors": lambda path: path.write_bytes(b"junk" * 99),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "foreign": lambda path: save_file({"weight": np.ones(3)}, path),
    "foreign notes": lambda path: save_file(RANKS, path, {"shard": "[]"}),
    "no ranks": lambda path: save_file({"weight": np.ones(3)}, path, facts_of()),
    "ranks of another type": lambda path: save_file({"ranks": np.ones(2)}, path, facts_of()),
    "fewer ranks than said": lambda path: save_file(RANKS, path, facts_of(n=3)),
    "another version": lambda path: save_file(RANKS, path, facts_of(version=2)),
    "another fact": lambda path: save_file(RANKS, path, facts_of(mood="good")),
    "another place": lambda path: save_file(RANKS, path, facts_of(place={"arm": "lstm", "fold": "test", "seed": 1})),
    "a place that is none": lambda path: save_file(RANKS, path, facts_of(place={"arm": "..", "fold": "", "seed": 0})),
    "settings that are none": lambda path: save_file(RANKS, path, facts_of(settings=[])),
    "a commit that is none": lambda path: save_file(RANKS, path, facts_of(commit=1)),
}


def test_the_good_shard_of_the_broken_ones_is_good():
    path = write_shard(shard([1, 2]))
    save_file(RANKS, path, facts_of())
    assert read_shard(path).ranks.tolist() == [1, 2]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_shard_is_named_in_one_sentence(kind):
    path = write_shard(shard([1, 2]))
    BROKEN[kind](path)
    sentence = "figures/shards/toy/seeds/lstm/test-0.safetensors is not a whole shard of this place; delete it and run"
    with pytest.raises(StudyError, match=sentence):
        read_family("toy", "seeds")


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "a\\b", ".hidden", "a\nb", "~"])
def test_names_are_plain(name):
    for profile, family, arm in ((name, "f", "a"), ("p", name, "a"), ("p", "f", name)):
        with pytest.raises(StudyError, match="no plain file name"):
            shard_path(profile, family, Place(arm, "test", 0))
