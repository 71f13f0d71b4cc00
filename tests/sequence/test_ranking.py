"""Lists, hints and ranks batch by batch: those of all users at once, and never more scores than a batch holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrec.sequence import ranking
from dualrec.sequence.base import hints_from_scores, mask_seen, target_ranks, top_k
from dualrec.sequence.ranking import best_hints, best_lists, in_batches, ndcg_at_10, ranks_of_targets, row_batches
from dualrec.types import Cases, Sequences

N = 11


class Few:
    """A model with few different scores, so that there are many ties; notes how many users it was handed."""

    def __init__(self):
        self.handed = []

    def scores(self, histories):
        self.handed.append(len(histories))
        scores = (np.outer(histories.users, np.arange(N + 1)) % 3).astype(np.float32)
        return mask_seen(scores, histories)


HISTORIES = st.lists(st.lists(st.integers(1, N), max_size=N + 2), min_size=1, max_size=9)


@given(HISTORIES, st.integers(1, 6), st.integers(1, N + 3))
def test_batches_of_any_size_give_what_all_users_at_once_give(sequences, size, k):
    histories = Sequences.from_lists(range(len(sequences)), sequences)
    cases = Cases(histories, np.arange(len(sequences)) % N + 1)
    scores = Few().scores(histories)
    lists, hints = top_k(scores, k), hints_from_scores(scores, k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "BATCH_BYTES", size * 4 * (N + 1))
        found, hinted = best_lists(Few(), histories, k), best_hints(Few(), histories, k)
        ranks = ranks_of_targets(Few(), cases)
    assert found.items.tobytes() == lists.items.tobytes() and found.scores.tobytes() == lists.scores.tobytes()
    assert hinted.items.tobytes() == hints.items.tobytes()
    assert hinted.probabilities.tobytes() == hints.probabilities.tobytes()
    assert ranks.tolist() == target_ranks(scores, cases.targets).tolist()


def test_a_model_is_handed_no_more_users_than_a_batch_holds(monkeypatch):
    histories = Sequences.from_lists(range(10), [[]] * 10)
    monkeypatch.setattr(ranking, "BATCH_BYTES", 4 * 4 * (N + 1) + 3)
    model = Few()
    rows = [rows for rows, scores in in_batches(model, histories) if scores.nbytes <= ranking.BATCH_BYTES]
    assert model.handed == [1, 4, 4, 2] and rows == [slice(0, 4), slice(4, 8), slice(8, 10)]
    monkeypatch.setattr(ranking, "BATCH_BYTES", 1)
    assert [rows.stop - rows.start for rows in row_batches(3, N + 1)] == [1, 1, 1], "one user at least"


@pytest.mark.parametrize("users", [0, 1])
def test_few_users_are_asked_for_once(users):
    model = Few()
    lists = best_lists(model, Sequences.from_lists(range(users), [[1]] * users), 3)
    assert model.handed == [users] and lists.items.shape == (users, 3)


def test_ndcg_by_hand():
    class Falling:
        """Item 1 first, item N last."""

        def scores(self, histories):
            return mask_seen(np.tile(np.arange(N + 1, 0, -1, dtype=np.float32), (len(histories), 1)), histories)

    cases = Cases(Sequences.from_lists(range(4), [[]] * 4), np.array([1, 2, 10, 11]))
    assert ndcg_at_10(Falling(), cases) == pytest.approx((1 + 1 / np.log2(3) + 1 / np.log2(11)) / 4)
