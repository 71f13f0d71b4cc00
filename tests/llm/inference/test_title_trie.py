import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.core.errors import StudyError
from dualrec.llm.inference.title_trie import build_trie, trie_of
from dualrec.llm.prompts import answer
from dualrec.types import Sequences

LINES = [[5, 7, 1], [5, 8, 1], [5, 7, 9, 1], [6, 1], [5, 8, 1]]  # items 1 to 5; 2 and 5 read alike
END = 99


def tokens_of(trie, leaf):
    return [int(trie.token[node]) for node in trie.paths[leaf] if node]


def test_a_trie_by_hand():
    trie = trie_of(LINES)
    # level 1: 5, 6; level 2: 5-7, 5-8, 6-1; level 3: 5-7-1, 5-7-9, 5-8-1; level 4: 5-7-9-1
    assert trie.token.tolist() == [0, 5, 6, 7, 8, 1, 1, 9, 1, 1]
    assert trie.parent.tolist() == [0, 0, 0, 1, 1, 2, 3, 3, 4, 7]
    assert trie.depth.tolist() == [0, 1, 1, 2, 2, 2, 3, 3, 3, 4]
    assert trie.first_child.tolist() == [1, 3, 5, 6, 8, 9, 9, 9, 10, 10, 10]
    assert trie.leaf_of.tolist() == [0, 6, 8, 9, 5, 8]
    child, row = trie.children(np.array([3, 0, 5]))
    assert child.tolist() == [6, 7, 1, 2] and row.tolist() == [0, 0, 1, 1]


@given(st.lists(st.lists(st.integers(0, 6), max_size=5), min_size=1, max_size=30))
def test_every_title_is_a_path_and_every_path_a_title(bodies):
    lines = [[*body, END] for body in bodies]
    trie = trie_of(lines)
    assert [tokens_of(trie, leaf) for leaf in trie.leaf_of[1:]] == lines
    leaves = np.flatnonzero(trie.is_leaf(np.arange(len(trie))))
    assert set(leaves.tolist()) == set(trie.leaf_of[1:].tolist())
    assert len(trie) == 1 + len({tuple(line[:end]) for line in lines for end in range(1, len(line) + 1)})


@given(st.lists(st.lists(st.integers(0, 3), max_size=3), min_size=1, max_size=12), st.data())
def test_open_nodes_are_those_with_an_unseen_item_below(bodies, data):
    trie = trie_of([[*body, END] for body in bodies])
    seen = data.draw(st.lists(st.lists(st.integers(1, len(bodies))), min_size=1, max_size=3))
    open_nodes = trie.open_nodes(Sequences.from_lists(range(len(seen)), seen))
    for row, history in enumerate(seen):
        wanted = {0} if set(range(1, len(bodies) + 1)) - set(history) else set()
        for item in set(range(1, len(bodies) + 1)) - set(history):
            wanted |= set(trie.paths[trie.leaf_of[item]].tolist())
        assert set(np.flatnonzero(open_nodes[row]).tolist()) == wanted


def test_where_repeats_are_allowed_no_title_is_closed():
    trie = trie_of(LINES)
    histories = Sequences.from_lists([1], [[1, 2, 3, 4, 5]], repeats=True)
    assert trie.open_nodes(histories).all()
    leaves = np.array([[trie.leaf_of[2], trie.leaf_of[1]]])
    assert trie.unseen_items(leaves, histories, np.array([0, 1, 3, 1, 1, 9])).tolist() == [[5, 1]]


def test_a_leaf_gives_its_most_popular_unseen_item():
    trie = trie_of(LINES)
    leaves = np.array([[trie.leaf_of[2], trie.leaf_of[1], -1]] * 3)
    histories = Sequences.from_lists([1, 2, 3], [[4], [5], [2, 5]])
    popularity = np.array([0, 1, 3, 1, 1, 9])
    assert trie.unseen_items(leaves, histories, popularity).tolist() == [[5, 1, -1], [2, 1, -1], [-1, 1, -1]]


def test_titles_become_the_lines_that_the_model_would_write(tokenizer, toy_catalogue):
    trie = build_trie(tokenizer, toy_catalogue.titles)
    for item, title in enumerate(toy_catalogue.titles[1:], start=1):
        assert tokenizer.decode(tokens_of(trie, trie.leaf_of[item])) == f" {title}\n"
    assert trie.leaf_of[2] == trie.leaf_of[7]  # "Heat (1995)", twice in the catalogue


def test_the_tokens_of_a_title_are_those_it_has_behind_the_prompt(tokenizer, prompts, toy_catalogue):
    for title in toy_catalogue.titles[1:]:
        alone = tokenizer(answer([title]), add_special_tokens=False).input_ids
        whole = tokenizer(prompts[0] + answer([title, "Casino (1995)"]), add_special_tokens=False).input_ids
        start = len(tokenizer(prompts[0], add_special_tokens=False).input_ids)
        assert whole[start : start + len(alone)] == alone


@pytest.mark.parametrize("lines", [[[1, 2], [1, 2, 3]], [[1], []]])
def test_a_title_that_begins_another_is_an_error(lines):
    with pytest.raises(StudyError, match="beginning of another"):
        trie_of(lines)


def test_an_empty_catalogue_is_an_error(tokenizer):
    with pytest.raises(StudyError, match="at least one item"):
        build_trie(tokenizer, [""])
