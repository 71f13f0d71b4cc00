import pytest
import torch

from dualrec.core.errors import StudyError
from dualrec.llm.inference.layer_slice import only_layers


def test_lower_layers_read_alone_within_the_block_and_all_of_them_behind_it(tiny):
    decoder = tiny.model.get_decoder()
    ids = torch.tensor([[11, 12, 13]])
    read = []
    for number, layer in enumerate(decoder.layers):
        layer.register_forward_hook(lambda *_, number=number: read.append(number))
    with pytest.raises(ZeroDivisionError), torch.no_grad(), only_layers(tiny.model, 1):
        cut = decoder(ids).last_hidden_state
        raise ZeroDivisionError
    with torch.no_grad():
        out = decoder(ids, output_hidden_states=True)
    assert read == [0, 0, 1]
    torch.testing.assert_close(cut, decoder.norm(out.hidden_states[1]))
    assert len(decoder.layers) == tiny.model.config.num_hidden_layers == 2


def test_none_means_all(tiny):
    with only_layers(tiny.model, 0):
        assert len(tiny.model.get_decoder().layers) == tiny.model.config.num_hidden_layers == 2


def test_more_layers_than_there_are_is_one_clear_sentence(tiny):
    with (
        pytest.raises(StudyError, match=r"layers = 3 in \[reader\], but the language model has 2"),
        only_layers(tiny.model, 3),
    ):
        pass
