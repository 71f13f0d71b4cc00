"""The command that trains an adapter: one process and several end with the same losses and weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from dualrec.core.errors import StudyError
from dualrec.data import sources as registry
from dualrec.experiments import train_lora as tuning
from dualrec.llm.finetuning.lora import ADAPTER_FILE
from dualrec.llm.finetuning.memory import GIB
from dualrec.study import open_study

LORA = """
[split]
min_events = 3
[llm]
model = "{model}"
titles = 2
[lora]
rank = 2
dropout = 0.0
epochs = 2
users = 9
validation_users = 4
learning_rate = 1e-2
batch_size = 3
accumulation = 2
"""


@pytest.fixture
def lora_profile(toy_profile, toy_folder, tiny, tmp_path) -> str:
    """The toy's profile, with LoRA of the tiny model that was saved to a folder."""
    tiny.model.save_pretrained(tmp_path / "tiny")
    tiny.tokenizer.save_pretrained(tmp_path / "tiny")
    path = Path(toy_profile)
    text = path.read_text(encoding="utf-8").replace('data = "ml-100k"', f'data = "{toy_folder}"')
    path.write_text(text + LORA.format(model=tmp_path / "tiny"), encoding="utf-8")
    return toy_profile


def test_two_processes_end_with_the_losses_and_the_adapter_of_one(lora_profile, tmp_path, monkeypatch, capsys):
    """Batches of 3 rows: one process takes two of them, the other one.

    Two batches make a step, and the last one a step of its own.
    """
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "one"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    tuning.train(lora_profile)
    one = capsys.readouterr().out
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    launch += ["-m", "dualrec.experiments.train_lora"]
    environment = os.environ | {
        "DUALREC_HOME": str(tmp_path / "two"),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    done = subprocess.run([*launch, "--profile", lora_profile], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "processes: 1" in one and "processes: 2" in done.stdout
    assert (
        done.stdout.count("epoch 2: training loss") == 1
        and done.stdout.count("adapter and history in runs/toy/cache/lora-") == 1
    )
    losses, adapters = {}, {}
    for name in ("one", "two"):
        (history,) = (tmp_path / name / "runs" / "toy" / "cache").glob("lora-*/history.json")
        rows = json.loads(history.read_text(encoding="utf-8"))
        losses[name] = [row["validation_loss"] for row in rows] + [row["train_loss"] for row in rows[1:]]
        adapters[name] = load_file(history.parent / "adapter" / ADAPTER_FILE)
    assert losses["two"] == pytest.approx(losses["one"], rel=1e-4)
    # a tenth of a step: where a gradient is next to nothing, Adam makes much of its rounding
    assert_close(adapters["two"], adapters["one"], atol=1e-3, rtol=0)
    lora_b = [weight for name, weight in adapters["two"].items() if "lora_B" in name]  # begins at zero
    assert all(weight.abs().max() > 1e-3 for weight in lora_b)


@pytest.fixture
def no_weights(monkeypatch):
    monkeypatch.setattr(tuning, "load_llm", lambda *_, **__: pytest.fail("weights were loaded"))
    monkeypatch.setattr(tuning, "lora_data", lambda *_: pytest.fail("examples were written"))


def test_dry_run_of_laptop(no_weights, capsys):
    """250 training users in batches of 4, two to a step: 63 batches, 32 steps an epoch, three epochs."""
    tuning.train("laptop", dry_run=True)
    _, data, schedule, memory = capsys.readouterr().out.splitlines()
    assert data == "data: 250 training and 48 validation examples"
    assert schedule.startswith(
        "schedule: 63 batches per epoch, 96 steps, 10 of them warm-up; learning rate 0.00e+00 at first, 3.00e-03 at"
    )
    assert "weights 0.25" in memory or "weights 0.50" in memory  # 134.5 million, in 2 or 4 bytes
    assert memory.endswith("GiB are free")


def test_dry_run_of_paper_knows_mistral_without_the_hub(no_weights, monkeypatch, tmp_path, write_toy, capsys):
    write_toy(tmp_path / "ml-1m", 260)
    monkeypatch.setenv("DUALREC_DATA", str(tmp_path))
    tuning.train("paper", dry_run=True)
    _, data, schedule, memory = capsys.readouterr().out.splitlines()
    assert data == "data: 60 training and 200 validation examples"
    assert schedule.startswith(
        "schedule: 30 batches per epoch, 45 steps, 4 of them warm-up; learning rate 0.00e+00 at first, 2.00e-04 at"
    )
    assert "weights 13.50" in memory or "weights 27.00" in memory


def test_the_rates_are_those_of_the_steps_and_processes_share_the_activations(no_weights):
    study = open_study("laptop")
    one, two = tuning.plan(study), tuning.plan(study, processes=2)
    assert len(one.rates) == one.steps and one.rates[10] == max(one.rates) == study.profile.lora.learning_rate
    assert one.rates[5] == pytest.approx(5 / 10 * max(one.rates)) and 0 < one.rates[-1] < 2e-6
    assert two.memory.activations == one.memory.activations / 2 and two.memory.weights == one.memory.weights


def test_without_the_data_a_dry_run_ends_in_one_sentence(no_weights, monkeypatch, tmp_path):
    def unreachable(*_, **__):
        raise requests.exceptions.ConnectionError

    monkeypatch.delenv("DUALREC_DATA", raising=False)
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    monkeypatch.setattr(registry, "fetch", unreachable)
    with pytest.raises(StudyError, match=r"cannot be reached .* unpack it to DUALREC_DATA/ml-1m/"):
        tuning.train("paper", dry_run=True)


def test_too_little_memory_stops_before_anything_is_loaded(no_weights, monkeypatch):
    monkeypatch.setattr(tuning, "free_memory", lambda _: GIB / 8)
    with pytest.raises(StudyError, match="but 0.12 GiB are free"):
        tuning.train("laptop")


def test_no_user_left_to_train_on_is_an_error(no_weights, toy_profile, toy_folder):
    with pytest.raises(StudyError, match="of toy 0 users have enough events .* titles in .llm."):
        tuning.plan(open_study(toy_profile, data=str(toy_folder)))


def test_a_seed_below_0_is_wrong_usage(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train_lora", "--seed", "-1"])
    assert pytest.raises(SystemExit, tuning.main).value.code == 2
    assert "'--seed'" in capsys.readouterr().err
