"""Lists for everybody: what `rank` gives, in parts; a killed call goes on, and nothing of another question is kept."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from dualrec.core.errors import StudyError
from dualrec.core.locks import sole_user
from dualrec.data.splits import order
from dualrec.recommending import everybody
from dualrec.recommending.everybody import write_everybody
from dualrec.sequence.markov import Markov
from dualrec.systems.rank import rank
from dualrec.types import RankedLists

OWN = """
import numpy as np
from dualrec.sequence.base import mask_seen


class Constant:
    def __init__(self, catalogue):
        self.n_items = len(catalogue)

    def fit(self, train, validation):
        return self

    def scores(self, histories):
        return mask_seen(np.ones((len(histories), self.n_items + 1), np.float32), histories)
"""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(everybody, "USERS", 16)  # of forty: the last part is smaller


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lists.parquet"


def expected(study, name: str, k: int) -> pd.DataFrame:
    histories = order(study.data, study.profile.split)
    lists = rank(study, name, histories, k)
    return pd.DataFrame(
        {
            "user_id": np.repeat(study.data.user_ids[histories.users], k),
            "rank": np.tile(np.arange(1, k + 1, dtype=np.int32), len(histories)),
            "item_id": pd.array(study.catalogue.ids[lists.items].ravel(), "Int64"),
            "score": lists.scores.ravel(),
        }
    )


@pytest.mark.parametrize("name", ["popularity", "windowed_markov"])
def test_they_are_the_lists_of_the_system(study, path, name):
    write_everybody(study, name, 5, path)
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected(study, name, 5))


def test_a_model_of_ones_own(study, path, tmp_path, monkeypatch):
    (tmp_path / "constant.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    write_everybody(study, "constant:Constant", 20, path)
    lists = pd.read_parquet(path)
    items = study.catalogue.index_of(lists.item_id.dropna())
    # of thirty movies twelve are seen: eighteen are left, in the order of their numbers, and two places stay empty
    assert lists.item_id.isna().tolist() == ([False] * 18 + [True] * 2) * 40
    assert (np.diff(items.reshape(40, 18)) > 0).all()


def test_another_system_goes_through_rank(study, path, monkeypatch):
    asked = []

    def ranked(study, name, histories, k, parts):
        asked.append((name, len(histories), parts))
        return RankedLists(np.ones((len(histories), k), np.int64))

    monkeypatch.setattr(everybody, "rank", ranked)
    write_everybody(study, "llm", 2, path)
    assert [(name, n) for name, n, _ in asked] == [("llm", 16), ("llm", 16), ("llm", 8)]
    assert len({id(parts) for *_, parts in asked}) == 1, "the language model is loaded once"


def test_a_killed_call_goes_on_and_leaves_the_file_of_an_uninterrupted_one(study, path, tmp_path, monkeypatch, capsys):
    whole = tmp_path / "whole.parquet"
    write_everybody(study, "markov", 4, whole)
    scores, handed = Markov.scores, []

    def power_cut(self, histories):
        handed.append(histories.users.tolist())
        if len(handed) == 4:  # each part asks its first user for the width
            raise KeyboardInterrupt
        return scores(self, histories)

    monkeypatch.setattr(Markov, "scores", power_cut)
    with pytest.raises(KeyboardInterrupt):
        write_everybody(study, "markov", 4, path)
    assert not path.exists() and len(list((tmp_path / "lists.parquet.parts").glob("*.parquet"))) == 1
    handed.clear()
    monkeypatch.setattr(
        Markov, "scores", lambda self, histories: handed.append(len(histories)) or scores(self, histories)
    )
    capsys.readouterr()
    write_everybody(study, "markov", 4, path)
    assert handed == [1, 16, 1, 8], "the first part is not made again"
    assert path.read_bytes() == whole.read_bytes() and "40/40" in capsys.readouterr().err
    assert {file.name for file in tmp_path.glob("*.parquet*")} == {"lists.parquet", "whole.parquet"}


@pytest.mark.parametrize("change", ["k", "profile", "system"])
def test_parts_of_another_question_are_made_anew(study, path, monkeypatch, change):
    join = everybody._join
    monkeypatch.setattr(everybody, "_join", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_everybody(study, "popularity", 4, path)
    monkeypatch.setattr(everybody, "_join", join)
    k, name = 5 if change == "k" else 4, "markov" if change == "system" else "popularity"
    if change == "profile":
        study.profile = dataclasses.replace(
            study.profile, split=dataclasses.replace(study.profile.split, repeats="allow")
        )
    fitted = []
    real = everybody.fit_whole
    monkeypatch.setattr(everybody, "fit_whole", lambda *rest: fitted.append(rest) or real(*rest))
    write_everybody(study, name, k, path)
    assert len(fitted) == 1
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected(study, name, k))


def test_finished_parts_are_joined_without_a_model(study, path, monkeypatch):
    join = everybody._join
    monkeypatch.setattr(everybody, "_join", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_everybody(study, "popularity", 4, path)
    monkeypatch.setattr(everybody, "_join", join)
    monkeypatch.setattr(everybody, "fit_whole", lambda *_: pytest.fail("fitted again"))
    write_everybody(study, "popularity", 4, path)
    assert len(pd.read_parquet(path)) == 160


def test_two_processes_do_not_write_the_same_file(study, path):
    with sole_user(path.with_name("lists.parquet.parts")), pytest.raises(StudyError, match="is in use by process"):
        write_everybody(study, "popularity", 4, path)
