import pytest
import torch

from dualrec.llm.local import load_llm
from dualrec.llm.prompts import chat, question


@pytest.fixture(scope="session")
def llm():
    """The embedded model in float32."""
    return load_llm("smollm2-135m", dtype=torch.float32)


@pytest.fixture(scope="session")
def prompts(tokenizer):
    histories = [["Toy Story (1995)"], ["Heat (1995)", "Casino (1995)"], ["Star Wars (1977)", "Alien (1979)", "Aliens (1986)"]]
    return [chat(tokenizer, question(titles, None, 2)) for titles in histories]
