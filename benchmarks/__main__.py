"""`python -m benchmarks`: what batching, sorting by length and the answer-only vocabulary projection save.

Every line is a ratio: baseline seconds / study's seconds, medians over interleaved repetitions on the same inputs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F

from dualrec import paths
from dualrec.language.generate import generate
from dualrec.language.local import LLM, load_llm
from dualrec.language.lora import IGNORE, answer_loss, encode
from dualrec.notebook import hardware
from dualrec.roles import prompts_for
from dualrec.study import Study, open_study
from dualrec.systems import lora_data
from dualrec.temporal.fit import training_samples

REPETITIONS = 3
USERS = 16


def main() -> None:
    """Print one JSON object: the ratios and what they were measured on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default=paths.DEFAULT_PROFILE)
    study = open_study(parser.parse_args().profile)
    llm = load_llm(study.profile.llm.model)
    print("measuring: generation in batches against one by one …", file=sys.stderr)
    ratios = {"generation: batched, sorted by length / one prompt at a time": generation(study, llm)}
    print("measuring: loss at answer positions against all positions …", file=sys.stderr)
    ratios["LoRA loss: vocabulary projection at answers / at all positions, padded to 512"] = answer_only(study, llm)
    ratios["LSTM: targets per pass over a sequence / over a window of 30"] = targets_per_step(study)
    print(json.dumps({"hardware": hardware(), "repetitions": REPETITIONS, "users": USERS, "speed-up": ratios}, indent=1))


def generation(study: Study, llm: LLM) -> float:
    """Seconds one prompt at a time / seconds batched."""
    prompts = prompts_for(study, llm, study.llm_cases.history.take(range(USERS)), None)
    titles = study.profile.llm.titles

    def run(batch_size: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            generate(llm, prompts, titles, batch_size, Path(folder) / "texts.jsonl")

    return ratio(lambda: run(1), lambda: run(USERS))


def answer_only(study: Study, llm: LLM) -> float:
    """Seconds of a forward pass with the loss everywhere on rows of 512 tokens / with the loss on the answers."""
    encoded = encode(llm, lora_data(study, llm).train[:8])
    pad = llm.tokenizer.pad_token_id
    ids = torch.tensor([row + [pad] * (512 - len(row)) for row, _ in encoded])
    labels = torch.tensor([label + [IGNORE] * (512 - len(label)) for _, label in encoded])

    @torch.no_grad()
    def everywhere() -> None:
        logits = llm.model(input_ids=ids, use_cache=False).logits[:, :-1].float()
        F.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORE)

    return ratio(everywhere, torch.no_grad()(lambda: answer_loss(llm, encoded)))


def targets_per_step(study: Study) -> float:
    """Steps that windows of 30 need per target / steps that whole sequences need per target (a count, not a time)."""
    config = study.profile.paper_lstm
    sequences = training_samples(study.split.train, config)
    steps = sum(len(s) - 1 for s in sequences)
    windows = sum(min(i, config.window) for s in sequences for i in range(1, len(s)))
    return round(windows / steps, 1)


def ratio(baseline: Callable[[], None], ours: Callable[[], None]) -> float:
    """Median seconds of the baseline / ours, measured in turns after one warm-up each."""
    seconds = {baseline: [], ours: []}
    for repetition in range(REPETITIONS + 1):
        for run in (baseline, ours):
            started = time.perf_counter()
            run()
            if repetition:
                seconds[run].append(time.perf_counter() - started)
    return round(float(np.divide(median(seconds[baseline]), median(seconds[ours]))), 2)


if __name__ == "__main__":
    main()
