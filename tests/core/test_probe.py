"""What the probe measures, and what is made of it."""

import time

import torch

from dualrec.core.probe import Speeds, measure


def test_a_processor_is_measured_in_a_second_and_with_one_thread():
    threads, started = torch.get_num_threads(), time.perf_counter()
    found = measure(False)
    assert found.float32 > 1 and found.bfloat16 == 0 and 0.1 < found.lstm_step_ms < 2000
    assert torch.get_num_threads() == threads and time.perf_counter() - started < 20, "even on a busy machine"


def test_bfloat16_is_measured_where_it_is_listed():
    assert measure(True).bfloat16 > 0


def test_bfloat16_must_be_worth_it():
    assert Speeds(100, 130, 1).prefers_bfloat16 and not Speeds(100, 129, 1).prefers_bfloat16
    assert not Speeds(100, 0, 1).prefers_bfloat16 and Speeds(163, 85, 42).gain == 85 / 163
