import pytest
import torch

from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.loss import IGNORE, answer_loss, answer_tokens, encode, evaluate_loss

EXAMPLES = [Example(f"history {'long ' * i}\n1.", f" Movie {i} (199{i})\n2. Film {i}\n") for i in range(5)]


def test_labels_cover_the_answer_and_the_end_of_turn_only(tiny):
    encoded = encode(tiny, EXAMPLES)
    ids, labels = encoded[0].ids, encoded[0].labels
    answer = [label for label in labels if label != IGNORE]
    assert tiny.tokenizer.decode(answer) == EXAMPLES[0].answer + tiny.tokenizer.eos_token
    assert ids[-len(answer) :] == answer and set(labels[: -len(answer)]) == {IGNORE}


def test_answer_loss_equals_the_models_own_loss_and_ignores_padding(tiny):
    encoded = encode(tiny, EXAMPLES[:2])
    total = 0.0
    for e in encoded:  # transformers' own shifted loss, one unpadded row at a time
        out = tiny.model(input_ids=torch.tensor([e.ids]), labels=torch.tensor([e.labels]))
        total += out.loss.item() * sum(label != IGNORE for label in e.labels)
    loss, n = answer_loss(tiny, encoded)
    assert n == sum(label != IGNORE for e in encoded for label in e.labels)
    assert loss.item() == pytest.approx(total, rel=1e-5)


def test_the_bias_of_a_model_that_has_one_counts(tiny):
    """As Phi's does."""
    encoded = encode(tiny, EXAMPLES[:2])
    without, _ = answer_loss(tiny, encoded)
    tiny.model.lm_head.bias = torch.nn.Parameter(torch.randn(tiny.model.config.vocab_size))
    loss, n = answer_loss(tiny, encoded)
    (alone,) = (tiny.model(input_ids=torch.tensor([e.ids]), labels=torch.tensor([e.labels])).loss for e in encoded[:1])
    assert answer_loss(tiny, encoded[:1])[0].item() == pytest.approx(
        alone.item() * answer_tokens(encoded[:1]), rel=1e-5
    )
    assert abs(loss.item() - without.item()) / n > 0.1


def test_mean_loss_is_over_tokens_not_over_batches(tiny):
    encoded = encode(tiny, EXAMPLES)
    loss, n = answer_loss(tiny, encoded)
    assert n == answer_tokens(encoded)
    assert evaluate_loss(tiny, encoded, 2) == pytest.approx(loss.item() / n, rel=1e-5)
