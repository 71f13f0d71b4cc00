import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from dualrec.language import lora
from dualrec.language.examples import Example, build_examples, earlier_split, slices
from dualrec.language.local import LLM
from dualrec.language.lora import IGNORE, answer_loss, encode, fine_tune, merged
from dualrec.profiles import LoRAConfig
from dualrec.types import Sequences

CONFIG = LoRAConfig(rank=2, alpha=4, epochs=3, batch_size=2, learning_rate=1e-2)


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


def test_training_lowers_the_loss_and_resumes_to_the_same_weights(tiny, tmp_path, monkeypatch):
    start = {name: value.clone() for name, value in tiny.model.state_dict().items()}
    history = fine_tune(tiny, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path / "whole")
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    assert all(torch.equal(start[name], value) for name, value in tiny.model.state_dict().items()), "the base is left as it was"

    save, calls = lora.save_checkpoint, []

    def save_then_die(*args):
        save(*args)
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(lora, "save_checkpoint", save_then_die)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(tiny, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path / "cut")
    fresh = LLM("tiny", LlamaForCausalLM(tiny.model.config).eval(), tiny.tokenizer)
    fresh.model.load_state_dict(start)
    resumed = fine_tune(fresh, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path / "cut")
    assert [row["validation_loss"] for row in resumed] == [row["validation_loss"] for row in history]
    whole, cut = (load_file(tmp_path / name / "adapter" / lora.ADAPTER_FILE) for name in ("whole", "cut"))
    assert whole.keys() == cut.keys() and all(torch.equal(whole[name], cut[name]) for name in whole)


def test_merged_model_computes_what_the_adapter_computes(tiny, tmp_path):
    fine_tune(tiny, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path)
    encoded = encode(tiny, EXAMPLES[:2])
    untuned = answer_loss(tiny, encoded)[0].item()
    tuned = answer_loss(merged(tiny, tmp_path), encoded)
    best = min(row["validation_loss"] for row in lora.read_history(tmp_path)[1:])
    assert tuned[0].item() / tuned[1] == pytest.approx(best, rel=1e-4)
    assert tuned[0].item() < untuned


def test_merged_weights_are_as_loaded_not_frozen(tiny, tmp_path):
    """A CPU takes gigabytes more to read prompts with frozen bfloat16 weights, and peft leaves them frozen."""
    fine_tune(tiny, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path)
    assert all(weight.requires_grad for weight in merged(tiny, tmp_path).model.parameters())


def test_slice_follows_the_earlier_history(toy_catalogue):
    train = Sequences.from_lists([1, 2], [[1, 2, 3, 4, 5, 6, 8], [8, 6, 5, 4, 3, 2, 1]])
    earlier = earlier_split(train, titles=3, min_events=3)
    held_out = slices(train, earlier.test.users, 3)
    assert held_out.tolist() == [[5, 6, 8], [3, 2, 1]]
    assert earlier.test.targets.tolist() == held_out[:, 0].tolist()
    for row in range(2):
        known = set(earlier.train.sequence(row)) | {earlier.validation.targets[row]}
        assert not known & set(held_out[row].tolist()), "the hint model has seen nothing of the slice"
        assert earlier.test.history.sequence(row).tolist() + held_out[row].tolist() == train.sequence(row).tolist()
    examples = build_examples(["p", "q"], held_out, toy_catalogue)
    assert examples[0] == Example("p", " Les Misérables (1995)\n2. unknown\n3. Star Wars (1977)\n")
