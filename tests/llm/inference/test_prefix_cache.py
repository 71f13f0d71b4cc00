import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from transformers import Gemma2Config, Gemma2ForCausalLM

from dualrec.core.errors import StudyError
from dualrec.llm.inference import prefix_cache as reading
from dualrec.llm.inference.prefix_cache import PrefixCache, common_start, token_ids
from dualrec.llm.local import LLM
from dualrec.llm.speed.attention import GROUPED


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([[1, 2, 3], [1, 2, 4, 5]], 2),
        ([[1, 2], [1, 2, 3]], 1),  # something of every row must be left to read
        ([[1, 2], [1, 2]], 1),
        ([[5], [5, 6]], 0),
        ([[1, 2], [3, 2]], 0),
        ([[1, 2, 3]], 0),
    ],
)
def test_what_rows_begin_with_by_hand(rows, shared):
    assert common_start(rows) == shared


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=6), min_size=2, max_size=5))
def test_what_rows_begin_with_compared_token_by_token(rows):
    wanted = 0
    while wanted < min(map(len, rows)) - 1 and len({row[wanted] for row in rows}) == 1:
        wanted += 1
    assert common_start(rows) == wanted


def test_a_prompt_is_read_the_same_alone_and_beside_others(tiny, prompts):
    ids = tiny.tokenizer(prompts, add_special_tokens=False).input_ids
    assert common_start(ids) > 10 and len({len(row) for row in ids}) == 3  # shared, padded and the rest
    with torch.inference_mode():
        together = PrefixCache(tiny, token_ids(tiny, prompts))
        for row, prompt in enumerate(ids):
            alone = tiny.model.get_decoder()(torch.tensor([prompt])).last_hidden_state[0, -1]
            torch.testing.assert_close(together.last_state[row], alone, atol=1e-5, rtol=0)
            assert together.prompt_mask[row].sum() == len(prompt) == together.next_position[row]


def test_branches_are_read_as_if_each_stood_alone(tiny, prompts):
    ids = tiny.tokenizer(prompts, add_special_tokens=False).input_ids
    with torch.inference_mode():
        prefixes = PrefixCache(tiny, token_ids(tiny, prompts))
        tokens, depth = torch.tensor([[11, 12, 13]] * 3), torch.tensor([[0, 1, 0]] * 3)
        sees = torch.tensor([[[1, 0, 0], [1, 1, 0], [0, 0, 1]]] * 3).bool()  # 11 - 12, and 13 by itself
        states = prefixes.read(tokens, depth, sees)
        for row, prompt in enumerate(ids):
            for column, branch in enumerate(([11], [11, 12], [13])):
                alone = tiny.model.get_decoder()(torch.tensor([prompt + branch])).last_hidden_state[0, -1]
                torch.testing.assert_close(states[row, column], alone, atol=1e-5, rtol=0)
        assert prefixes.branch_tokens == 3
        prefixes.drop_branches()
        assert prefixes.branch_tokens == 0


def test_the_model_attends_as_before_once_branches_are_read(tiny, prompts):
    before = tiny.model.config._attn_implementation
    prefixes = PrefixCache(tiny, token_ids(tiny, prompts))
    one = torch.ones(3, 1, 1, dtype=torch.bool)
    prefixes.read(torch.ones(3, 1, dtype=torch.int64), torch.zeros(3, 1, dtype=torch.int64), one)
    with pytest.raises(RuntimeError):
        prefixes.read(torch.ones(3, 1, dtype=torch.int64), torch.zeros(3, 1, dtype=torch.int64), one[:, :, :0])
    assert tiny.model.config._attn_implementation == before != GROUPED


def test_a_model_that_attends_in_another_way_is_refused(tiny, prompts):
    sizes = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
    }
    capped = LLM(
        "capped", Gemma2ForCausalLM(Gemma2Config(vocab_size=len(tiny.tokenizer), **sizes)).eval(), tiny.tokenizer
    )
    with torch.inference_mode(), pytest.raises(StudyError, match="Gemma2ForCausalLM attends with more than scaled"):
        prefixes = PrefixCache(capped, token_ids(capped, prompts))
        prefixes.read(
            torch.ones(3, 1, dtype=torch.long),
            torch.zeros(3, 1, dtype=torch.long),
            torch.ones(3, 1, 1, dtype=torch.bool),
        )


@pytest.mark.parametrize(("states", "words"), [(2, 100), (1, 7), (512, 2048)])
def test_log_probabilities_are_those_of_the_whole_vocabulary(tiny, prompts, monkeypatch, states, words):
    monkeypatch.setattr(reading, "HEAD_ROWS", states)
    monkeypatch.setattr(reading, "HEAD_WORDS", words)
    with torch.inference_mode():
        prefixes = PrefixCache(tiny, token_ids(tiny, prompts))
        rows, tokens = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([5, 7, 5, 0, 9])
        found = prefixes.log_probabilities(prefixes.last_state, rows, tokens)
        logits = F.linear(prefixes.last_state, tiny.model.get_output_embeddings().weight).double()
        torch.testing.assert_close(
            found.double(), logits[rows, tokens] - logits.exp().sum(1).log()[rows], atol=1e-5, rtol=0
        )
