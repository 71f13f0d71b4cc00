from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch

from dualrec.core.assets import verified_asset
from dualrec.core.errors import StudyError
from dualrec.llm import local
from dualrec.llm.local import converted_folder, four_bits, load_config, load_gguf, load_llm


def test_converted_model_computes_what_the_gguf_computes(llm, prompts):
    tokenizer, original = load_gguf(verified_asset("smollm2-135m") / "SmolLM2-135M-Instruct.Q4_1.gguf")
    for prompt in prompts:
        ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids
        assert ids.tolist() == llm.tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids.tolist()
        with torch.inference_mode():
            torch.testing.assert_close(llm.model(ids).logits, original(ids).logits, rtol=1e-3, atol=1e-3)


def test_whoever_comes_second_waits_for_the_conversion_of_the_first(monkeypatch, tmp_path):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    begun, go_on, converted = Event(), Event(), []

    class Made:
        def save_pretrained(self, folder):
            folder.mkdir(exist_ok=True)

    def slowly(path):
        converted.append(path.name)
        begun.set()
        assert go_on.wait(30)
        return Made(), Made()

    monkeypatch.setattr(local, "load_gguf", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(converted_folder, "smollm2-135m")
        assert begun.wait(30)
        second = pool.submit(converted_folder, "smollm2-135m")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)
        go_on.set()
        assert first.result(30) == second.result(30) and first.result().is_dir()
    assert len(converted) == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [("someone/some-model", "owner/name@revision"), ("someone/some-model@main", "cannot be loaded")],
)
def test_unknown_models_are_named(spec, message):
    with pytest.raises(StudyError, match=message):
        load_llm(spec)


@pytest.mark.parametrize(
    ("cuda", "package", "message"),
    [
        (False, True, "needs a CUDA device, not found here"),
        (True, False, r"needs the package bitsandbytes \(`pip install bitsandbytes`\), not found here"),
        (False, False, "needs a CUDA device and the package bitsandbytes"),
    ],
)
def test_four_bits_name_what_is_lacking_before_anything_is_loaded(monkeypatch, cuda, package, message):
    monkeypatch.setattr(local.torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(local.importlib.util, "find_spec", lambda name: object() if package else None)
    monkeypatch.setattr(local, "_source", lambda _: pytest.fail("looked for the model"))
    with pytest.raises(StudyError, match=message):
        load_llm("smollm2-135m", quantise="4bit")


def test_four_bits_are_those_of_qlora_where_nothing_is_lacking(monkeypatch):
    monkeypatch.setattr(local.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(local.importlib.util, "find_spec", lambda name: object())
    found = four_bits()
    assert found.load_in_4bit and found.bnb_4bit_use_double_quant and found.bnb_4bit_quant_type == "nf4"
    assert found.bnb_4bit_compute_dtype == torch.bfloat16


def test_configurations_come_without_weights(monkeypatch):
    assert load_config("smollm2-135m").hidden_size == 576
    assert load_config(str(converted_folder("smollm2-135m"))).num_hidden_layers == 30
    mistral = load_config("mistralai/Mistral-7B-Instruct-v0.3@main")
    assert (mistral.hidden_size, mistral.num_key_value_heads, mistral.vocab_size) == (4096, 8, 32768)
    with pytest.raises(StudyError, match="the sizes of language model 'someone/some-model@main' are not known"):
        load_config("someone/some-model@main")
