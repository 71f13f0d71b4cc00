import pytest
import torch
import torch.nn.functional as F

from dualrec.language import answers
from dualrec.language.answers import IGNORE, answer_loss, answer_tokens, encode, evaluate_loss
from dualrec.language.examples import Example

EXAMPLES = [Example(f"history {'long ' * i}\n1.", f" Movie {i} (199{i})\n2. Film {i}\n") for i in range(5)]


def test_labels_cover_the_answer_and_the_end_of_turn_only(tiny):
    (ids, labels), *_ = encode(tiny, EXAMPLES)
    answer = [label for label in labels if label != IGNORE]
    assert tiny.tokenizer.decode(answer) == EXAMPLES[0].answer + tiny.tokenizer.eos_token
    assert ids[-len(answer) :] == answer and set(labels[: -len(answer)]) == {IGNORE}


def test_answer_loss_equals_the_models_own_loss_and_ignores_padding(tiny):
    encoded = encode(tiny, EXAMPLES[:2])
    total = 0.0
    for ids, labels in encoded:  # transformers' own shifted loss, one unpadded row at a time
        out = tiny.model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels]))
        total += out.loss.item() * sum(label != IGNORE for label in labels)
    loss, n = answer_loss(tiny, encoded)
    assert n == sum(label != IGNORE for _, labels in encoded for label in labels)
    assert loss.item() == pytest.approx(total, rel=1e-5)


def test_mean_loss_is_over_tokens_not_over_batches(tiny):
    encoded = encode(tiny, EXAMPLES)
    loss, n = answer_loss(tiny, encoded)
    assert n == answer_tokens(encoded)
    assert evaluate_loss(tiny, encoded, 2) == pytest.approx(loss.item() / n, rel=1e-5)


@pytest.mark.parametrize("rows", [4, 7, 100])
def test_loss_and_gradient_of_the_frozen_head_are_torchs_own(monkeypatch, rows):
    monkeypatch.setattr(answers, "ROWS", rows)
    torch.manual_seed(0)
    weight, targets = torch.randn(50, 6), torch.randint(0, 50, (11,))
    ours, theirs = (torch.randn(11, 6, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2))
    loss = answers._FrozenHeadLoss.apply(ours, weight, targets)
    expected = F.cross_entropy(theirs @ weight.T, targets, reduction="sum")
    (3 * loss).backward()
    (3 * expected).backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(ours.grad, theirs.grad)
