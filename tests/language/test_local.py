import pytest
import torch

from dualrec.assets import verified_asset
from dualrec.errors import StudyError
from dualrec.language.generate import generate, line_end_tokens
from dualrec.language.local import load_gguf, load_llm


def test_converted_model_computes_what_the_gguf_computes(llm, prompts):
    tokenizer, original = load_gguf(verified_asset("smollm2-135m") / "SmolLM2-135M-Instruct.Q4_1.gguf")
    for prompt in prompts:
        ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids
        assert ids.tolist() == llm.tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids.tolist()
        with torch.inference_mode():
            torch.testing.assert_close(llm.model(ids).logits, original(ids).logits, rtol=1e-3, atol=1e-3)


def test_generation_stops_after_the_asked_titles_and_batches_agree(llm, prompts, tmp_path):
    together = generate(llm, prompts, titles=2, batch_size=3, journal=tmp_path / "together.jsonl")
    alone = generate(llm, prompts, titles=2, batch_size=1, journal=tmp_path / "alone.jsonl")
    assert together.texts == alone.texts
    for text in alone.texts:
        assert text.strip() and text.count("\n") <= 2


def test_generation_goes_on_from_its_journal(llm, prompts, tmp_path):
    journal = tmp_path / "lists.jsonl"
    whole = generate(llm, prompts, titles=1, batch_size=1, journal=journal)
    second = journal.read_text(encoding="utf-8").splitlines()[1]
    journal.write_text('{"texts": ["kept"], "seconds": 1000.0}\n' + second[:9], encoding="utf-8")  # killed in the second batch
    resumed = generate(llm, prompts, titles=1, batch_size=1, journal=journal)
    assert resumed.texts == ["kept", *whole.texts[1:]] and resumed.seconds > 1000


def test_line_end_tokens_are_those_with_a_line_break(llm):
    flags = line_end_tokens(llm)
    newline = llm.tokenizer("\n", add_special_tokens=False).input_ids
    assert all(flags[newline]) and not flags[llm.tokenizer(" Heat", add_special_tokens=False).input_ids].any()


@pytest.mark.parametrize(
    ("spec", "message"),
    [("someone/some-model", "owner/name@revision"), ("someone/some-model@main", "cannot be loaded")],
)
def test_unknown_models_are_named(spec, message):
    with pytest.raises(StudyError, match=message):
        load_llm(spec)
