"""Batches read two at a time, each by half of the processor's cores, which is faster than one by one by all of them.

Products as small as those of a step in beam search or generation gain little by more threads: on two cores beam search
after 128 prompts took 77 s in two threads and 100 s in one.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

import numpy as np
import torch
from tqdm import tqdm

from dualrec.core.heap import return_free_memory
from dualrec.core.parallel import limit_threads
from dualrec.llm.local import LLM

AT_ONCE = 2  # with more of them more batches are in memory at once
Answer = TypeVar("Answer")


def in_threads(
    llm: LLM,
    batches: list[np.ndarray],
    answer: Callable[[LLM, np.ndarray], Answer],
    name: str,
    keep: Callable[[Answer], None] = lambda _: None,
) -> None:
    """`answer(model, rows)` for every batch, and `keep` with each of the answers, in the order of the batches.

    llm: the model
    batches: int64 rows of each
    answer: called in another thread, with a model that shares weights and tokenizer with `llm`; let it read tokens, not
        texts, since a tokenizer that encodes in two threads may refuse one of them
    name: of what is done, for the progress bar
    keep: called in this thread
    A single batch, one core and a GPU take this thread alone. What is raised in a thread is raised here, and no batch
    is begun after it.
    """
    cores = torch.get_num_threads()
    bar = {"desc": name, "unit": "batch", "mininterval": 10, "total": len(batches)}
    if min(len(batches), cores) < AT_ONCE or llm.model.device.type != "cpu":
        for rows in tqdm(batches, **bar):
            keep(answer(llm, rows))
        return
    models: SimpleQueue[LLM] = SimpleQueue()
    over = Event()
    for _ in range(AT_ONCE):
        models.put(_sibling(llm, over))

    def read(rows: np.ndarray) -> Answer:
        model = models.get()
        try:
            return answer(model, rows)
        finally:
            models.put(model)

    with limit_threads(cores // AT_ONCE), ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(read, rows) for rows in batches]
        try:
            for future in tqdm(futures, **bar):
                keep(future.result())
        except BaseException:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return_free_memory()  # of heaps that the next threads need not get


def _sibling(llm: LLM, over: Event) -> LLM:
    """The same weights in modules of its own, since how a model attends is switched while it reads.

    over: once set, the model refuses to read on, so that an interrupt need not wait for the batches under way
    """

    def stop_when_over(*_) -> None:
        if over.is_set():
            raise InterruptedError("nobody waits for this batch any more")

    shared = {id(tensor): tensor for tensor in [*llm.model.parameters(), *llm.model.buffers()]}
    model = copy.deepcopy(llm.model, shared)
    model.get_decoder().register_forward_pre_hook(stop_when_over)
    return LLM(llm.identity, model, llm.tokenizer)
