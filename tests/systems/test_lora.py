import dataclasses

import pytest

from dualrec.config import LoRAConfig
from dualrec.core.errors import StudyError
from dualrec.evaluation.metrics import per_user
from dualrec.llm.finetuning.lora import read_history
from dualrec.systems.catalogue_writer import write_from_catalogue
from dualrec.systems.lora import lora_data, train_adapter


def with_lora(study, **settings):
    study.profile = dataclasses.replace(
        study.profile,
        lora=LoRAConfig(rank=2, epochs=1, batch_size=8, **settings),
        llm=dataclasses.replace(study.profile.llm, titles=2),
    )
    return study


def test_training_users_give_several_positions_and_validation_users_one(study, tiny):
    data = lora_data(with_lora(study, users=6, validation_users=5, positions=3), tiny)
    assert (len(data.validation), len(data.train)) == (5, 18)
    users = data.cases.users
    assert len(set(users[:5])) == 5 and not set(users[:5]) & set(users[5:])
    assert (users[5:].reshape(6, 3) == users[5::3, None]).all()
    titles = study.catalogue.titles
    for row, example in enumerate(data.validation + data.train):
        assert example.answer.startswith(f" {titles[data.cases.targets[row]]}\n")
        assert (
            f"- {titles[data.cases.history.sequence(row)[-1]]}\nLSTM suggests: {titles[data.hints.items[row, 0]]}\n"
            in example.prompt
        )


def test_tuning_records_the_ndcg_that_the_catalogue_writer_has_on_the_validation_cases(study, tiny):
    data = lora_data(with_lora(study, users=6, validation_users=5), tiny)
    rows = range(5)
    lists = write_from_catalogue(study, tiny, data.cases.take(rows).history, data.hints.take(rows), 10)
    ledger = study.save("untuned", data.cases.take(rows), lists, seconds=0)
    history = read_history(train_adapter(study, tiny, data))
    assert history[0]["ndcg"] == pytest.approx(per_user(ledger)["NDCG@10"].mean())
    assert 0 <= history[1]["ndcg"] <= 1


def test_a_quantised_adapter_is_not_trained_on_whole_weights(study, tiny):
    data = lora_data(with_lora(study, users=6, validation_users=5, quantise="4bit"), tiny)
    with pytest.raises(
        StudyError, match="train the adapter first with `python -m dualrec.experiments.train_lora --profile toy`"
    ):
        train_adapter(study, tiny, data)
