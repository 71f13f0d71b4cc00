"""Without a network: data and models of the default study load, the study is evaluated, and nobody asks for one."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

ALONE = ["unshare", "-rn"]  # in a name space whose network leads nowhere
SCRIPT = """
import json, runpy, socket, sys
asked, refusing = [], sys.argv.pop(1) == "refuse"

def watch(event, args):
    connects = event == "socket.connect" and isinstance(args[1], tuple)  # a path is no network
    if event == "socket.getaddrinfo" or connects:
        asked.append(f"{event} {args}")
        if refusing:
            raise OSError("there is no network")

sys.addaudithook(watch)
from dualrec.data.sources import load
from dualrec.data.title_vectors import load_encoder
from dualrec.llm.local import load_config, load_llm

vectors = load_encoder("all-minilm-l6-v2").encode(["Heat (1995)", "Alien (1979)"], show_progress_bar=False)
llm = load_llm("smollm2-135m")
found = {"movies": len(load("ml-100k").catalogue), "vectors": vectors.shape, "tokens": len(llm.tokenizer)}
found |= {"config": load_config("smollm2-135m").vocab_size, "weights": len(llm.model.get_input_embeddings().weight)}
try:
    runpy.run_module("dualrec", run_name="__main__", alter_sys=True)  # `python -m dualrec`
finally:
    found["asked"] = list(asked)
    try:  # on purpose and at the end: whoever had asked would have been seen, and would have got nothing
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    except OSError as error:
        found["refused"] = str(error)
    found["seen"] = len(asked) > len(found["asked"])
    print(json.dumps(found), file=sys.stderr)
"""


def can_be_alone() -> bool:
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("way", ["name space", "refuse"])
def test_the_default_study_needs_no_network(way, tmp_path):
    if way == "name space" and not can_be_alone():
        pytest.skip("this machine lets nobody have a network name space of his own")
    evaluate = ["evaluate", "--systems", "popularity", "--profile", "smoke", "--out", str(tmp_path / "out")]
    command = [*(ALONE if way == "name space" else []), sys.executable, "-c", SCRIPT, way, *evaluate]
    # a user sets nothing of the kind
    told_to_be_offline = {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"}
    environment = {name: value for name, value in os.environ.items() if name not in told_to_be_offline}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["popularity"]["n"] > 0 and (tmp_path / "out/lists/popularity.parquet").is_file()
    found = json.loads(done.stderr.splitlines()[-1])
    assert found.pop("refused") == (
        "[Errno 101] Network is unreachable" if way == "name space" else "there is no network"
    )
    assert found == {
        "movies": 1682,
        "vectors": [2, 384],
        "tokens": 49152,
        "config": 49152,
        "weights": 49152,
        "asked": [],
        "seen": True,
    }
