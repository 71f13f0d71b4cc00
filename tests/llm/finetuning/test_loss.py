import copy
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F

from dualrec.llm.finetuning import loss as answers
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.loss import IGNORE, answer_loss, answer_tokens, encode, evaluate_loss, read_below
from dualrec.llm.local import LLM
from dualrec.llm.speed.attention import GROUPED, grouped_attention

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


@pytest.mark.parametrize("adapted", [0, 1])
def test_attending_by_products_trains_the_same(tiny, monkeypatch, adapted):
    """Which a processor does in bfloat16 alone; here in float32, to compare."""
    encoded = encode(tiny, EXAMPLES)
    if adapted:
        encoded = read_below(tiny, encoded, tiny.model.config.num_hidden_layers - adapted, batch_size=2)
    found = []
    for attention in (nullcontext, grouped_attention):
        monkeypatch.setattr(answers, "_attention", attention)
        tiny.model.zero_grad()
        loss, _ = answer_loss(tiny, encoded)
        loss.backward()
        found.append(
            [loss.detach(), *(p.grad.clone() for p in tiny.model.get_decoder().layers[-1].self_attn.parameters())]
        )
    tiny.model.zero_grad()
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=1e-4)


def test_a_processor_attends_by_products_in_bfloat16_alone(tiny):
    whole, _ = answer_loss(tiny, encode(tiny, EXAMPLES))
    half = LLM("half", copy.deepcopy(tiny.model).bfloat16(), tiny.tokenizer)
    used = {}
    for name, llm in (("whole", tiny), ("half", half)):
        with answers._attention(llm.model):
            used[name] = llm.model.config._attn_implementation
    assert used == {"whole": "sdpa", "half": GROUPED}
    assert answer_loss(half, encode(half, EXAMPLES))[0].item() == pytest.approx(whole.item(), rel=2e-2)


def test_mean_loss_is_over_tokens_not_over_batches(tiny):
    encoded = encode(tiny, EXAMPLES)
    loss, n = answer_loss(tiny, encoded)
    assert n == answer_tokens(encoded)
    assert evaluate_loss(tiny, encoded, 2) == pytest.approx(loss.item() / n, rel=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_what_frozen_layers_have_read_is_not_read_again_and_changes_no_loss(tiny, layers):
    encoded = encode(tiny, EXAMPLES)
    whole, n = answer_loss(tiny, encoded)
    read = read_below(tiny, encoded, layers, batch_size=2)
    called = []
    handle = tiny.model.get_decoder().layers[layers - 1].register_forward_hook(lambda *_: called.append(1))
    try:
        loss, again = answer_loss(tiny, read)
    finally:
        handle.remove()
    assert again == n and loss.item() == pytest.approx(whole.item(), rel=1e-5) and not called
    assert len(tiny.model.get_decoder().layers) == tiny.model.config.num_hidden_layers == 2


@pytest.mark.parametrize("rows, words", [(4, 50), (7, 13), (100, 1), (100, 64)])
def test_loss_and_gradient_of_the_frozen_head_are_torchs_own(monkeypatch, rows, words):
    monkeypatch.setattr(answers, "ROWS", rows)
    monkeypatch.setattr(answers, "WORDS", words)
    torch.manual_seed(0)
    weight, targets = torch.randn(50, 6), torch.randint(0, 50, (11,))
    ours, theirs = (torch.randn(11, 6, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2))
    loss = answers._FrozenHeadLoss.apply(ours, weight, targets)
    expected = F.cross_entropy(theirs @ weight.T, targets, reduction="sum")
    (3 * loss).backward()
    (3 * expected).backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(ours.grad, theirs.grad)
