from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from peft.tuners.lora import Linear
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from dualrec.config import LoRAConfig
from dualrec.core.errors import StudyError
from dualrec.core.timing import spent
from dualrec.llm.finetuning import lora
from dualrec.llm.finetuning.adapted_linear import AdaptedLinear
from dualrec.llm.finetuning.examples import Example
from dualrec.llm.finetuning.lora import fine_tune, merged
from dualrec.llm.finetuning.loss import answer_loss, encode
from dualrec.llm.local import LLM

CONFIG = LoRAConfig(rank=2, alpha=4, epochs=3, batch_size=2, learning_rate=1e-2)


EXAMPLES = [Example(f"history {'long ' * i}\n1.", f" Movie {i} (199{i})\n2. Film {i}\n") for i in range(5)]


def fresh(llm: LLM, weights: dict) -> LLM:
    """The model with the given weights and no trace of an adapter."""
    model = LlamaForCausalLM(llm.model.config).eval()
    model.load_state_dict(weights)
    return LLM("tiny", model, llm.tokenizer)


def test_training_lowers_the_loss_and_resumes_to_the_same_weights(tiny, tmp_path, monkeypatch):
    start = {name: value.clone() for name, value in tiny.model.state_dict().items()}
    history = fine_tune(tiny, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path / "whole")
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    assert all(torch.equal(start[name], value) for name, value in tiny.model.state_dict().items()), (
        "the base is left as it was"
    )

    whole = load_file(tmp_path / "whole" / "adapter" / lora.ADAPTER_FILE)
    monkeypatch.setattr(lora, "CHECKPOINT_SECONDS", 0.0)  # after every step
    save = lora.save_checkpoint
    # in mid-epoch, at an epoch's last step, after an epoch, and in mid-epoch again; 3 steps make an epoch
    for dies_at in (1, 2, 4, 5):
        calls = []

        def save_then_die(*args, calls=calls, dies_at=dies_at):
            save(*args)
            calls.append(1)
            if len(calls) == dies_at:
                raise KeyboardInterrupt

        monkeypatch.setattr(lora, "save_checkpoint", save_then_die)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(fresh(tiny, start), EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path / f"cut {dies_at}")
        monkeypatch.setattr(lora, "save_checkpoint", save)
        resumed = fine_tune(fresh(tiny, start), EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path / f"cut {dies_at}")
        assert [{**row, "seconds": 0} for row in resumed] == [{**row, "seconds": 0} for row in history]
        cut = load_file(tmp_path / f"cut {dies_at}" / "adapter" / lora.ADAPTER_FILE)
        assert whole.keys() == cut.keys() and all(torch.equal(whole[name], cut[name]) for name in whole)


def test_each_process_draws_a_dropout_of_its_own_and_the_main_one_alone_writes(tiny, tmp_path, monkeypatch):
    start = {name: value.clone() for name, value in tiny.model.state_dict().items()}
    monkeypatch.setattr(lora, "CHECKPOINT_SECONDS", 0.0)
    seed, drawn = torch.manual_seed, {0: [], 1: []}
    for rank in (0, 1):
        one = SimpleNamespace(
            process_index=rank, num_processes=2, is_main_process=rank == 0, wait_for_everyone=lambda: None
        )
        monkeypatch.setattr(lora, "PartialState", lambda one=one: one)
        monkeypatch.setattr(torch, "manual_seed", lambda value, rank=rank: drawn[rank].append(value) or seed(value))
        fine_tune(fresh(tiny, start), EXAMPLES, EXAMPLES[:2], replace(CONFIG, epochs=1), 5, tmp_path / str(rank))
    assert drawn[0] == [5, *(int(np.random.SeedSequence([5, 1, step]).generate_state(1)[0]) for step in range(3))]
    assert drawn[1][0] == 5 and not set(drawn[0][1:]) & set(drawn[1][1:])  # the same adapter to begin with
    assert sorted(path.name for path in (tmp_path / "0").iterdir()) == ["adapter", "checkpoint", "history.json"]
    assert not (tmp_path / "1").exists()


def test_checkpointing_changes_no_loss_and_leaves_the_base_without_it(tiny, tmp_path):
    plain = fine_tune(tiny, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path / "plain")
    thrifty = fine_tune(tiny, EXAMPLES, EXAMPLES[:2], replace(CONFIG, checkpointing=True), 0, tmp_path / "thrifty")
    losses = [
        [loss for row in history[1:] for loss in (row["train_loss"], row["validation_loss"])]
        for history in (plain, thrifty)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert not tiny.model.is_activation_checkpointing


@pytest.mark.parametrize(("quantised", "kind"), [(False, AdaptedLinear), (True, Linear)])
def test_whole_weights_train_in_layers_of_our_own_and_quantised_ones_in_those_of_peft(tiny, quantised, kind):
    base = fresh(tiny, tiny.model.state_dict()).model
    base.is_quantized = quantised
    model, trained = lora._with_adapter(base, CONFIG, 0)
    layers = [module for module in model.modules() if isinstance(module, Linear)]
    assert len(layers) == len(trained) / 2 == 4 and {type(layer) for layer in layers} == {kind}


def test_modules_that_the_layers_do_not_have_are_named_beside_those_there_are(tiny, tmp_path):
    there = "down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj"
    config = replace(CONFIG, modules=("q_proj", "qkv_proj", "lm_head"))
    message = f"modules in .lora. names qkv_proj, lm_head, but the linear modules .* LlamaForCausalLM are {there};"
    with pytest.raises(StudyError, match=message):
        fine_tune(tiny, EXAMPLES, EXAMPLES[:2], config, 0, tmp_path)


def test_one_step_takes_the_mean_over_the_answer_tokens_of_all_its_batches(tiny, tmp_path):
    """Two batches of 2 and 3 examples, accumulated, move the adapter as one batch of 5 does."""
    config = replace(CONFIG, dropout=0.0, epochs=1)
    for name, sizes in {"one": (5, 1), "two": (3, 2)}.items():
        fine_tune(
            tiny,
            EXAMPLES,
            EXAMPLES[:2],
            replace(config, batch_size=sizes[0], accumulation=sizes[1]),
            0,
            tmp_path / name,
        )
    one, two = (load_file(tmp_path / name / "adapter" / lora.ADAPTER_FILE) for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-5, rtol=1e-3)


def test_what_a_validation_measures_joins_every_epoch_and_sees_the_tuned_model(tiny, tmp_path, spends):
    encoded = encode(tiny, EXAMPLES[:2])

    def validate() -> dict[str, float]:
        with torch.no_grad(), spent("reading"):
            loss, n = answer_loss(tiny, encoded)
        return {"again": loss.item() / n}

    with spends("tuning"):
        history = fine_tune(tiny, EXAMPLES, EXAMPLES[:2], CONFIG, 0, tmp_path, validate)
    assert [row["again"] for row in history] == pytest.approx([row["validation_loss"] for row in history])
    assert lora.read_history(tmp_path) == history


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
