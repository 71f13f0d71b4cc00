import numpy as np
import pandas as pd
import pytest

from dualrec.core.errors import StudyError
from dualrec.evaluation.rows import list_rows
from dualrec.types import RankedLists

LISTS = RankedLists(np.array([[2, 1], [3, -1]]), np.array([[0.5, 0.25], [1.0, 9.0]], np.float32))


def test_places_become_rows_with_the_ids_of_the_data():
    rows = list_rows("mine", np.array([70, 90]), LISTS, np.array([0, 10, 20, 30]))
    assert rows.user_id.tolist() == [70, 70, 90, 90] and rows["rank"].tolist() == [1, 2, 1, 2]
    assert rows.item_id.tolist() == [20, 10, 30, pd.NA] and rows.score[:3].tolist() == [0.5, 0.25, 1.0]
    assert np.isnan(rows.score[3]), "a place without an item has no score"
    assert rows.dtypes.astype(str).tolist() == ["int64", "int32", "Int64", "float32"]


def test_ids_may_be_text_and_scores_may_be_missing():
    rows = list_rows(
        "mine", np.array(["a", "b"], object), RankedLists(LISTS.items), np.array(["", "x", "y", "z"], object)
    )
    assert rows.user_id.tolist() == ["a", "a", "b", "b"] and rows.item_id[:3].tolist() == ["y", "x", "z"]
    assert rows.item_id.isna().tolist() == [False, False, False, True] and rows.score.isna().all()


@pytest.mark.parametrize("item", [0, 4, -2])
def test_an_item_that_is_not_there_is_refused(item):
    with pytest.raises(StudyError, match="system 'mine' lists items outside 1..3"):
        list_rows("mine", np.array([1]), RankedLists(np.array([[item]])), np.array([0, 10, 20, 30]))
