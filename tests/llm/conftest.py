import pytest


@pytest.fixture(scope="session")
def llm():
    """The embedded model in float32."""
    import torch

    from dualrec.llm.local import load_llm

    return load_llm("smollm2-135m", dtype=torch.float32)


@pytest.fixture(scope="session")
def prompts(tokenizer):
    from dualrec.config import MOVIES
    from dualrec.llm.prompts import STYLES, Prompts

    words = Prompts(STYLES["default"], MOVIES)
    trilogy = ["Star Wars (1977)", "Alien (1979)", "Aliens (1986)"]
    histories = [["Toy Story (1995)"], ["Heat (1995)", "Casino (1995)"], trilogy]
    return [words.chat(tokenizer, words.question(titles, None, 2)) for titles in histories]
