import dataclasses

import pytest

from dualrec.config import LoRAConfig
from dualrec.core.errors import StudyError
from dualrec.evaluation.metrics import per_user
from dualrec.llm.finetuning.lora import read_history
from dualrec.study import open_study
from dualrec.systems import lora as teaching
from dualrec.systems import roles


@pytest.fixture
def study(toy_profile, toy_folder, tmp_path):
    return open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")


def with_lora(study, **settings):
    study.profile = dataclasses.replace(
        study.profile,
        lora=LoRAConfig(rank=2, epochs=1, batch_size=8, **settings),
        llm=dataclasses.replace(study.profile.llm, titles=2),
    )
    return study


def test_training_users_give_several_positions_and_validation_users_one(study, tiny):
    data = teaching.lora_data(with_lora(study, users=6, validation_users=5, positions=3), tiny)
    assert (len(data.validation), len(data.train)) == (5, 18)
    users = data.cases.users
    assert len(set(users[:5])) == 5 and not set(users[:5]) & set(users[5:])
    assert (users[5:].reshape(6, 3) == users[5::3, None]).all()
    titles = study.catalogue.titles
    for row, example in enumerate(data.validation + data.train):
        assert example.answer.startswith(f" {titles[data.cases.targets[row]]}\n")
        assert f"- {titles[data.cases.history.sequence(row)[-1]]}\nLSTM suggests: {titles[data.hints.items[row, 0]]}\n" in example.prompt


def test_tuning_records_the_ndcg_that_the_catalogue_writer_has_on_the_validation_cases(study, tiny):
    data = teaching.lora_data(with_lora(study, users=6, validation_users=5), tiny)
    rows = range(5)
    lists, _ = roles.write_from_catalogue(study, tiny, data.cases.take(rows).history, data.hints.take(rows), 10)
    ledger = study.save("untuned", data.cases.take(rows), lists, seconds=0)
    history = read_history(teaching.tune(study, tiny, data))
    assert history[0]["ndcg"] == pytest.approx(per_user(ledger)["NDCG@10"].mean())
    assert 0 <= history[1]["ndcg"] <= 1


def test_a_quantised_adapter_is_not_trained_on_whole_weights(study, tiny):
    data = teaching.lora_data(with_lora(study, users=6, validation_users=5, quantise="4bit"), tiny)
    with pytest.raises(StudyError, match="train the adapter first with `python -m dualrec.experiments.train_lora --profile toy`"):
        teaching.tune(study, tiny, data)
