"""The benchmark suite at toy size: it must run, and say what it means; how fast anything is, no test can know."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks import __main__ as suite
from benchmarks import figures, flops, growth, lora, measure, scale, scoring
from benchmarks.grounding import grounding, lines_to_ground
from benchmarks.lstm import lstm
from benchmarks.material import Material, invented_titles, misspelt
from benchmarks.recommending import recommending
from benchmarks.reranking import encode_and_order, reranking
from dualrec.llm.inference.title_trie import trie_of
from dualrec.rerank.similarity import rerank_by_hint
from dualrec.study import open_study
from dualrec.types import Hints, RankedLists

FIELDS = {"letter", "name", "ours", "baseline", "ratio", "unit", "must", "met"}


class Encoder:
    """A sentence encoder: the same unit vector for the same title."""

    def encode(self, titles, normalize_embeddings, show_progress_bar):
        vectors = np.stack([np.random.default_rng(sum(title.encode())).normal(size=8) for title in titles])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def material(toy_profile, toy_folder, tmp_path, tiny):
    """The toy study with histories long enough to cut examples from."""
    events = "".join(f"{u},{(u * 3 + t) % 30 + 1},{t}\n" for u in range(1, 41) for t in range(24))
    (toy_folder / "interactions.csv").write_text("user_id,item_id,order\n" + events, encoding="utf-8")
    study = open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
    rng = np.random.default_rng(0)
    study.title_vectors = rng.normal(size=(len(study.catalogue) + 1, 8)).astype(np.float32)
    return Material(study, tiny)


@pytest.fixture
def clock(monkeypatch):
    """A clock that only what is timed moves."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(measure.time, "perf_counter", lambda: now.seconds)
    return now


def test_both_ways_take_turns_and_the_median_counts(clock):
    calls, ours, baseline = [], iter([9.0, 1.0, 2.0]), iter([4.0, 40.0, 6.0])

    def take(name, durations):
        calls.append(name)
        clock.seconds += next(durations)

    assert measure.in_turns(lambda: take("ours", ours), lambda: take("baseline", baseline), 3) == (2.0, 6.0)
    assert calls == ["ours", "baseline"] * 3


def test_a_ratio_by_hand():
    # 30 things in 2 s against 4 in 8 s: 15 a second against 0.5
    row = measure.letter("x", "things", 30 / 2, 4 / 8, "things/s", 30, sizes=[30, 4])
    assert row == {
        "letter": "x",
        "name": "things",
        "ours": 15.0,
        "baseline": 0.5,
        "ratio": 30.0,
        "unit": "things/s",
        "must": 30,
    } | {
        "met": True,
        "sizes": [30, 4],
    }
    assert not measure.letter("x", "things", 14.9, 0.5, "things/s", 30)["met"]


LLAMA = LlamaConfig(
    vocab_size=100,
    hidden_size=8,
    intermediate_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=4,
)


def test_operations_by_hand():
    # a layer: q 8x8, k 8x4, v 8x4, o 8x8 = 192, gate, up, down 8x16 = 384
    assert flops.layer_weights(LLAMA) == 2 * (192 + 384) == 1152
    # 3 tokens see 1 + 2 + 3 = 6: 2 x 1152 x 3, and 2 layers x 2 heads x 4 wide x 4 operations x 6
    assert flops.reading(LLAMA, 3, 6) == 6912 + 384
    assert flops.projection(LLAMA, 2) == 2 * 8 * 100 * 2 == 3200
    # rows of 3 and 1 tokens, logits after 2 and 0 of them: 4 tokens see 7
    assert flops.passes(LLAMA, [3, 1], [2, 0]) == 2 * 1152 * 4 + 64 * 7 + 3200
    # back through frozen matrices once, through attention twice
    assert flops.training_passes(LLAMA, [3, 1], [2, 0]) == 2 * (2 * 1152 * 4 + 3200) + 3 * 64 * 7
    assert flops.training_passes(LLAMA, [3, 1], [2, 0], epochs=3) == 3 * flops.training_passes(LLAMA, [3, 1], [2, 0])


def test_the_weights_counted_are_those_the_model_has():
    matrices = [p for name, p in LlamaForCausalLM(LLAMA).model.layers.named_parameters() if p.dim() == 2]
    assert flops.layer_weights(LLAMA) == sum(p.numel() for p in matrices)


def test_the_work_of_scoring_by_hand():
    trie = trie_of([[5, 7, 1], [5, 8, 1], [6, 1]])  # inner nodes: 5, 6, 5-7, 5-8
    prompts = [[1, 2, 3], [1, 2, 4, 4]]  # 2 shared
    leaves = trie.leaf_of[np.array([[1, 2], [3, 3]])]
    # read: 2 shared + 1 + 2 of the prompts; 5, 5-7, 5-8 of the first tree, 6 of the second
    tokens = 2 + 1 + 2 + 3 + 1
    seen = (1 + 2) + 3 + (3 + 4) + (4 + 5 + 5) + 5
    rows = (1 + 3) + (1 + 1)
    wanted = flops.reading(LLAMA, tokens, seen) + flops.projection(LLAMA, rows)
    assert scoring.scoring_work(LLAMA, prompts, trie, leaves) == wanted


def test_a_product_of_matrices_in_the_models_precision(tiny):
    left, right = flops.squares(tiny, 8)
    assert left.shape == right.shape == (8, 8) and left.dtype == tiny.model.dtype
    assert not torch.equal(left, right)
    flops.multiply(left, right)


def test_invented_titles_are_new_seeded_and_made_of_real_words():
    real = ["Toy Story (1995)", "The Big Heat (1953)", "Heat (1995)"]
    titles = invented_titles(real, 40, 3)
    assert len(set(titles)) == 40 and titles == invented_titles(real, 40, 3) != invented_titles(real, 40, 4)
    for title in titles:
        name, year = title.rsplit(" ", 1)
        assert year in {"(1995)", "(1953)"} and set(name.split()) <= {"Toy", "Story", "The", "Big", "Heat"}
        assert 1 <= len(name.split()) <= 3


def test_a_misspelt_title_keeps_its_year():
    for seed in range(20):
        wrong = misspelt("Heat (1995)", np.random.default_rng(seed))
        assert wrong.endswith(" (1995)") and sum(a != b for a, b in zip(wrong, "Heat (1995)", strict=True)) == 1


def test_lines_to_ground_take_turns(toy_catalogue):
    lines = lines_to_ground(toy_catalogue.titles, 7, 0)
    assert len(lines) == 7
    assert [line in toy_catalogue.titles for line in lines[::3]] == [True] * 3


def test_a_grown_catalogue_begins_with_the_real_one(toy_catalogue):
    small, large = growth.grown(toy_catalogue, 3, 0), growth.grown(toy_catalogue, 20, 0)
    assert small.titles == toy_catalogue.titles[:4]
    assert large.titles[:9] == toy_catalogue.titles and len(large) == 20 and (large.years[9:] > 0).all()


def test_the_released_recipe_learns_from_prompt_and_padding_and_leaves_the_model_as_it_was(material, monkeypatch):
    shapes, steps = [], []
    forward = type(material.llm.model).forward

    def watched(self, **kwargs):
        shapes.append((tuple(kwargs["input_ids"].shape), bool((kwargs["labels"] == kwargs["input_ids"]).all())))
        return forward(self, **kwargs)

    monkeypatch.setattr(type(material.llm.model), "forward", watched)
    monkeypatch.setattr(lora, "PADDED", 160)
    step = torch.optim.AdamW.step
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self: steps.append(1) or step(self))
    names = set(material.llm.model.state_dict())
    lora.released_epoch(material, material.llm, material.examples(8))
    assert shapes == [((2, 160), True)] * 4 and len(steps) == 2
    assert set(material.llm.model.state_dict()) == names


def test_a_list_encoded_anew_is_ordered_like_one_with_kept_vectors(material):
    titles = material.study.catalogue.titles
    vectors = np.vstack([np.zeros(8, np.float32), Encoder().encode(titles[1:], True, False)])
    items, hint = np.array([4, 9, 2, 30]), 7
    kept = rerank_by_hint(RankedLists(items[None]), Hints(np.array([[hint]]), np.ones((1, 1))), vectors)
    assert encode_and_order(Encoder(), titles, items, hint).tolist() == kept.items[0].tolist()


def test_every_letter_at_toy_size(material, monkeypatch):
    monkeypatch.setattr(lora, "PADDED", 160)
    rows = [
        lstm(material, targets=40, windows=20, repetitions=1),
        lora.lora(material, material.llm, examples=4, rows=4, repetitions=1),
        recommending(material, k=3, users=3, one_by_one=1, new_tokens=8, repetitions=1),
        grounding(material, lines=9, searched=3, repetitions=1),
        reranking(material, Encoder(), k=3, users=4, encoded=1, repetitions=1),
        lora.lora_share(material, examples=4, side=8, repetitions=1),
        scoring.scoring_share(material, users=3, candidates=4, side=8, repetitions=1),
    ]
    assert [row["letter"] for row in rows] == ["a", "b", "c", "d", "e", "f", "f"]
    for row in rows:
        assert row.keys() >= FIELDS and row["ours"] > 0 and row["baseline"] > 0
        assert row["ratio"] == pytest.approx(row["ours"] / row["baseline"])
    assert rows[2]["seconds_per_user"] == pytest.approx(1 / rows[2]["ours"])
    json.dumps(rows)


def test_growth_at_toy_size(material):
    found = list(growth.with_catalogue(material, sizes=(20, 60), users=2, lines=3, repetitions=1))
    found += [*growth.with_users(material, sizes=(1, 3)), *growth.with_history(material, lengths=(2, 4), users=2)]
    assert [one["subject"] for one in found] == [
        "building the trie",
        "beam search",
        "grounding",
        "beam search",
        "beam search",
    ]
    assert [[size for size, _ in one["points"]] for one in found] == [[20, 60]] * 3 + [[1, 3], [2, 4]]
    assert all(seconds > 0 for one in found for _, seconds in one["points"])


ROW = measure.letter("a", "things", 2.0, 1.0, "things/s", 3)
SERIES = growth.series("things", "size", "s", [[1, 0.1], [10, 1.0]])


def test_results_are_written_after_every_measurement_and_survive_a_failure(tmp_path, capsys):
    path = tmp_path / "results.json"

    def fails():
        assert json.loads(path.read_text())["letters"] == [ROW]
        raise ValueError("broken")

    results, failed = suite.measure([lambda: ROW, fails, lambda: ROW], [lambda: iter([SERIES, SERIES])], path)
    assert failed and "broken" in capsys.readouterr().err
    assert results["letters"] == [ROW, ROW] and results["growth"] == [SERIES, SERIES]
    assert json.loads(path.read_text()) == results
    assert results.keys() == {"hardware", "threads", "commit", "repetitions", "letters", "growth"}


def test_an_interruption_keeps_what_is_done(tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    results, failed = suite.measure([lambda: ROW, interrupted, lambda: ROW], [], tmp_path / "results.json")
    assert failed and results["letters"] == [ROW] == json.loads((tmp_path / "results.json").read_text())["letters"]


def test_the_table_says_what_was_missed():
    head, line = suite.table([ROW]).splitlines()
    assert head.split() == ["what", "ours", "baseline", "unit", "ratio", "must"]
    assert line.split() == ["a", "things", "2", "1", "things/s", "2", "3", "missed"]


def test_figures_are_drawn_where_there_is_something_to_draw(tmp_path):
    suite.draw({"letters": [ROW, ROW | {"ratio": 0.4, "must": 0.5}], "growth": []}, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"ratios.svg", "ratios.png"}
    axes = figures.growth([SERIES] * 4).axes
    assert [axis.get_visible() for axis in axes] == [True] * 4 + [False] * 2


@pytest.mark.parametrize("shape", [scale.Shape(30, 60, 900), scale.Shape(500, 300, 12_345)])
def test_invented_histories_have_the_shape_that_was_asked_for(shape):
    histories = scale.heavy_tailed(shape, 0)
    sequences = [histories.sequence(row).tolist() for row in range(len(histories))]
    assert len(sequences) == shape.users and sum(map(len, sequences)) == shape.events
    assert all(len(set(items)) == len(items) >= scale.SHORTEST for items in sequences), "nobody meets an item twice"
    assert min(map(min, sequences)) >= 1 and max(map(max, sequences)) <= shape.items
    counts = np.sort(np.bincount(histories.items, minlength=shape.items + 1)[1:])
    assert counts[-shape.items // 10 :].mean() > 1.9 * counts[: shape.items // 10].mean(), (
        "some items are known to many"
    )


SCALED = [
    {"users": users, "items": items, "events": 900, "system": system, "seconds": 1.0, "peak_mib": 300.0, "met": True}
    for users, items in ((30, 60), (60, 60), (60, 90))
    for system in ("popularity", "markov")
]


@pytest.mark.slow
def test_models_that_count_are_measured_in_processes_of_their_own(tmp_path, monkeypatch):
    path = tmp_path / "scale.json"
    results = scale.measure([scale.Shape(30, 60, 900)], ["popularity", "item_knn"], path, "a test")
    assert json.loads(path.read_text()) == results
    assert results.keys() == {"command", "hardware", "threads", "commit", "must", "rows"}
    for row, system in zip(results["rows"], ["popularity", "item_knn"], strict=True):
        assert row["system"] == system and row["met"] and (row["users"], row["items"], row["events"]) == (30, 60, 900)
        assert row["seconds"] == pytest.approx(row["fit_seconds"] + row["rank_seconds"], abs=0.02)
        assert 50 < row["peak_mib"] < 3072
    monkeypatch.setattr(scale, "MUST", {"seconds": 900, "peak_mib": 1})
    assert not scale.measure([scale.Shape(30, 60, 900)], ["popularity"], path, "a test")["rows"][0]["met"]


def test_a_model_that_fails_is_said_and_the_others_are_measured(tmp_path, monkeypatch):
    answers = iter([{}, {"failed": -9}, {"seconds": 1.0, "peak_mib": 9.0}])
    monkeypatch.setattr(scale, "_in_a_process", lambda *_: next(answers))
    rows = scale.measure([scale.Shape(30, 60, 900)], ["markov", "popularity"], tmp_path / "scale.json", "")["rows"]
    assert [(row.get("failed"), row["met"]) for row in rows] == [(-9, False), (None, True)]


def test_the_record_is_whole_and_keeps_what_readme_says_of_it():
    record = json.loads((scale.HERE / "scale.json").read_text(encoding="utf-8"))
    measured = {(row["users"], row["items"], row["events"], row["system"]) for row in record["rows"]}
    assert measured == {(*shape, system) for shape in scale.SHAPES for system in scale.COUNTING}
    for row in record["rows"]:
        assert row["met"] and all(row[name] <= most for name, most in scale.MUST.items()), row


def test_growth_with_users_and_items_is_drawn():
    axes = figures.scale([*SCALED, {"users": 60, "items": 60, "system": "item_knn", "failed": -9}]).axes
    drawn = [[line.get_xdata() for line in axis.lines] for axis in axes]
    # two models, each with its line and what would be in proportion
    assert [[list(map(int, sizes)) for sizes in axis] for axis in drawn] == [[[30, 60]] * 4, [[60, 90]] * 4] * 2
