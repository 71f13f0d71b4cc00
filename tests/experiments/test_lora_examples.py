"""More LoRA data: what is recorded adds up, and every training size has as many examples as it says."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from dualrec.config import LoRAConfig
from dualrec.core import paths
from dualrec.evaluation.results import side_runs
from dualrec.evaluation.shards import Place, read_family
from dualrec.experiments import lora_examples
from dualrec.llm.local import LLM
from dualrec.study import open_study
from dualrec.systems import lora as teaching

FEW = (lora_examples.TrainingSize(0), lora_examples.TrainingSize(4), lora_examples.TrainingSize(6, 2))


@pytest.fixture
def measured(toy_profile, toy_folder, tiny, tmp_path, monkeypatch):
    """What two seeds recorded on the toy, with the examples that each training saw."""
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path / "home"))
    weights, trained = {name: value.clone() for name, value in tiny.model.state_dict().items()}, []

    def opened(profile, seed=0):
        study = open_study(toy_profile, seed, data=str(toy_folder), folder=tmp_path / f"run{seed}")
        lora = LoRAConfig(rank=2, epochs=1, batch_size=8, validation_users=5)
        asked = replace(study.profile.llm, titles=2, candidates=5, others=1)
        return replace(study, profile=replace(study.profile, lora=lora, llm=asked))

    def fresh(*_, **__):
        model = type(tiny.model)(tiny.model.config).eval()
        model.load_state_dict(weights)
        return LLM("tiny", model, tiny.tokenizer)

    def lora_data(study, llm):
        trained.append(teaching.lora_data(study, llm))
        return trained[-1]

    monkeypatch.setattr(lora_examples, "open_study", opened)
    monkeypatch.setattr(lora_examples, "load_llm", fresh)
    monkeypatch.setattr(lora_examples, "lora_data", lora_data)
    monkeypatch.setattr(lora_examples, "TRAINING_SIZES", FEW)
    return lora_examples.measure_lora_examples("toy", count=2), trained


def test_every_training_size_role_and_seed_is_measured_on_all_cases_against_the_lstm_of_its_seed_and_recorded(
    measured,
):
    found, trained = measured
    assert [len(data.train) for data in trained] == [4, 12] * 2
    assert [(row["examples"], row["role"]) for row in found["rows"]] == [
        (n, role) for n in (0, 4, 12) for role in lora_examples.LABELS
    ]
    assert [(row["examples"], row["seed"]) for row in found["training"]] == [(4, 0), (12, 0), (4, 1), (12, 1)]

    shards = read_family("toy", "lora_examples")

    def gains(arm):
        return [shards[Place(arm, "test", seed)].metrics["NDCG@10"] for seed in (0, 1)]

    lstm = gains("lstm")
    for row in found["rows"]:
        ours = gains(f"{row['examples']}-{row['role']}")
        assert len(ours[0]) == found["n"] == row["against_lstm"]["n"] == 40
        assert row["per_seed"]["NDCG@10"] == pytest.approx([gain.mean() for gain in ours])
        assert row["metrics"]["NDCG@10"]["value"] == pytest.approx(np.mean(row["per_seed"]["NDCG@10"]))
        assert row["against_lstm"]["delta"] == pytest.approx(
            np.mean([a.mean() - b.mean() for a, b in zip(ours, lstm, strict=True)])
        )

    entry = side_runs(paths.results(paths.DEFAULT_PROFILE))["toy"]["lora_examples"]
    assert (
        entry["command"] == "make lora_examples COUNT=2 PROFILE=toy"
        and entry["seeds"] == [0, 1]
        and entry["precision"] == "float32"
    )
    assert len(entry["rows"]) == 9

    shutil.rmtree(paths.shards("toy") / "lora_examples" / "12-fused")
    trained.clear()
    assert lora_examples.measure_lora_examples("toy", count=2) == found
    assert [len(data.train) for data in trained] == [12] * 2, "what another arm has learned is not asked for"


def test_the_training_sizes_of_the_study_are_there_to_be_had():
    """MovieLens-100K has as many users with events enough; the first size is the default profile's own."""
    study = open_study("laptop")
    first = lora_examples.TRAINING_SIZES[1]
    assert (study.profile.lora.users, study.profile.lora.positions) == (first.users, first.positions)
    for size in lora_examples.TRAINING_SIZES[1:]:
        config = replace(study.profile.lora, users=size.users, positions=size.positions)
        cases, held_out = teaching.lora_cases(replace(study, profile=replace(study.profile, lora=config)))
        assert len(cases) - held_out == size.examples
