"""Families of language models with random weights: each goes the whole road as plain reading would, or is refused."""

import numpy as np
import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM, PreTrainedConfig

from dualrec.config import MOVIES, LoRAConfig, ReaderConfig
from dualrec.core.errors import StudyError
from dualrec.llm.contract import require_causal_lm
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.lora import fine_tune, merged
from dualrec.llm.finetuning.loss import answer_loss, encode, evaluate_loss
from dualrec.llm.finetuning.memory import estimate, skeleton
from dualrec.llm.inference.beam_search import beam_search
from dualrec.llm.inference.generate import TOKENS_PER_TITLE, generate
from dualrec.llm.inference.hidden_states import Questions, read_states
from dualrec.llm.inference.likelihood import score_titles
from dualrec.llm.inference.title_trie import build_trie
from dualrec.llm.local import LLM, load_llm
from dualrec.llm.prompts import STYLES, Prompts, answer
from dualrec.types import Sequences

WORDS = Prompts(STYLES["default"], MOVIES)
TITLES = ["", "Alien (1979)", "Aliens (1986)", "Heat (1995)", "Casino (1995)", "Amélie (2001)"]
EXAMPLES = [Example(f"history {'long ' * i}\n1.", f" Movie {i} (199{i})\n2. Film {i}\n") for i in range(3)]
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,  # large, so that what a token sees shows in what it says
    "pad_token_id": 0,
}
ACCEPTED = {
    "Llama": {},
    "Qwen2": {"extra_words": 64},  # its tables are longer than its vocabulary
    "Qwen3": {"head_dim": 16, "tie_word_embeddings": True},
    "Mistral": {"sliding_window": None},
    "Phi": {},  # its last norm has another name, its output layer a bias
    "Phi3": {"modules": ("qkv_proj",)},
    "Gemma": {"head_dim": 16},  # scales its embeddings, and its heads are wider than hidden_size has room for
}
FULL = ["full_attention"] * 2
REFUSED = {
    "windows in some layers": ("Gemma2", {}, "has layers of sliding_attention"),
    "capped logits": ("Gemma2", {"layer_types": FULL, "attn_logit_softcapping": None}, "caps or scales"),
    "capped scores": ("Gemma2", {"layer_types": FULL, "final_logit_softcapping": None}, "attends with more than"),
    "a window": ("Mistral", {"sliding_window": 4}, "attends in a window of 4 tokens"),
    "a window of Phi": ("Phi3", {"sliding_window": 4}, "attends in a window of 4 tokens"),
    "a window on demand": ("Qwen2", {"use_sliding_window": True, "max_window_layers": 1}, "has layers of sliding_att"),
    "scaled logits": ("Cohere", {}, "caps or scales"),
    "divided logits": ("Granite", {"logits_scaling": 8.0}, "caps or scales"),
    "no attention": ("Mamba", {}, "has layers of linear_attention"),
    "layers by another name": ("GPT2", {"n_layer": 2, "n_embd": 32, "n_head": 4}, "has no decoder with all its layers"),
}


def configuration(family: str, vocabulary: int, extra_words: int = 0, **settings) -> PreTrainedConfig:
    sizes = {} if family == "GPT2" else SIZES
    return getattr(transformers, f"{family}Config")(**{**sizes, "vocab_size": vocabulary + extra_words, **settings})


def built(family: str, tokenizer, **settings) -> LLM:
    torch.manual_seed(3)
    config = configuration(family, len(tokenizer), **settings)
    return LLM(family, AutoModelForCausalLM.from_config(config, attn_implementation=None).float().eval(), tokenizer)


@pytest.fixture(scope="module", params=ACCEPTED)
def family(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def member(family, tokenizer) -> LLM:
    return built(family, tokenizer, **{name: v for name, v in ACCEPTED[family].items() if name != "modules"})


@pytest.fixture(scope="module")
def lora(family) -> LoRAConfig:
    modules = ACCEPTED[family].get("modules", ("q_proj", "v_proj"))
    return LoRAConfig(rank=2, alpha=4, modules=modules, epochs=1, batch_size=2, learning_rate=1e-2)


@torch.no_grad()
def log_probabilities(llm: LLM, ids: list[int]) -> torch.Tensor:
    """(T, vocabulary): of the next token after each, by one plain pass."""
    return llm.model(torch.tensor([ids])).logits[0].float().log_softmax(dim=-1)


def ids_of(llm: LLM, text: str) -> list[int]:
    return llm.tokenizer(text, add_special_tokens=False).input_ids


def one_by_one(llm: LLM, prompts: list[str]) -> np.ndarray:
    """(prompts, N): the log-likelihood of each title after each prompt, read alone."""
    scores = np.empty((len(prompts), len(TITLES) - 1))
    for row, prompt in enumerate(prompts):
        start = ids_of(llm, prompt)
        for column, title in enumerate(TITLES[1:]):
            own = ids_of(llm, answer([title]))
            after = log_probabilities(llm, start + own)[len(start) - 1 : -1]
            scores[row, column] = after[torch.arange(len(own)), own].sum().item()
    return scores


def written_slowly(llm: LLM, prompt: str) -> str:
    """One line, greedily, everything read again for each token."""
    ids = ids_of(llm, prompt)
    written = []
    while len(written) < TOKENS_PER_TITLE and "\n" not in llm.tokenizer.decode(written[-1:]):
        written.append(int(log_probabilities(llm, ids + written)[-1].argmax()))
        if written[-1] == llm.model.generation_config.eos_token_id:
            break
    return llm.tokenizer.decode(written, skip_special_tokens=True)


def test_the_contract_is_kept(member):
    require_causal_lm(member.model)


def test_what_is_written_is_what_the_model_would_write_token_by_token(member, prompts, tmp_path):
    texts = generate(member, prompts, titles=1, batch_size=2, journal=tmp_path / "texts.jsonl").texts
    assert texts == [written_slowly(member, prompt) for prompt in prompts]


def test_titles_are_scored_and_found_as_if_each_was_read_alone(member, prompts):
    trie = build_trie(member.tokenizer, TITLES)
    alone = one_by_one(member, prompts)
    scores = score_titles(member, prompts, trie, np.arange(1, len(TITLES))[None], batch_size=2)
    np.testing.assert_allclose(scores, alone, rtol=1e-4)
    nothing = Sequences.from_lists(range(len(prompts)), [[]] * len(prompts))
    beams = beam_search(member, prompts, trie, nothing, k=len(TITLES) - 1, width=len(TITLES), batch_size=2)
    order = np.argsort(-alone, axis=1)
    np.testing.assert_array_equal(beams.leaves, trie.leaf_of[1:][order])
    np.testing.assert_allclose(beams.scores, np.take_along_axis(alone, order, axis=1), rtol=1e-4)


@pytest.mark.parametrize("layers", [0, 1])
def test_states_are_those_of_the_plain_text(member, layers):
    """By one layer: what comes out of it, brought to size by the last norm."""
    histories = Sequences.from_lists([7, 9], [[1, 2, 3, 4], [5, 2]])
    places = [(0, 2, 0), (0, 2, 5), (0, 4, 1), (1, 2, 3)]  # row, movies read, hint
    config = ReaderConfig(window=4, positions=1, read_batch=2, layers=layers)
    states = read_states(member, WORDS, TITLES, histories, Questions(*np.array(places).T), config)
    decoder = member.model.get_decoder()
    norm = decoder.final_layernorm if hasattr(decoder, "final_layernorm") else decoder.norm
    for state, (row, at, hint) in zip(states, places, strict=True):
        lines = [f"{TITLES[item]}\n" for item in histories.sequence(row)[:at]]
        pieces = [
            WORDS.reader_header,
            *lines,
            *([WORDS.reader_hint(TITLES[hint])] if hint else []),
            WORDS.reader_question,
        ]
        ids = [token for piece in pieces for token in ids_of(member, piece)]
        with torch.no_grad():
            out = decoder(torch.tensor([ids]), output_hidden_states=True)
            plain = norm(out.hidden_states[1][0, -1]) if layers else out.last_hidden_state[0, -1]
        np.testing.assert_allclose(state, plain.numpy(), atol=1e-4 * plain.abs().max().item())
    assert len(decoder.layers) == member.model.config.num_hidden_layers == 2


def test_an_adapter_learns_and_is_merged(member, lora, tmp_path):
    encoded = encode(member, EXAMPLES)
    own = 0.0
    for example in encoded:
        losses = log_probabilities(member, example.ids)[:-1][torch.arange(len(example) - 1), example.ids[1:]]
        own -= losses[[label >= 0 for label in example.labels[1:]]].sum().item()
    with torch.no_grad():
        assert answer_loss(member, encoded)[0].item() == pytest.approx(own, rel=1e-4)
    before = {name: weight.clone() for name, weight in member.model.state_dict().items()}
    history = fine_tune(member, EXAMPLES, EXAMPLES, lora, 0, tmp_path)
    assert (
        history[1]["validation_loss"]
        < history[0]["validation_loss"]
        == pytest.approx(evaluate_loss(member, encoded, 2), rel=1e-4)
    )
    member.model.eval()
    tuned = merged(member, tmp_path)
    require_causal_lm(tuned.model)
    assert evaluate_loss(tuned, encoded, 2) == pytest.approx(history[1]["validation_loss"], rel=1e-4)
    member.model.load_state_dict(before)  # `merged` folds the adapter into the model's own weights


def test_memory_is_estimated(member, lora):
    model = skeleton(member.model.config, torch.float32)
    needed = estimate(model, lora, rows=2, tokens=16, answers=8)
    assert needed.weights == 4 * sum(weight.numel() for weight in member.model.parameters())
    assert needed.adapter > 0 and needed.activations > 0


@pytest.mark.parametrize("reason", REFUSED)
def test_another_kind_of_model_is_refused_in_one_sentence(tokenizer, reason):
    family, settings, message = REFUSED[reason]
    model = built(family, tokenizer, **settings).model
    with pytest.raises(
        StudyError, match=f"^{type(model).__name__} {message}.*; set llm.model to a model of"
    ) as refusal:
        require_causal_lm(model)
    assert "\n" not in str(refusal.value)


def everything_before(mask: torch.Tensor | None) -> torch.Tensor | None:
    """The mask by which W new tokens see all that was read before them."""
    return None if mask is None else torch.full_like(mask, -torch.inf).triu(1 + mask.shape[3] - mask.shape[2])


@pytest.mark.parametrize(
    ("given", "taken"), [("attention_mask", everything_before), ("position_ids", lambda positions: None)]
)
def test_a_decoder_that_ignores_mask_or_positions_is_refused(tokenizer, monkeypatch, given, taken):
    model = built("Llama", tokenizer).model
    decoder = model.get_decoder()
    forward = decoder.forward
    monkeypatch.setattr(
        decoder, "forward", lambda *args, **inputs: forward(*args, **inputs | {given: taken(inputs.get(given))})
    )
    with pytest.raises(StudyError, match="LlamaForCausalLM does not read a branch behind a cached prompt as it reads"):
        require_causal_lm(model)


def test_a_decoder_that_raises_is_refused_with_the_reason(tokenizer, monkeypatch):
    model = built("Llama", tokenizer).model
    decoder = model.get_decoder()
    forward = decoder.forward

    def without_positions(*args, position_ids=None, **inputs):
        if position_ids is not None:
            raise TypeError("positions are counted here\nand nowhere else")
        return forward(*args, **inputs)

    monkeypatch.setattr(decoder, "forward", without_positions)
    with pytest.raises(StudyError, match=r"cannot read a branch behind a cached prompt \(positions are counted here\)"):
        require_causal_lm(model)


def test_the_models_that_are_loaded_are_checked(tokenizer, tmp_path):
    built("Mistral", tokenizer, sliding_window=4).model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(StudyError, match="MistralForCausalLM attends in a window of 4 tokens"):
        load_llm(str(tmp_path), torch.float32)
