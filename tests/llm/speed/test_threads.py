"""Two threads: every batch once and in order, weights shared but no module, and an error that ends both."""

import threading

import numpy as np
import pytest
import torch

from dualrec.core.parallel import limit_threads
from dualrec.llm.inference.beam_search import beam_search
from dualrec.llm.inference.generate import generate
from dualrec.llm.inference.likelihood import score_titles
from dualrec.llm.inference.title_trie import build_trie
from dualrec.llm.speed.threads import in_threads
from dualrec.types import Sequences


def batches(number):
    return [np.array([row]) for row in range(number)]


@pytest.fixture(autouse=True)
def two_threads():
    with limit_threads(2):
        yield


def test_every_batch_is_answered_once_and_kept_in_order(tiny):
    barrier, kept = threading.Barrier(2, timeout=60), []

    def answer(own, rows):
        barrier.wait()  # passes only where two are under way at once
        return int(rows[0]), threading.get_ident(), torch.get_num_threads()

    in_threads(tiny, batches(6), answer, "test", kept.append)
    assert [row for row, _, _ in kept] == list(range(6))
    assert len({thread for _, thread, _ in kept} - {threading.get_ident()}) == 2
    assert {threads for _, _, threads in kept} == {1} and torch.get_num_threads() == 2


def test_threads_share_weights_but_no_module(tiny):
    barrier, models = threading.Barrier(2, timeout=60), []

    def answer(own, rows):
        barrier.wait()
        models.append(own)

    in_threads(tiny, batches(2), answer, "test")
    one, two = (model.model for model in models)
    modules = {id(module) for model in (one, two, tiny.model) for module in model.modules()}
    assert len(modules) == 3 * len(list(tiny.model.modules()))
    assert one.config is not two.config
    for mine, other, given in zip(one.parameters(), two.parameters(), tiny.model.parameters(), strict=True):
        assert mine is other is given


@pytest.mark.parametrize(("number", "threads"), [(1, 2), (3, 1)])
def test_one_batch_or_one_core_takes_the_calling_thread(tiny, number, threads):
    seen = []
    with limit_threads(threads):
        in_threads(
            tiny,
            batches(number),
            lambda own, rows: seen.append((own, threading.get_ident(), torch.get_num_threads())),
            "test",
        )
    assert seen == [(tiny, threading.get_ident(), threads)] * number


@pytest.mark.parametrize("where", ["thread", "keep"])
def test_an_error_is_raised_and_no_batch_is_begun_after_it(tiny, where):
    begun, go_on = [], threading.Event()

    def answer(own, rows):
        begun.append(int(rows[0]))
        if where == "thread" and rows[0] == 0:
            raise ZeroDivisionError
        if rows[0] > 0:
            go_on.wait(0.5)  # longer than it takes to hear of the error

    def keep(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_threads(tiny, batches(50), answer, "test", keep)
    assert len(begun) < 6
    assert torch.get_num_threads() == 2


def test_an_error_ends_what_is_being_read(tiny):
    reading = threading.Event()

    def answer(own, rows):
        while rows[0] == 1:  # until the model refuses
            own.model.get_decoder()(torch.ones(1, 1, dtype=torch.long))
            reading.set()
        assert reading.wait(60)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_threads(tiny, batches(2), answer, "test")
    assert not tiny.model.get_decoder()._forward_pre_hooks  # the model itself reads on


def test_two_threads_read_and_write_what_one_does(llm, tokenizer, prompts, tmp_path):
    titles = ["", "Alien (1979)", "Heat (1995)", "Casino (1995)", "Toy Story (1995)"]
    trie, nothing = build_trie(tokenizer, titles), Sequences.from_lists(range(len(prompts)), [[]] * len(prompts))
    assert len(prompts) > 1

    def everything(folder):
        scores = score_titles(llm, prompts, trie, np.arange(1, 5)[None], batch_size=1)
        return (
            scores,
            generate(llm, prompts, 1, 1, tmp_path / folder).texts,
            beam_search(llm, prompts, trie, nothing, 3, 4, 1),
        )

    scores, texts, beams = everything("two")
    with limit_threads(1):
        wanted, written, found = everything("one")
    np.testing.assert_allclose(scores, wanted, atol=1e-3)
    assert texts == written
    np.testing.assert_array_equal(beams.leaves, found.leaves)
