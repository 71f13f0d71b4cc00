import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from dualrec.language.local import LLM, converted_folder, load_llm
from dualrec.language.prompts import chat, question


@pytest.fixture(scope="session")
def tokenizer():
    return AutoTokenizer.from_pretrained(converted_folder("smollm2-135m"), padding_side="left")


@pytest.fixture
def tiny(tokenizer):
    """Random weights of a small architecture of the same family, under the real tokenizer."""
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    return LLM("tiny", LlamaForCausalLM(config).eval(), tokenizer)


@pytest.fixture(scope="session")
def llm():
    """The embedded model in float32."""
    return load_llm("smollm2-135m", dtype=torch.float32)


@pytest.fixture(scope="session")
def prompts(tokenizer):
    histories = [["Toy Story (1995)"], ["Heat (1995)", "Casino (1995)"], ["Star Wars (1977)", "Alien (1979)", "Aliens (1986)"]]
    return [chat(tokenizer, question(titles, None, 2)) for titles in histories]
