"""On a GPU everything says what it says on a processor, up to rounding; skipped where there is none."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaConfig, LlamaForCausalLM

from dualrec.config import LoRAConfig, LSTMConfig, SASRecConfig
from dualrec.data.title_vectors import title_vectors
from dualrec.llm import local
from dualrec.llm.finetuning import lora
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.lora import _Run, _with_adapter, fine_tune, merged
from dualrec.llm.finetuning.loss import answer_tokens, encode
from dualrec.llm.finetuning.memory import estimate
from dualrec.llm.inference.beam_search import beam_search
from dualrec.llm.inference.generate import generate
from dualrec.llm.inference.likelihood import score_titles
from dualrec.llm.inference.title_trie import build_trie
from dualrec.llm.local import LLM, four_bits
from dualrec.sequence.neural import NeuralRecommender
from dualrec.types import Cases, Sequences

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

TITLES = [
    "",
    "Alien (1979)",
    "Aliens (1986)",
    "Alien 3 (1992)",
    "Heat (1995)",
    "Casino (1995)",
    "Toy Story (1995)",
    "Amélie (2001)",
]
PROMPTS = ["I watched Heat.\n1.", "I watched Toy Story (1995), and Aladdin, and much else.\n1.", "1."]
LORA = LoRAConfig(rank=2, alpha=4, epochs=2, batch_size=2, learning_rate=1e-2)
EXAMPLES = [Example(f"history {'long ' * i}\n1.", f" Movie {i} (199{i})\n2. Film {i}\n") for i in range(5)]


def on_gpu(llm: LLM, dtype: torch.dtype = torch.float32) -> LLM:
    return LLM(llm.identity, copy.deepcopy(llm.model).to("cuda", dtype), llm.tokenizer)


def test_beams_and_scores_are_those_of_the_processor(tiny):
    titles, nothing = build_trie(tiny.tokenizer, TITLES), Sequences.from_lists([1, 2, 3], [[], [], []])
    found = [beam_search(llm, PROMPTS, titles, nothing, 5, 7, 2) for llm in (tiny, on_gpu(tiny))]
    np.testing.assert_array_equal(found[0].leaves, found[1].leaves)
    np.testing.assert_allclose(found[0].scores, found[1].scores, atol=1e-3)
    scores = [score_titles(llm, PROMPTS, titles, np.arange(1, len(TITLES))[None], 2) for llm in (tiny, on_gpu(tiny))]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-3)


def test_texts_are_those_of_the_processor(tiny, tmp_path):
    texts = [generate(llm, PROMPTS, 2, 2, tmp_path / f"{i}.jsonl").texts for i, llm in enumerate((tiny, on_gpu(tiny)))]
    assert texts[0] == texts[1]


def test_lora_learns_as_on_the_processor(tiny, tmp_path):
    config = replace(LORA, dropout=0.0)  # whose mask each device draws its own way
    histories = [
        fine_tune(llm, EXAMPLES, EXAMPLES[:2], config, 0, tmp_path / str(i))
        for i, llm in enumerate((tiny, on_gpu(tiny)))
    ]
    losses = [[row["validation_loss"] for row in history] for history in histories]
    assert losses[1][-1] < losses[1][0] and losses[0] == pytest.approx(losses[1], abs=2e-3)


def test_a_killed_training_goes_on_to_the_same_adapter(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(lora, "CHECKPOINT_SECONDS", 0.0)  # after every step
    fine_tune(on_gpu(tiny), EXAMPLES, EXAMPLES[:2], LORA, 0, tmp_path / "whole")
    save, saved = lora.save_checkpoint, []

    def save_then_die(*arguments):
        save(*arguments)
        saved.append(1)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(lora, "save_checkpoint", save_then_die)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(on_gpu(tiny), EXAMPLES, EXAMPLES[:2], LORA, 0, tmp_path / "cut")
    monkeypatch.setattr(lora, "save_checkpoint", save)
    fine_tune(on_gpu(tiny), EXAMPLES, EXAMPLES[:2], LORA, 0, tmp_path / "cut")
    whole, cut = (load_file(tmp_path / name / "adapter" / lora.ADAPTER_FILE) for name in ("whole", "cut"))
    assert whole.keys() == cut.keys() and all(torch.equal(whole[name], cut[name]) for name in whole)


@pytest.mark.parametrize("config", [LSTMConfig(epochs=3, batch_size=8), SASRecConfig(epochs=3, batch_size=8)])
def test_networks_learn_and_are_read_back(config, toy_catalogue, tmp_path):
    train = Sequences.from_lists(list(range(32)), [[(user + step) % 8 + 1 for step in range(7)] for user in range(32)])
    validation = Cases(train.drop_last(1), train.items[train.offsets[1:] - 1])
    vectors = np.zeros((len(toy_catalogue) + 1, 8), np.float32)
    model = NeuralRecommender(toy_catalogue, vectors, config, 0, tmp_path / "checkpoint").fit(train, validation)
    assert model.device.type == "cuda" and model.history[-1]["loss"] < model.history[0]["loss"]
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    read = NeuralRecommender(toy_catalogue, vectors, config, 1, None).load(tmp_path / "model")
    np.testing.assert_array_equal(model.scores(validation.history), read.scores(validation.history))


def big(tokenizer, **sizes) -> LlamaConfig:
    return LlamaConfig(vocab_size=len(tokenizer), num_attention_heads=8, num_key_value_heads=2, pad_token_id=0, **sizes)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_training_step_takes_the_memory_that_was_estimated(tokenizer, tmp_path, checkpointing):
    """The peak of one step in bfloat16, at most a quarter off."""
    sizes = big(tokenizer, hidden_size=1024, intermediate_size=2816, num_hidden_layers=12)
    config = replace(LORA, rank=8, batch_size=8, checkpointing=checkpointing)
    examples = [Example("word " * 300, " Movie (1999)\n" * 20)] * 8
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    llm = LLM("big", LlamaForCausalLM(sizes).to("cuda", torch.bfloat16), tokenizer)
    encoded = encode(llm, examples)
    needed = estimate(llm.model, config, 8, max(map(len, encoded)), answer_tokens(encoded) // 8).total
    _, trained = _with_adapter(llm.model, config, 0)
    run = _Run(llm, encoded, trained, config, 0, tmp_path)
    llm.model.train()
    torch.cuda.reset_peak_memory_stats()
    run._step([encoded])
    run._step([encoded])
    assert torch.cuda.max_memory_allocated() - before == pytest.approx(needed, rel=0.25)


def test_four_bits_are_trained_and_merged_into_whole_weights(tokenizer, tmp_path):
    pytest.importorskip("bitsandbytes", reason="the package is not installed")
    torch.manual_seed(0)
    whole = LlamaForCausalLM(big(tokenizer, hidden_size=128, intermediate_size=256, num_hidden_layers=2)).to(
        torch.bfloat16
    )
    whole.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    assert four_bits().load_in_4bit
    llm = local.load_llm(str(tmp_path / "model"), quantise="4bit")
    layer = llm.model.get_decoder().layers[0].mlp.up_proj.weight
    assert layer.dtype == torch.uint8 and layer.numel() == 128 * 256 / 2
    history = fine_tune(llm, EXAMPLES, EXAMPLES[:2], replace(LORA, quantise="4bit"), 0, tmp_path / "run")
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    ready = merged(local.load_llm(str(tmp_path / "model")), tmp_path / "run")
    moved = (
        ready.model.get_decoder().layers[0].self_attn.q_proj.weight.cpu()
        - whole.get_decoder().layers[0].self_attn.q_proj.weight
    )
    assert torch.isfinite(moved).all() and moved.abs().max() > 0


def test_title_vectors_are_unit_rows(toy_catalogue, tmp_path):
    vectors = title_vectors(toy_catalogue, "all-minilm-l6-v2", tmp_path / "vectors")
    np.testing.assert_allclose(np.linalg.norm(vectors[1:], axis=1), 1, atol=1e-5)
