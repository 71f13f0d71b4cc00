"""What a language model makes of titles: each as if it were read alone, token by token, and the mean of that."""

import numpy as np
import pytest
import torch

from dualrec.core.errors import StudyError
from dualrec.llm.inference.title_states import mean_states, mean_tokens, untrained

TITLES = ["Alien (1979)", "Heat (1995)", "Les Misérables (1995)", "Star Wars: Episode IV - A New Hope (1977)", "It"]


def tokens(llm, title):
    return llm.tokenizer(title, add_special_tokens=False, return_tensors="pt").input_ids


@torch.inference_mode()
def read_alone(llm, title, layers):
    """The mean over what the lowest layers and the last norm make of a title."""
    decoder = llm.model.get_decoder()
    ids = tokens(llm, title)
    kept, decoder.layers = decoder.layers, decoder.layers[:layers]
    try:
        return decoder(input_ids=ids, use_cache=False).last_hidden_state[0].mean(dim=0).numpy()
    finally:
        decoder.layers = kept


@pytest.mark.parametrize("layers", [1, 2])
def test_every_title_is_read_as_if_it_were_alone(tiny, layers):
    found = mean_states(tiny, TITLES, layers, batch_size=3)
    assert found.shape == (5, 16) and found.dtype == np.float32
    for vector, title in zip(found, TITLES, strict=True):
        np.testing.assert_allclose(vector, read_alone(tiny, title, layers), atol=1e-5)
    assert len(tiny.model.get_decoder().layers) == 2, "the model has all its layers again"


def test_no_number_of_layers_is_all_of_them_and_more_are_refused(tiny):
    np.testing.assert_array_equal(mean_states(tiny, TITLES, 0), mean_states(tiny, TITLES, 2))
    with pytest.raises(StudyError, match="the language model has 2"):
        mean_states(tiny, TITLES, 3)


def test_static_vectors_are_the_mean_of_a_title_s_rows(tiny):
    table = tiny.model.get_input_embeddings().weight.detach().numpy()
    found = mean_tokens(tiny, TITLES)
    np.testing.assert_allclose(found[0], table[tokens(tiny, TITLES[0])[0]].mean(axis=0), atol=1e-6)


def test_an_untrained_model_has_the_sizes_and_its_seed_s_weights(tiny):
    state = torch.get_rng_state()
    first, same, other = (untrained(tiny, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state), "what is drawn elsewhere stays as it was"
    weights = [dict(llm.model.named_parameters()) for llm in (tiny, first, same, other)]
    assert {name: w.shape for name, w in weights[0].items()} == {name: w.shape for name, w in weights[1].items()}
    matrices = [name for name, weight in weights[0].items() if weight.ndim == 2]
    assert len(matrices) >= 15
    assert all(torch.equal(weights[1][name], weights[2][name]) for name in matrices)
    assert not any(torch.equal(weights[1][name], weights[number][name]) for name in matrices for number in (0, 3))
    assert len({first.identity, other.identity, tiny.identity}) == 3
    assert not np.allclose(mean_states(first, TITLES, 1), mean_states(tiny, TITLES, 1), atol=1e-2)
