"""The command that trains an adapter: one process and several end with the same losses and weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch.testing import assert_close

from dualrec.language.lora import ADAPTER_FILE

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


def command(launcher: list[str], profile: str, home: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"DUALREC_HOME": str(home), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    arguments = [sys.executable, "-m", *launcher, "dualrec.language.lora", "--profile", profile]
    return subprocess.run(arguments, capture_output=True, text=True, env=environment)


def test_two_processes_end_with_the_losses_and_the_adapter_of_one(lora_profile, tmp_path):
    """Batches of 3 rows: one process takes two of them, the other one; 9 examples make a last step of one batch."""
    launch = ["accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no",
              "--dynamo_backend", "no", "--main_process_port", "0", "-m"]  # fmt: skip
    losses, adapters = {}, {}
    for name, launcher in {"one": [], "two": launch}.items():
        done = command(launcher, lora_profile, tmp_path / name)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("epoch 2: training loss") == 1 and done.stdout.count("adapter and history in runs/toy/cache/lora-") == 1
        (history,) = (tmp_path / name / "runs" / "toy" / "cache").glob("lora-*/history.json")
        losses[name] = [(row["train_loss"] or 0, row["validation_loss"]) for row in json.loads(history.read_text(encoding="utf-8"))]
        adapters[name] = load_file(history.parent / "adapter" / ADAPTER_FILE)
    assert losses["two"][2] != losses["two"][0]
    assert [loss for row in losses["two"] for loss in row] == pytest.approx([loss for row in losses["one"] for loss in row], rel=1e-4)
    assert_close(adapters["two"], adapters["one"], atol=1e-4, rtol=0)
