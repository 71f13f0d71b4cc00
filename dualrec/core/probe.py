"""How fast a processor computes, measured in under a second: what a precision is worth is seen, not read off a list.

Some processors list bfloat16 and compute it at half the speed of float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from dualrec.core.parallel import limit_threads

WORTH = 1.3  # times float32, from which bfloat16 is worth its lost digits
REPEATS = 5  # of which the fastest counts: another program may run beside
ROWS, WIDTH, INNER = 256, 576, 1536  # a product as SmolLM2-135M makes it
BATCH, STEPS, HIDDEN = 16, 50, 256  # a step of the LSTM


@dataclass(frozen=True)
class Speeds:
    """What one thread does.

    float32, bfloat16: GFLOP/s of matrix products; 0 for a precision that the processor does not list
    lstm_step_ms: milliseconds of a training step of an LSTM in float32
    """

    float32: float
    bfloat16: float
    lstm_step_ms: float

    @property
    def gain(self) -> float:
        """How many times as fast as float32 bfloat16 is."""
        return self.bfloat16 / self.float32

    @property
    def prefers_bfloat16(self) -> bool:
        """Whether bfloat16 is worth it."""
        return self.gain >= WORTH


@limit_threads(1)
def measure(lists_bfloat16: bool) -> Speeds:
    """Measure the processor.

    lists_bfloat16: whether it says that it computes in bfloat16, so that nothing is tried that it emulates
    """
    products = {torch.float32: _product(torch.float32)}
    if lists_bfloat16:
        products[torch.bfloat16] = _product(torch.bfloat16)
    fastest = _fastest([*products.values(), _lstm_step()])
    gflops = {dtype: 2e-9 * ROWS * WIDTH * INNER / seconds for dtype, seconds in zip(products, fastest, strict=False)}
    return Speeds(gflops[torch.float32], gflops.get(torch.bfloat16, 0.0), 1000 * fastest[-1])


def _fastest(steps: list[Callable[[], None]]) -> list[float]:
    """Seconds of each step, the least of several; in turns, so that a disturbance meets all of them."""
    least = [float("inf")] * len(steps)
    for _ in range(REPEATS + 1):  # the first of each prepares what later ones use
        for number, step in enumerate(steps):
            started = time.perf_counter()
            step()
            least[number] = min(least[number], time.perf_counter() - started)
    return least


def _product(dtype: torch.dtype) -> Callable[[], None]:
    left, right = torch.ones(ROWS, WIDTH, dtype=dtype), torch.ones(INNER, WIDTH, dtype=dtype)

    def step() -> None:
        with torch.inference_mode():
            torch.nn.functional.linear(left, right)

    return step


def _lstm_step() -> Callable[[], None]:
    network, inputs = nn.LSTM(HIDDEN, HIDDEN, batch_first=True), torch.ones(BATCH, STEPS, HIDDEN)

    def step() -> None:
        network(inputs)[0].sum().backward()

    return step
