import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dualrec.llm.inference import likelihood as scoring
from dualrec.llm.inference import prefix_cache as reading
from dualrec.llm.inference.beam_search import beam_search
from dualrec.llm.inference.likelihood import score_titles
from dualrec.llm.inference.title_trie import build_trie
from dualrec.llm.prompts import answer
from dualrec.types import Sequences

TITLES = [
    "",
    "Alien (1979)",
    "Aliens (1986)",
    "Alien 3 (1992)",
    "Heat (1995)",
    "Casino (1995)",
    "Toy Story (1995)",
    "Heat (1995)",
]
TITLES += [
    "Toy Story 2 (1999)",
    "The Godfather (1972)",
    "The Godfather: Part II (1974)",
    "Casablanca (1942)",
    "Amélie (2001)",
]
NOTHING_SEEN = Sequences.from_lists([1, 2, 3], [[], [], []])


@pytest.fixture(scope="module")
def trie(tokenizer):
    return build_trie(tokenizer, TITLES)


def one_by_one(llm, prompts):
    """Brute force, (prompts, N): each title appended to each prompt and read alone."""
    found = np.empty((len(prompts), len(TITLES) - 1))
    for row, prompt in enumerate(prompts):
        start = len(llm.tokenizer(prompt, add_special_tokens=False).input_ids)
        for column, title in enumerate(TITLES[1:]):
            ids = llm.tokenizer(prompt + answer([title]), add_special_tokens=False, return_tensors="pt").input_ids
            with torch.inference_mode():
                losses = F.cross_entropy(
                    llm.model(ids).logits[0, start - 1 : -1].float(), ids[0, start:], reduction="sum"
                )
            found[row, column] = -losses.item()
    return found


@pytest.fixture(scope="module")
def brute(llm, prompts):
    return one_by_one(llm, prompts)


@pytest.mark.parametrize("chunk", [512, 5])
def test_scores_are_those_of_titles_read_one_by_one(llm, prompts, trie, brute, chunk, monkeypatch, spends):
    monkeypatch.setattr(scoring, "CHUNK", chunk)
    monkeypatch.setattr(reading, "HEAD_ROWS", 7)
    everything = score_titles(llm, prompts, trie, np.arange(1, len(TITLES))[None], batch_size=2)
    np.testing.assert_allclose(everything, brute, atol=1e-3)
    items = np.array([[3, 1, 12], [4, 7, -1], [10, 2, 9]])
    with spends("reading"):
        some = score_titles(llm, prompts, trie, items, batch_size=2)
    wanted = np.where(items > 0, np.take_along_axis(brute, np.maximum(items, 1) - 1, axis=1), -np.inf)
    np.testing.assert_allclose(some, wanted, atol=1e-3)


def test_a_beam_as_wide_as_the_catalogue_is_exact(llm, prompts, trie, brute):
    beams = beam_search(llm, prompts, trie, NOTHING_SEEN, k=11, width=len(TITLES), batch_size=2)
    distinct = [item for item in range(1, len(TITLES)) if item != 7]  # 4 and 7 read alike
    for row in range(len(prompts)):
        best = sorted(distinct, key=lambda item: -brute[row, item - 1])
        assert beams.leaves[row].tolist() == trie.leaf_of[best].tolist()
        np.testing.assert_allclose(beams.scores[row], brute[row, np.array(best) - 1], atol=1e-3)


def test_scores_by_length_are_exact_too(llm, prompts, trie, brute):
    beams = beam_search(llm, prompts, trie, NOTHING_SEEN, k=5, width=len(TITLES), batch_size=2, length_power=1.0)
    per_token = brute / trie.depth[trie.leaf_of[1:]]
    for row in range(len(prompts)):
        best = sorted(
            (item for item in range(1, len(TITLES)) if item != 7), key=lambda item: -per_token[row, item - 1]
        )[:5]
        assert beams.leaves[row].tolist() == trie.leaf_of[best].tolist()


def test_transformers_constrained_search_finds_the_same(llm, prompts, trie):
    width = 4
    beams = beam_search(llm, prompts, trie, NOTHING_SEEN, k=width, width=width, batch_size=2)
    for row, prompt in enumerate(prompts):
        batch = llm.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
        start = batch.input_ids.shape[1]

        def allowed(_, ids, start=start):
            node = 0
            for token in ids[start:].tolist():
                child, _ = trie.children(np.array([node]))
                match = child[trie.token[child] == token]
                if not len(match):
                    return [llm.tokenizer.eos_token_id]
                node = int(match[0])
            child, _ = trie.children(np.array([node]))
            return trie.token[child].tolist() or [llm.tokenizer.eos_token_id]

        line_end = llm.tokenizer("\n", add_special_tokens=False).input_ids[0]
        out = llm.model.generate(
            **batch,
            num_beams=width,
            num_return_sequences=width,
            max_new_tokens=int(trie.depth.max()),
            do_sample=False,
            length_penalty=0.0,
            early_stopping=False,
            eos_token_id=line_end,
            pad_token_id=llm.tokenizer.pad_token_id,
            prefix_allowed_tokens_fn=allowed,
        )
        texts = [text.split("\n")[0].strip() for text in llm.tokenizer.batch_decode(out[:, start:])]
        ours = [
            llm.tokenizer.decode([int(trie.token[n]) for n in trie.paths[leaf] if n]).strip()
            for leaf in beams.leaves[row]
        ]
        assert ours == texts


def test_seen_movies_are_never_given_and_no_title_comes_twice(tiny, prompts, trie, spends):
    seen = [[1, 2, 3, 6, 8], [4], [4, 7, *range(9, 13)]]
    with spends("reading"):
        beams = beam_search(tiny, prompts, trie, Sequences.from_lists([1, 2, 3], seen), k=12, width=12, batch_size=2)
    items = trie.unseen_items(beams.leaves, Sequences.from_lists([1, 2, 3], seen), np.zeros(len(TITLES)))
    assert set(items[0][items[0] > 0].tolist()) == {4, 5, 9, 10, 11, 12}
    assert set(items[1][items[1] > 0].tolist()) == {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12}  # 7 stands for the seen 4
    assert set(items[2][items[2] > 0].tolist()) == {1, 2, 3, 5, 6, 8}
    assert np.isnan(beams.scores[beams.leaves < 0]).all() and np.isfinite(beams.scores[beams.leaves > 0]).all()


def test_a_narrow_beam_gives_titles_with_their_true_likelihood(llm, prompts, trie, brute):
    beams = beam_search(llm, prompts, trie, NOTHING_SEEN, k=3, width=3, batch_size=2)
    score = {int(trie.leaf_of[item]): brute[:, item - 1] for item in range(1, len(TITLES))}
    for row in range(len(prompts)):
        assert len(set(beams.leaves[row].tolist())) == 3
        np.testing.assert_allclose(
            beams.scores[row], [score[leaf][row] for leaf in beams.leaves[row].tolist()], atol=1e-3
        )
        assert (np.diff(beams.scores[row]) <= 0).all()


def test_a_new_title_can_be_found_without_training(llm, prompts, tokenizer):
    added = build_trie(tokenizer, [*TITLES, "Blade Runner (1982)"])
    seen_all = Sequences.from_lists([1, 2, 3], [list(range(1, len(TITLES)))] * 3)
    beams = beam_search(llm, prompts, added, seen_all, k=2, width=2, batch_size=2)
    assert beams.leaves.tolist() == [[added.leaf_of[-1], -1]] * 3
